"""Value by looking ahead: every candidate step is judged by where paths from it lead, and the best step is taken.

After VisVM (Wang et al. 2024, arXiv:2412.03704), whose value model is trained to anticipate the steps after the next
one. Here that value is estimated: the mean reward of a few rollouts some steps further on. Left out: the trained value
model, which as a reward works with beam search and costs no rollouts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tts_playground.core import Budget, Path, Reward, Round, Scored, SteppedSampler, Task
from tts_playground.core.scores import scores_of
from tts_playground.errors import BadInput
from tts_playground.strategies.budget import BudgetTracker, best_first, waves
from tts_playground.typed import typed


@dataclass(frozen=True)
@typed
class Lookahead:
    """One path at a time, step by step, and another one while the budget lasts. Needs a SteppedSampler.

    Raises:
        BadInput: a setting is out of its range.
    """

    children: int = 3
    """candidates of a step, 1 or more"""
    rollouts: int = 1
    """paths that look ahead from each candidate, 1 or more"""
    steps: int = 2
    """how many steps they look ahead, 1 or more"""

    def __post_init__(self) -> None:
        if self.children < 1 or self.rollouts < 1 or self.steps < 1:
            raise BadInput("Looking ahead needs children, rollouts and steps of at least 1.")

    def of_width(self, width: int, horizon: int) -> Lookahead:
        """The same settings with ``width`` candidates, or 3 where that is fewer."""
        return replace(self, children=min(width, 3))

    def run(
        self, task: Task, sampler: SteppedSampler, reward: Reward, *, budget: Budget, seed: int = 0
    ) -> Iterator[Round]:
        """Yield a round per step; paths follow one another until the budget is spent."""
        tracker = BudgetTracker(budget, reward)
        yield from waves(tracker, lambda number: self._path(task, sampler, tracker, number, seed), "Lookahead")

    def _path(
        self, task: Task, sampler: SteppedSampler, tracker: BudgetTracker, number: int, seed: int
    ) -> Iterator[Round]:
        horizon = tracker.horizon(task, sampler)
        each = 1 + self.rollouts * self.steps
        paths, scored = tracker.start_paths(
            task,
            sampler,
            number,
            self.children,
            seed,
            lambda n: (n * horizon * each, n * horizon * self.rollouts, n) if n > 1 else (horizon, horizon, 1),
        )
        if scored:
            yield tracker.round(scored, f"path {number + 1}, finished at once")
        width, fresh = len(paths), max((path.index for path in paths), default=0) + 1
        paths = [path for path in paths if not path.done]
        while paths and (room := tracker.room(len(paths))):
            paths = paths[:room]
            if not tracker.grow(task, sampler, paths, range(len(paths))):
                return
            scored = self._valued(task, sampler, tracker, paths, fresh) if len(paths) > 1 else None
            if len(paths) == 1:  # nothing to choose from, so that nobody need look ahead
                scored = tracker.judged(task, sampler, paths)
            if scored is None:
                return
            fresh += self.rollouts * len(paths)
            place = best_first(scored)[0]
            kept: Path = paths[place]
            yield tracker.round(scored, f"path {number + 1}, step {kept.steps}, candidate {place + 1} of {len(paths)}")
            if kept.done:
                return
            paths = [kept, *(sampler.fork(kept, fresh + i) for i in range(width - 1))]
            fresh += width - 1

    def _valued(
        self, task: Task, sampler: SteppedSampler, tracker: BudgetTracker, paths: list[Path], fresh: int
    ) -> list[Scored] | None:
        """The candidates with their values; whole ones are worth what they are, and compete for the best."""
        whole = [i for i, path in enumerate(paths) if path.done]
        going = [i for i, path in enumerate(paths) if not path.done]
        ahead: list[Path] = [
            sampler.fork(paths[i], fresh + r * len(paths) + i) for r in range(self.rollouts) for i in going
        ]
        if not tracker.grow(task, sampler, ahead, range(len(ahead)), self.steps):
            return None
        if not tracker.pay(tracker.reward.unit_cost * len(ahead)):
            return None
        seen = scores_of(tracker.reward, task, sampler.peek(task, ahead)) if ahead else []
        finished = tracker.judged(task, sampler, [paths[i] for i in whole]) if whole else []
        if finished is None:
            return None
        views = sampler.peek(task, [paths[i] for i in going]) if going else []
        values = [sum(seen[place :: len(going)]) / self.rollouts for place in range(len(going))]
        found = dict(zip(whole, finished, strict=True))
        found |= {i: Scored(view, value) for i, view, value in zip(going, views, values, strict=True)}
        return [found[i] for i in range(len(paths))]
