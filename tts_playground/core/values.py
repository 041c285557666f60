"""The values of the library: costs and budgets, samples and verdicts, rounds and what is reported between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Generic, TypeVar

from tts_playground.typed import typed

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cost:
    """What was spent. The one definition of cost used by budgets, curves and figures; costs add up."""

    samples: int = 0
    """finished candidates"""
    tokens: int = 0
    """generator tokens; a token under classifier-free guidance counts twice, because it takes two forward rows; of a
    generator that denoises, evaluations of its network, guided ones twice for the same reason"""
    verifier_calls: int = 0
    """candidates looked at by a learned reward or verifier"""
    renders: int = 0
    """programs drawn by the DSL renderer, or evaluated by its mask engine"""
    seconds: float = 0.0
    """wall-clock time"""

    def __add__(self, other: Cost) -> Cost:
        return Cost(  # field by field: a search adds costs at every step
            self.samples + other.samples,
            self.tokens + other.tokens,
            self.verifier_calls + other.verifier_calls,
            self.renders + other.renders,
            self.seconds + other.seconds,
        )

    def __mul__(self, times: int) -> Cost:
        return Cost(
            self.samples * times,
            self.tokens * times,
            self.verifier_calls * times,
            self.renders * times,
            self.seconds * times,
        )

    def as_dict(self) -> dict[str, float]:
        """Plain numbers by name, for JSON."""
        return {f.name: getattr(self, f.name) for f in fields(Cost)}


@dataclass(frozen=True, slots=True)
@typed
class Budget:
    """Upper limits on a ``Cost``; ``None`` means unlimited. A strategy never spends more than its budget.

    What a model has drawn when a limit is reached is dropped: a last candidate or step may cost a little that is not
    counted (``Round.dropped``).

    ``seconds`` is a safety cap checked between steps, so it may be overshot by one step; the counted limits are exact.
    """

    samples: int | None = None
    tokens: int | None = None
    verifier_calls: int | None = None
    renders: int | None = None
    seconds: float | None = None

    def left(self, what: str, cost: Cost) -> float:
        """How much of the limit called ``what`` remains after ``cost``: a number >= 0, ``inf`` when unlimited."""
        limit = getattr(self, what)
        return float("inf") if limit is None else max(0, limit - getattr(cost, what))

    def exhausted(self, cost: Cost) -> str:
        """The name of the first limit that ``cost`` has reached, or "" while there is room in all of them."""
        return next((name for name in _LIMITS if self.left(name, cost) <= 0), "")


_LIMITS = tuple(f.name for f in fields(Budget))


@dataclass(frozen=True, slots=True)
class Sample:
    """One candidate: an image, an answer, a program or a choice.

    ``content`` is what the task is about (a ``PIL.Image``, a ``str``, a ``dsl.Program``). Sample ``index`` of a
    request with ``seed`` is the same whatever batch it was drawn in.
    """

    content: Any
    index: int
    seed: int = 0
    logprob: float | None = None
    """natural-log probability of the content under the sampling distribution, where the sampler knows it"""
    cost: Cost = field(default=Cost(samples=1))
    parent: int | None = None
    """index of the sample this one was forked, mutated or revised from"""
    info: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """anything else worth showing: raw text, tokens, reasoning steps"""


@dataclass(frozen=True, slots=True)
class Scored:
    """A sample with its reward (higher is better)."""

    sample: Sample
    reward: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verifier's opinion of one sample: ``score`` higher is better, ``passed`` None if it does not decide."""

    score: float
    passed: bool | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Progress(Generic[T]):
    """How far something long has come: the one report of draws, audits and sets of questions."""

    finished: tuple[T, ...] = ()
    """what has been finished since the last report: samples of a draw, rows of an audit, questions of a set"""
    unfinished: tuple[Any, ...] = ()
    """the others as they stand, ``Path``s for ``SteppedSampler.peek``, or views of them; empty where none are shown"""
    share: float = 0.0
    """how much of the whole is done, 0-1"""
    done: int = 0
    """whole things so far, of ``of``; 0 of 0 where nobody counts"""
    of: int = 0
    step: int = 0
    """steps that the first unfinished one has taken, of ``steps``; 0 of 0 where there are none"""
    steps: int = 0
    note: str = ""
    """one line for people"""


@dataclass(frozen=True, slots=True)
class Round:
    """One report of a strategy. UI, curves and store all consume the same stream of rounds."""

    number: int
    """0, 1, 2, ...; a report between rounds (``progress``) carries the number of the round that it leads to"""
    candidates: tuple[Scored, ...]
    """what was scored in this round, in the order in which it was drawn"""
    best: Scored | None
    """the best complete candidate of all rounds so far, None before there is one; of a strategy that votes a candidate
    of the group that leads, with the sum of the group's votes as its reward"""
    cost: Cost
    """spent since the start of the run"""
    stopped: str = ""
    """"" while running; in the last round why it ended: "done", or the name of the budget's limit that was reached"""
    note: str = ""
    """one line for people: what this round did"""
    progress: Progress[Sample] | None = None
    """how far the draw of a round in work is, in a report between rounds; None in a round"""
    dropped: Cost = field(default=Cost())
    """drawn since the start of the run and dropped, because it did not fit into the budget any more; no limit counts
    it, and ``cost`` does not hold it. Candidates that were still being written are not in it"""
