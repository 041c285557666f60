"""What samplers of solutions share: settings, what a step is, and the sample made of a solution."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from tts_playground.answers import solution_answer
from tts_playground.core import Cost, Sample
from tts_playground.samplers.sampling_limits import check_ranges
from tts_playground.typed import checked_text, typed

BREAK = "\n\n"
"""what ends a step"""
LONGEST = 1 << 16
"""tokens of a solution at most"""


@dataclass(frozen=True, slots=True)
@typed
class SolutionSettings:
    """How solutions are drawn.

    Raises:
        BadInput: a setting is out of its range.
    """

    temperature: float = 0.8
    """0.0001 to 5; 0 is greedy"""
    top_p: float = 1.0
    """keep the likeliest tokens with this probability, (0, 1]; 1 keeps all"""
    top_k: int = 0
    """keep this many likeliest tokens; 0 keeps all"""
    max_tokens: int = 512
    """a solution that gets so long is cut, 1 to 65536, or sooner where the model holds no more"""
    max_steps: int = 16
    """the last step goes on to the end of the solution, 1 to 256"""
    stop: tuple[str, ...] = ()
    """a solution ends before the first of these that it comes to, at most 8"""
    chat_template: str = ""
    """Jinja in place of the model's own template; "" is the model's own"""

    def __post_init__(self) -> None:
        more = {
            "max_tokens": (1 <= self.max_tokens <= LONGEST, f"1 to {LONGEST}"),
            "max_steps": (1 <= self.max_steps <= 256, "1 to 256"),
            "stop": (len(self.stop) <= 8 and all(self.stop), "at most 8 texts, none of them empty"),
        }
        check_ranges(self, more)
        checked_text("The chat template", self.chat_template)

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name, for JSON."""
        return asdict(self) | {"stop": list(self.stop)}

    def facts(self) -> dict[str, Any]:
        """Those that decide the distribution of whole solutions."""
        facts = self.as_dict()
        del facts["max_steps"]
        return facts


class Growing(Protocol):
    """The path of an unfinished solution, as ``solution_sample`` reads it."""

    @property
    def index(self) -> int:
        """Whose randomness comes next."""
        ...

    @property
    def seed(self) -> int:
        """Of the request."""
        ...

    @property
    def done(self) -> bool:
        """Whether it is finished."""
        ...

    @property
    def cost(self) -> Cost:
        """Spent on this path alone."""
        ...

    @property
    def parent(self) -> int | None:
        """Index of the path that it was forked from."""
        ...

    @property
    def forked_at(self) -> int:
        """Steps that came from the parent."""
        ...


def cut(text: str, stop: Sequence[str]) -> str:
    """A text up to the first of the stop strings."""
    places = [place for one in stop if (place := text.find(one)) >= 0]
    return text[: min(places)] if places else text


def step_ends(tokens: Sequence[int], decode: Callable[[Sequence[int]], str], breaking: frozenset[int]) -> Iterator[int]:
    """How many tokens there are after each step that has ended.

    Args:
        breaking: tokens with a line end in them, after which alone a step can end.
    """
    start = 0
    for place, token in enumerate(tokens):
        if token in breaking and ends_step(decode(tokens[start : place + 1])):
            start = place + 1
            yield start


def parted(
    tokens: Sequence[int], decode: Callable[[Sequence[int]], str], breaking: frozenset[int], stop: Sequence[str] = ()
) -> list[tuple[str, int]]:
    """The steps of a solution, each with the number of its tokens; what holds no words counts for the step before."""
    steps: list[tuple[str, int]] = []
    start = 0
    for end in (*step_ends(tokens, decode, breaking), len(tokens)):
        text = cut(decode(tokens[start:end]), stop).strip()
        if text:
            steps.append((text, end - start))
        elif end > start and steps:
            steps[-1] = steps[-1][0], steps[-1][1] + end - start
        start = end
    return steps


def ends_step(text: str) -> bool:
    """Whether a text that began behind a step holds a whole step."""
    body, mark, _ = text.lstrip().partition(BREAK)
    return bool(mark and body)


def answer_of(text: str, whole: bool) -> str:
    """What a solution's last ``\\boxed{}`` says; of a whole one without it what ``solution_answer`` finds; else ""."""
    return solution_answer(text) if whole or "\\boxed" in text else ""


def solution_sample(
    text: str,
    path: Growing,
    *,
    steps: Sequence[tuple[str, int]],
    logprobs: Sequence[float] | None,
    truncated: bool,
    **info: Any,
) -> Sample:
    """A solution as a sample, or what an unfinished one would be if it ended now.

    Args:
        steps: each with the number of its tokens.
        logprobs: of each token; None where nobody knows them.
    """
    said = text.strip()
    facts = {
        "answer": answer_of(said, path.done and not truncated),
        "steps": tuple(step for step, _ in steps),
        "step_tokens": tuple(count for _, count in steps),
        "truncated": truncated,
        "forked_at": path.forked_at,
        "complete": path.done,
    }
    facts |= {} if logprobs is None else {"logprobs": tuple(logprobs)}
    total = None if logprobs is None else math.fsum(logprobs)
    return Sample(said, path.index, path.seed, total, path.cost + Cost(samples=1), path.parent, facts | info)
