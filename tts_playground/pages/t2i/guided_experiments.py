"""A guided tour of the image tab: each question sets the page, asks for a guess, and shows where the answer is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tts_playground.pages.t2i import tour_answers as answers
from tts_playground.pages.t2i.tour_answers import Evidence
from tts_playground.pages.t2i.view_settings import T2iView, guidance
from tts_playground.pages.tour import TourCard, cards


@dataclass(frozen=True, slots=True)
class Stop:
    """One question."""

    key: str
    title: str
    """on its button"""
    question: str
    guesses: tuple[str, ...]
    """what one may predict"""
    answer: Callable[[Evidence], str]
    """what is to be seen, with the numbers of what is on the page"""
    where: str
    """elem_id of the figure that shows it"""
    action: str = "draw"
    """"draw", "several" prompts, "sweep", or "nothing" where the person acts"""
    section: str = ""
    """which section opens"""
    changes: Mapping[str, Any] = field(default_factory=dict)
    """settings that differ from the fresh page's"""

    def view(self, now: T2iView) -> T2iView:
        """The page's view with this question's settings; the prompt, the model and the rewards stay."""
        usual = {"temperature": 1.0, "cfg": guidance(now.model), "top_p": 1.0, "top_k": 0}
        return replace(now, **usual | dict(self.changes))


STOPS = (
    Stop(
        "one-token",
        "1.1 One token",
        "Every patch is drawn given all patches before it. Where does the model hesitate most?",
        ("at the first token", "where a thing begins", "on the ground"),
        answers.hesitation,
        "t2i-watch",
        section="watch",
    ),
    Stop(
        "more",
        "1.2 More images",
        "Each tick doubles the number of images. Does every doubling add as much as the one before?",
        ("as much", "less each time", "it depends on the prompt"),
        answers.doublings,
        "t2i-several-curve",
        action="several",
        section="several",
        changes={"n": 32},
    ),
    Stop(
        "temperature",
        "1.3 Temperature",
        "A high temperature spreads the images and spoils single draws. At which one does choosing add most?",
        ("T = 0.0001", "T = 0.7", "T = 1", "T = 1.3", "T = 1.5"),
        answers.temperature,
        "t2i-sweep-map",
        action="sweep",
        section="sweep",
    ),
    Stop(
        "greedy",
        "1.3 T = 0.0001",
        "At almost no temperature every step takes the likeliest token: greedy decoding. How many different images do"
        " sixteen draws give?",
        ("one", "about four", "sixteen"),
        answers.greedy,
        "t2i-gallery",
        changes={"n": 16, "temperature": 0.0001},
    ),
    Stop(
        "no-guidance",
        "CFG = 1",
        "Without guidance the prompt counts for less, and an image costs half the tokens. Is one draw better or worse?",
        ("better", "worse", "the same"),
        answers.guidance_change,
        "t2i-curve",
        changes={"n": 16, "cfg": 1.0},
    ),
    Stop(
        "too-much",
        "CFG = 100",
        "Now what the prompt changes is multiplied by 100. Do the images follow the prompt better?",
        ("better", "worse", "the same"),
        answers.guidance_change,
        "t2i-gallery",
        changes={"n": 16, "cfg": 100.0},
    ),
    Stop(
        "rewards",
        "1.4 Two rewards",
        "The first reward picks, the second had no say. With more images to pick from, what does the second one say of"
        " the pick?",
        ("it rises too", "nothing clear", "it falls"),
        answers.second_reward,
        "t2i-over",
        section="pair",
        changes={"n": 32},
    ),
    Stop(
        "beyond",
        "1.5 Beyond",
        "These searches look at unfinished images and move tokens to where they promise more. Press “Compare”. Does one"
        " beat best-of-N with as many tokens?",
        ("yes, clearly", "no", "too close to tell"),
        answers.beyond,
        "t2i-compare-figure",
        action="nothing",
        section="beyond",
    ),
    Stop(
        "rl",
        "1.6 TTS and RL",
        "Best-of-N is a policy of its own, a little away from the model. Training writes that shift into the weights."
        " Can either find what no draw of many contains?",
        ("yes", "no"),
        answers.reach,
        "t2i-curve",
        changes={"n": 32},
    ),
)


def tour_cards() -> dict[str, TourCard]:
    """The questions as cards, by key."""
    return cards("t2i", [(stop.key, stop.title, stop.question, stop.guesses, stop.where) for stop in STOPS])


def named(key: object) -> Stop | None:
    """The question of a key that a page sent."""
    return next((stop for stop in STOPS if stop.key == key), None)
