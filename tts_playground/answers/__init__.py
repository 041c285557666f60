"""Short answers as text: taking them out of a reply, bringing them to one form, and comparing them with the truth."""

from tts_playground.answers.forms import agree, canonical, groups
from tts_playground.answers.measures import MEASURES, anls, contains, distance, exact
from tts_playground.answers.reply import final_answer, solution_answer, steps_of

__all__ = [
    "MEASURES",
    "agree",
    "anls",
    "canonical",
    "contains",
    "distance",
    "exact",
    "final_answer",
    "groups",
    "solution_answer",
    "steps_of",
]
