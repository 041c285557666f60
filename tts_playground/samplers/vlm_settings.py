"""What samplers of answers share: settings, the path of an unfinished reply, and the sample made of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from tts_playground.answers import final_answer, steps_of
from tts_playground.core import Cost, Sample
from tts_playground.samplers.sampling_limits import check_ranges
from tts_playground.typed import checked_text, typed


@dataclass(frozen=True, slots=True)
@typed
class AnswerSettings:
    """How replies are drawn.

    Raises:
        BadInput: a setting is out of its range.
    """

    temperature: float = 0.8
    """0.0001 to 5; 0 is greedy"""
    top_p: float = 1.0
    """keep the likeliest tokens with this probability, (0, 1]; 1 keeps all"""
    top_k: int = 0
    """keep this many likeliest tokens; 0 keeps all"""
    most_tokens: int = 96
    """a reply that gets so long is cut, 1 to 4096"""
    step: Literal["line", "paragraph"] = "line"
    """where a reasoning step ends: at a line's end or at a blank line; matters to searches only"""
    most_steps: int = 16
    """the last step goes on to the end of the reply, 1 to 64"""
    template: str = "{question}"
    """what is said to the model; {question} stands for the question"""

    def __post_init__(self) -> None:
        more = {
            "most_tokens": (1 <= self.most_tokens <= 4096, "1 to 4096"),
            "step": (self.step in ("line", "paragraph"), "line or paragraph"),
            "most_steps": (1 <= self.most_steps <= 64, "1 to 64"),
            "template": ("{question}" in self.template, "a text with {question} in it"),
        }
        check_ranges(self, more)
        checked_text("The template", self.template)

    def prompt(self, question: str) -> str:
        """What is said to the model."""
        return self.template.replace("{question}", question)

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name, for JSON."""
        return asdict(self)

    def facts(self) -> dict[str, Any]:
        """Those that decide the distribution of whole replies."""
        facts = self.as_dict()
        del facts["step"], facts["most_steps"]
        return facts


@dataclass(frozen=True, slots=True)
class AnswerPath:
    """An unfinished reply. Immutable, so freely shared."""

    index: int
    seed: int
    tokens: tuple[int, ...] = ()
    logprobs: tuple[float, ...] = ()
    """of each token under the distribution it was drawn from"""
    plain: tuple[float, ...] = ()
    """of each token at temperature 1 without truncation"""
    ends: tuple[int, ...] = ()
    """how many tokens there were after each step"""
    done: bool = False
    cost: Cost = field(default=Cost())
    parent: int | None = None
    forked_at: int = 0
    """steps that came from the parent"""
    pieces: tuple[Any, ...] = field(default=(), repr=False, compare=False)

    @property
    def steps(self) -> int:
        """Reasoning steps taken."""
        return len(self.ends)


def revising(settings: AnswerSettings, attempt: Sample, verdict: str) -> AnswerSettings:
    """The settings with a template that shows an earlier attempt and what was said of it."""
    told = f"An earlier reply was:\n{attempt.content}\n\nOf that reply it was said: {verdict}\nNow give a better one."
    return replace(settings, template=f"{settings.template}\n\n{told}")


def answer_sample(
    text: str, path: AnswerPath, *, finished: bool, tokens: Sequence[int] | None = None, **info: Any
) -> Sample:
    """A reply as a sample: its content is the whole text, its info has the short answer and the steps."""
    facts = {
        "answer": final_answer(text),
        "lines": list(steps_of(text)),
        "tokens": list(path.tokens if tokens is None else tokens),
        "model_logprob": math.fsum(path.plain),
        "logprobs": list(path.logprobs),
        "steps": path.steps,
        "forked_at": path.forked_at,
        "complete": path.done,
        "finished": finished,
    }
    cost = path.cost + Cost(samples=1)
    return Sample(text, path.index, path.seed, math.fsum(path.logprobs), cost, path.parent, facts | info)
