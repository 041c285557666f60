"""Who is audited: the two things a chooser may be able to do, and what it is asked.

A chooser that knows the probability of a reply is an ``ExactChooser``; one that only writes replies (a model behind an
endpoint) is a ``ReplyChooser``. Models and scripted choosers are both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from PIL import Image

from tts_playground.auditing.statistics import Floats
from tts_playground.worlds.choices import ChoiceScene

LARGE = "llava-hf/llava-1.5-7b-hf"
"""the model of the proof of concept"""


@dataclass(frozen=True, eq=False)
class ChoiceQuestion:
    """A picture, what is asked, and the replies whose probability matters."""

    view: Callable[[], Image.Image]
    """draws or opens the picture; not called by choosers that do not look"""
    prompt: str
    options: tuple[str, ...]
    """replies, e.g. "0" to "9", or "7 R" """
    scene: ChoiceScene | None = None
    """what is in the picture; for scripted choosers, which do not look"""

    @property
    def image(self) -> Image.Image:
        """The picture."""
        return self.view()

    @property
    def stream(self) -> tuple[int | str, ...]:
        """Names the randomness of its replies: the prompt, and the scene where there is one."""
        scene = self.scene
        return (self.prompt, *((scene.seed, scene.index, scene.condition, *scene.digits) if scene else ("no scene",)))


@runtime_checkable
class Chooser(Protocol):
    """Something that answers questions about pictures."""

    def fingerprint(self) -> Mapping[str, Any]:
        """JSON-able facts that decide its answers."""
        ...


@runtime_checkable
class ExactChooser(Chooser, Protocol):
    """A chooser that tells the probability of each reply."""

    def chances(self, questions: Sequence[ChoiceQuestion], temperature: float = 1.0) -> Floats:
        """[questions, options] probability that the reply begins with each option; all questions have equally many.

        Rows sum to at most 1: the rest goes to other replies.
        """
        ...


@runtime_checkable
class ReplyChooser(Chooser, Protocol):
    """A chooser that writes replies, from which an option is read."""

    def replies(
        self, question: ChoiceQuestion, n: int, *, seed: int = 0, temperature: float = 1.0, longest: int = 8
    ) -> list[str]:
        """``n`` independent replies of at most ``longest`` tokens; reply i depends on (question, seed, i) alone."""
        ...
