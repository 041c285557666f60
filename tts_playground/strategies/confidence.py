"""Confidence: answers whose weakest stretch of tokens was drawn with confidence count, and hopeless ones are stopped.

DeepConf (Fu et al. 2025, arXiv:2508.15260): a trace is as confident as the least confident window of its tokens; the
most confident share of the traces votes, each by its confidence. Online, warm-up traces set a threshold, later traces
stop where they fall below it, and drawing ends when the vote agrees. A window's confidence is the geometric mean of the
probabilities of the drawn tokens (``info["logprobs"]``), 0 to 1. Left out: their mean over the 20 likeliest tokens,
which few samplers keep. The reward of a run is not asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import exp

from tts_playground.core import Budget, Cost, Path, Reward, Round, Sample, Sampler, Scored, SteppedSampler, Task
from tts_playground.errors import BadInput, CannotDo
from tts_playground.strategies.budget import BudgetTracker
from tts_playground.strategies.thrift import drawn as drawn_of
from tts_playground.strategies.voting import Ballot
from tts_playground.typed import typed


@dataclass(frozen=True, slots=True)
class GroupConfidence:
    """The least mean probability of a window of tokens, as a reward that costs nothing."""

    window: int
    """tokens, 1 or more"""
    name = "confidence"
    revision = "1"
    unit_cost = Cost()

    def score(self, task: Task, samples: Sequence[Sample]) -> list[float]:
        """One number 0-1 per sample; 1 of one without tokens.

        Raises:
            CannotDo: a sample carries no log-probabilities.
        """
        return [self._least(sample) for sample in samples]

    def _least(self, sample: Sample) -> float:
        logprobs = sample.info.get("logprobs")
        if logprobs is None:
            raise CannotDo("These candidates came without log-probabilities of their tokens; choose another strategy.")
        if not logprobs:
            return 1.0
        size = min(self.window, len(logprobs))
        total = least = float(sum(logprobs[:size]))
        for place in range(size, len(logprobs)):
            total += logprobs[place] - logprobs[place - size]
            least = min(least, total)
        return exp(min(0.0, least / size))


@dataclass(frozen=True)
@typed
class Confidence:
    """Draw traces, keep the confident ones, vote. Online where the sampler is a SteppedSampler, else offline.

    Raises:
        BadInput: a setting is out of its range.
    """

    n: int | None = None
    """most traces, 1 or more; None leaves it to the budget"""
    keep: float = 0.5
    """share of the traces, the most confident, that votes, and that the threshold lets through, above 0 to 1"""
    window: int = 8
    """tokens in a window, 1 or more (2048 in the paper, whose traces are that long)"""
    warmup: int = 4
    """traces that are drawn whole and set the threshold, 1 or more"""
    consensus: float = 0.95
    """share of the votes at which drawing ends, above 0.5 to 1; not before the warm-up is over"""
    online: bool = True
    """whether traces are stopped on their way"""
    batch: int = 4
    """traces drawn side by side, 1 or more"""

    def __post_init__(self) -> None:
        least = min(self.window, self.warmup, self.batch, 1 if self.n is None else self.n)
        if least < 1 or not 0 < self.keep <= 1 or not 0.5 < self.consensus <= 1:
            raise BadInput(
                "Confidence needs n, window, warmup and batch of at least 1, a keep above 0 to 1 and a consensus above"
                " 0.5 to 1."
            )

    def of_width(self, width: int, horizon: int) -> Confidence:
        """The same settings with at most ``width`` whole traces."""
        return replace(self, n=width, warmup=max(1, min(self.warmup, width // 2)))

    def run(self, task: Task, sampler: Sampler, reward: Reward, *, budget: Budget, seed: int = 0) -> Iterator[Round]:
        """Yield a round per batch of traces, or per step of one online; the vote is taken anew in each.

        Raises:
            BadInput: neither ``n`` nor the budget has a limit. CannotDo: there are no log-probabilities.
        """
        if self.n is None and budget == Budget():
            raise BadInput("Confidence might never end: give it an n, or a budget with a limit.")
        ballot = _Confident(task, self.keep)
        tracker = BudgetTracker(budget, GroupConfidence(self.window), ballot)
        drawn = 0
        while self.n is None or drawn < self.n:
            agreed = len(ballot.cast) >= self.warmup and ballot.share >= self.consensus
            wanted = min(self.batch, self.warmup - drawn if drawn < self.warmup else self.batch)
            room = 0 if agreed else tracker.room(wanted if self.n is None else min(wanted, self.n - drawn))
            if not room:
                break
            if self.online and isinstance(sampler, SteppedSampler) and drawn >= self.warmup:
                yield from self._stopping(task, sampler, tracker, ballot, drawn, room, seed)
            else:
                scored = tracker.score(task, drawn_of(tracker, task, sampler, range(drawn, drawn + room), seed))
                yield tracker.round(scored, f"traces {drawn + 1} to {drawn + room}")
            drawn += room
        note = f"{len(ballot.cast)} whole traces; the leader has {ballot.share:.0%} of the votes"
        yield tracker.round((), note, tracker.stopped or "done")

    def _stopping(
        self,
        task: Task,
        sampler: SteppedSampler,
        tracker: BudgetTracker,
        ballot: _Confident,
        first: int,
        count: int,
        seed: int,
    ) -> Iterator[Round]:
        """Traces step by step; who falls below the threshold of the warm-up is not drawn any further."""
        least = threshold([one.reward for one in ballot.cast[: self.warmup]], self.keep)
        paths: list[Path] = sampler.start(task, range(first, first + count), seed=seed)
        paths = [path for path in paths if not path.done]
        stopped = 0
        while paths and (room := tracker.room(len(paths))):
            paths = paths[:room]
            scored = tracker.advance(task, sampler, paths, range(len(paths)))
            if scored is None:
                return
            going = [path for path, one in zip(paths, scored, strict=True) if not path.done and one.reward >= least]
            stopped += sum(not path.done for path in paths) - len(going)
            yield tracker.round(scored, f"traces {first + 1} to {first + count}: {stopped} stopped below {least:.2f}")
            paths = going


class _Confident(Ballot):
    """A vote of the most confident share of the traces, each by its confidence."""

    def __init__(self, task: Task, keep: float) -> None:
        super().__init__(task, "weighted")
        self.keep = keep

    def weight(self, ones: Sequence[Scored]) -> float:
        """Confidences of those that may vote."""
        least = threshold([one.reward for one in self.cast], self.keep)
        return float(sum(one.reward for one in ones if one.reward >= least))

    @property
    def share(self) -> float:
        """The leading group's share of all votes, 0-1; 0 before there are any."""
        weights = [self.weight(ones) for ones in self.votes().values()] if self.cast else []
        return max(weights) / sum(weights) if sum(weights) else 0.0


def threshold(confidences: Sequence[float], keep: float) -> float:
    """The least confidence among the most confident ``keep`` of them; one of them at least is kept."""
    ranked = sorted(confidences, reverse=True)
    return ranked[max(1, round(keep * len(ranked))) - 1] if ranked else 0.0
