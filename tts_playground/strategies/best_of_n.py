"""Best-of-N: draw independent candidates, keep the one with the highest reward."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, replace

from tts_playground.core import Budget, Cost, Reward, Round, Sample, Sampler, Task
from tts_playground.errors import BadInput
from tts_playground.strategies.budget import FOR_NOTHING, FREE_WAVES, BudgetTracker
from tts_playground.strategies.thrift import drawn, groups
from tts_playground.streams import InOrder, reports
from tts_playground.typed import typed


@dataclass(frozen=True)
@typed
class BestOfN:
    """Draw until the budget is spent, or ``n`` candidates are there.

    Raises:
        BadInput: ``n`` or ``batch`` is below 1.
    """

    n: int | None = None
    """candidates, 1 or more; None leaves it to the budget's samples"""
    batch: int = 4
    """candidates drawn and scored together, and reported in one round; 1 or more"""
    reports: bool = False
    """whether what a draw reports between two of its steps is handed on, in rounds with ``progress``"""

    def __post_init__(self) -> None:
        if (self.n is not None and self.n < 1) or self.batch < 1:
            raise BadInput("Best-of-N needs n and batch of at least 1.")

    def run(self, task: Task, sampler: Sampler, reward: Reward, *, budget: Budget, seed: int = 0) -> Iterator[Round]:
        """Yield one round per batch; candidate i is the sampler's sample (seed, i).

        Raises:
            BadInput: neither ``n`` nor the budget has a limit.
        """
        if self.n is None and budget == Budget():
            raise BadInput("Best-of-N would never end: give it an n, or a budget with a limit.")
        tracker = BudgetTracker(budget, reward)
        drawn = free = 0
        while True:
            wanted = self.batch if self.n is None else min(self.batch, self.n - drawn)
            if wanted == 0 and not tracker.stopped:
                yield tracker.round((), "all drawn", stopped="done")
                return
            room = tracker.room(wanted) if free < FREE_WAVES else 0
            if room == 0:
                note = "the budget is spent" if tracker.stopped else FOR_NOTHING
                yield tracker.round((), note, stopped=tracker.stopped or "done")
                return
            before = tracker.counted
            samples = yield from self._drawn(tracker, task, sampler, range(drawn, drawn + room), seed)
            scored = tracker.score(task, samples)
            drawn += room
            if self.n is None and budget.seconds is None:  # what costs nothing of the budget would be drawn for ever
                free = free + 1 if before == tracker.counted else 0
            if len(scored) < room and not tracker.stopped:  # it may have been the time
                tracker.stopped = budget.exhausted(tracker.cost)
            if scored:
                yield tracker.round(scored, f"candidates {drawn - room + 1} to {drawn}")

    def _drawn(
        self, tracker: BudgetTracker, task: Task, sampler: Sampler, indices: range, seed: int
    ) -> Generator[Round, None, Iterable[Sample]]:
        """The samples of one batch; lazily where nobody wants reports, so that a spent budget ends the draw."""
        if not self.reports:
            return drawn(tracker, task, sampler, indices, seed)
        whole: list[Sample] = []
        waiting = InOrder(indices)
        spent, of = Cost(), self.n or tracker.budget.samples or 0
        for group in groups(tracker, indices, lambda: sum(one.cost.tokens for one in whole)):
            for report in reports(sampler, task, group, seed=seed):
                for sample in waiting.put(report.finished):
                    whole.append(sample)
                    spent = spent + sample.cost + tracker.reward.unit_cost
                    tracker.prices.append(sample.cost.tokens)
                share = (group.start + report.share * len(group)) / of if of else report.share
                done = indices.start + waiting.count
                yield tracker.between(report if report.of else replace(report, share=share, done=done, of=of))
                if tracker.breaks(spent):
                    return whole
        return whole
