"""Search over paths: unfinished candidates are noised again, denoised further, and the most promising are kept.

Ma et al. 2025 (arXiv:2501.09732), section 3.1: from some noise level on, each of a few candidates is taken back by
fresh noise several times and brought further than it stood; what it is predicted to become decides which go on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tts_playground.core import Budget, NoiseSampler, Path, Reward, Round, Task
from tts_playground.errors import BadInput
from tts_playground.strategies.budget import BudgetTracker, Plan, best_first, checkpoints, waves
from tts_playground.typed import typed


@dataclass(frozen=True)
@typed
class PathSearch:
    """Populations of candidates, one after another while the budget lasts. Needs a NoiseSampler.

    Raises:
        BadInput: a setting is out of its range.
    """

    width: int = 2
    """candidates that are kept, 1 or more"""
    copies: int = 2
    """of each candidate, noised again by noise of its own; 1 or more"""
    first: float = 0.4
    """share of the way after which candidates are noised again, above 0 and below 1"""
    back: int = 1
    """steps that they are taken back, 1 or more"""
    ahead: int = 1
    """steps that they come further than they stood, 1 or more"""

    def __post_init__(self) -> None:
        if self.width < 1 or self.copies < 1 or self.back < 1 or self.ahead < 1 or not 0 < self.first < 1:
            raise BadInput(
                "Search over paths needs width, copies, back and ahead of at least 1, and a first look above 0 and "
                "below 1."
            )

    def of_width(self, width: int, horizon: int) -> PathSearch:
        """The same settings with ``width`` candidates kept."""
        return replace(self, width=width)

    def run(
        self, task: Task, sampler: NoiseSampler, reward: Reward, *, budget: Budget, seed: int = 0
    ) -> Iterator[Round]:
        """Yield a round per look at a population; populations follow one another until the budget is spent."""
        tracker = BudgetTracker(budget, reward)
        yield from waves(tracker, lambda number: self._population(task, sampler, tracker, number, seed), "PathSearch")

    def _population(
        self, task: Task, sampler: NoiseSampler, tracker: BudgetTracker, number: int, seed: int
    ) -> Iterator[Round]:
        horizon = sampler.horizon(task)
        first = max(checkpoints([self.first], horizon)[0], min(self.back + 1, horizon))
        paths, scored = tracker.start_paths(task, sampler, number, self.width, seed, self._plan(first, horizon))
        if scored or not paths:
            if scored:
                yield tracker.round(scored, f"population {number + 1}, finished at once")
            return
        fresh = max(path.index for path in paths) + 1
        if not tracker.grow(task, sampler, paths, range(len(paths)), first):
            return
        while not all(path.done for path in paths):
            copies, far = self._copies(sampler, tracker, paths, fresh, horizon)
            fresh += len(copies)
            if not copies:
                return
            seen = tracker.advance(task, sampler, copies, range(len(copies)), far)
            if seen is None:
                return
            kept = sorted(best_first(seen)[: self.width])
            paths = [copies[i] for i in kept]
            yield tracker.round(seen, f"population {number + 1}, step {paths[0].steps}: {len(kept)} of {len(copies)}")
        if not tracker.longest:  # whole at the first look
            seen = tracker.judged(task, sampler, paths)
            if seen:
                yield tracker.round(seen, f"population {number + 1}, whole")

    def _plan(self, first: int, horizon: int) -> Plan:
        """What so many candidates come to with all of their copies."""
        looks = -(-(horizon - first) // self.ahead)
        far = self.back + self.ahead
        return lambda n: (n * (first + looks * self.copies * far), n * self.copies * max(1, looks), n * self.copies)

    def _copies(
        self, sampler: NoiseSampler, tracker: BudgetTracker, paths: list[Path], fresh: int, horizon: int
    ) -> tuple[list[Path], int]:
        """Copies of each path under noise of their own, as many as can be paid for, and how far they go then."""
        here = paths[0].steps
        if here <= self.back:  # too short to be taken back
            return list(paths), self.ahead
        far = self.back + self.ahead
        whole = here + self.ahead >= horizon
        plan: Plan = lambda n: (n * far, n, n if whole else 0)  # noqa: E731 - as ``to_the_end`` makes one
        count, over = tracker.fit(len(paths) * self.copies, plan)
        tracker.stopped = tracker.stopped or over
        wanted = [path for _ in range(self.copies) for path in paths][:count]
        return [sampler.renoised(path, self.back, fresh + i) for i, path in enumerate(wanted)], far
