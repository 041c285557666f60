"""Which words of a prompt a model will ignore, and which ones the embedded one knows."""

from __future__ import annotations

import html
from collections.abc import Sequence

from tts_playground.errors import BadInput, PlaygroundError
from tts_playground.pages.never_met import note as remark
from tts_playground.pages.never_met import strange_signs
from tts_playground.pages.t2i.render import shortened
from tts_playground.pages.t2i.view_settings import EMBEDDED
from tts_playground.rewards.verdict import VerdictReward
from tts_playground.tasks.image_rewards import reward_named, rewards_here
from tts_playground.worlds.vocabulary import BACKGROUNDS, NAMES, NUMBERS, RELATIONS, TINTS

SIGNS = ".,;:!?'\"()-&/’“”"
"""what a prompt may hold besides words, numbers and spaces, and lose nothing"""


def note(words: Sequence[str], model: str, prompt: str = "") -> str:
    """A sentence about the words and signs that the model does not know, and the words that the embedded one does."""
    signs = strange_signs(prompt, SIGNS) if model == EMBEDDED else []
    told = [*words, *signs]
    if not told:
        return ""
    quoted = ", ".join(f"“{shortened(one, 30)}”" for one in told[:8])
    more = " and others" if len(told) > 8 else ""
    what = "words and signs" if words and signs else "signs" if signs else "words"
    text = f"It will ignore these {what}: {quoted}{more}." if len(told) > 1 else f"It will ignore {quoted}."
    if model != EMBEDDED:
        return remark(text)
    told = f"<summary>{html.escape(text)} Words it knows</summary><p>{_KNOWN}.</p>"
    return f'<div class="note"><details>{told}</details></div>'


def unchecked(prompt: str, model: str) -> str:
    """Why the GenEval-style check cannot read a prompt of the sticker world; "" where it can, or is not here."""
    if model != EMBEDDED or not prompt.strip() or "geneval" not in rewards_here():
        return ""
    from tts_playground.verifiers.geneval import GenEval

    judge = reward_named("geneval")
    if not isinstance(judge, VerdictReward) or not isinstance(judge.verifier, GenEval):
        return ""
    try:
        judge.verifier.request(prompt)
    except BadInput as error:
        why = (str(error).partition(": ")[2] or str(error)).partition("; ")[0].rstrip(".") + "."
        return remark(f"No GenEval-style check of these images: {why}")
    except PlaygroundError:  # the check is not here after all
        return ""
    return ""


_KNOWN = ". ".join(
    f"{kind}: {', '.join(words)}"
    for kind, words in (
        ("Things", NAMES),
        ("Colours", tuple(TINTS)),
        ("Places", tuple(RELATIONS)),
        ("Numbers", tuple(NUMBERS.values())),
        ("Backgrounds", tuple(BACKGROUNDS)),
    )
)
"""what tiny:janus was taught"""
