"""What a page asks for, as one frozen value: bent into range, never trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from typing import Any
from urllib.parse import urlencode

from PIL import Image

from tts_playground.models import loading
from tts_playground.pages.coerce import number
from tts_playground.pages.menu import Menu, permitted
from tts_playground.samplers.vlm_settings import AnswerSettings
from tts_playground.tasks.vqa import LONGEST_QUESTION
from tts_playground.tasks.vqa_data import SHIPPED
from tts_playground.tasks.vqa_replies import longest_reply, template_for

EMBEDDED = "tiny:vlm"
LIMITS: dict[str, tuple[float, float]] = {
    "n": (1, 64),
    "temperature": (0, 5),
    "top_p": (0.01, 1),
    "top_k": (0, 1000),
    "seed": (0, 2**31 - 1),
    "most_tokens": (0, 2048),
}
"""lowest and highest value of every number; what strangers may ask of a shared machine"""
MENU = Menu("vlm", EMBEDDED, "TTS_PLAYGROUND_VLM_MODEL", "vqa")
SHOWN = 10
"""examples on the page"""


@dataclass(frozen=True, slots=True)
class VqaView:
    """Everything that decides what a page shows, but for the picture."""

    question: str = ""
    truth: str = ""
    """accepted answers, separated by |; empty where the truth is not known"""
    n: int = 16
    temperature: float = 0.8
    top_p: float = 1.0
    top_k: int = 0
    seed: int = 0
    model: str = EMBEDDED
    blank: bool = False
    most_tokens: int = 0
    """a reply that gets so long is cut; 0 is the model's own length (``tasks.vqa.longest_reply``)"""

    @property
    def settings(self) -> AnswerSettings:
        """How replies are drawn."""
        longest = longest_reply(self.model, self.most_tokens or None)
        look = self.model in (*permitted(), loading.default_name("vlm"))
        template = template_for(self.model, look=look)
        return AnswerSettings(self.temperature, self.top_p, self.top_k, longest, template=template)

    @property
    def truths(self) -> list[str]:
        """The accepted answers."""
        return [part.strip() for part in self.truth.split("|") if part.strip()]


ORDER = tuple(field.name for field in fields(VqaView))
"""the fields in the order in which components stand"""
DRAWN_WITH = ("model", "temperature", "top_p", "top_k", "seed", "blank")
"""the fields on which answers to any question depend"""


@dataclass(frozen=True)
class Example:
    """A picture with a question whose answer is known."""

    picture: Image.Image
    question: str
    answer: str


@cache
def examples() -> tuple[Example, ...]:
    """Some of infographics-eval, one of each kind of question; first one that tiny:vlm gets right now and then."""
    from tts_playground.worlds.charts import draw
    from tts_playground.worlds.figure_eval import cases
    from tts_playground.worlds.wording import LOWEST, TEMPLATES

    chosen, seen = [], set()
    for case in cases():
        if case.question.kind not in seen:
            seen.add(case.question.kind)
            chosen.append(Example(draw(case.figure), case.question.text, case.question.answer))
    return tuple(sorted(chosen[:SHOWN], key=lambda one: one.question not in TEMPLATES[LOWEST]))


def sets(local: bool = False) -> list[str]:
    """The sets of questions: the one that ships, and the course's, which is downloaded."""
    return [SHIPPED, *(name for name in ("infovqa",) if local or name in permitted())]


def default_view() -> VqaView:
    """What a fresh page opens with on this machine."""
    first = examples()[0]
    return VqaView(first.question, first.answer, model=loading.default_name("vlm"))


def view_of(*values: Any) -> VqaView:
    """A view from component values in ``ORDER``; what a browser left empty or bent is put right."""
    return coerce_view(dict(zip(ORDER, values, strict=True)))


def values_of(view: VqaView) -> tuple[Any, ...]:
    """The values in ``ORDER``, for the components."""
    return tuple(getattr(view, name) for name in ORDER)


def coerce_view(given: Mapping[str, Any]) -> VqaView:
    """A view from names and values, of a page or a link: every value is put into its range."""
    base = default_view()
    return replace(base, **{n: _fit(n, value, getattr(base, n)) for n, value in given.items() if n in ORDER})


def to_query(view: VqaView) -> str:
    """The query string of a link that brings this view back."""
    return urlencode({"tab": "vqa", **asdict(view)}, errors="replace")


def _fit(name: str, value: Any, default: Any) -> Any:
    if name in ("question", "truth"):
        return str(value or "")[: LONGEST_QUESTION + 1]
    if name == "model":
        return str(value).strip()[:300] if value else default
    if name == "blank":
        return value is True or str(value).lower() == "true"
    return number(value, default, *LIMITS[name])
