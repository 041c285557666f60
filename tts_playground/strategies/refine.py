"""Refine: start from a few independent candidates, then walk from the best to better neighbours (hill climbing)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from tts_playground.core import Budget, Neighbourhood, Reward, Round, Scored, Task
from tts_playground.errors import BadInput
from tts_playground.strategies.budget import BudgetTracker
from tts_playground.typed import typed


@dataclass(frozen=True)
@typed
class Refine:
    """First-improvement local search on any task whose sampler is also a Neighbourhood.

    Raises:
        BadInput: ``starts`` or ``patience`` is below 1.
    """

    starts: int = 6
    """independent candidates to start from, 1 or more"""
    patience: int = 32
    """neighbours without an improvement after which the walk ends, 1 or more"""

    def __post_init__(self) -> None:
        if self.starts < 1 or self.patience < 1:
            raise BadInput("Refine needs starts and patience of at least 1.")

    def run(
        self, task: Task, sampler: Neighbourhood, reward: Reward, *, budget: Budget, seed: int = 0
    ) -> Iterator[Round]:
        """Yield a round per start and per neighbour tried; ends when no neighbour has been better for ``patience``."""
        tracker = BudgetTracker(budget, reward)
        draws = sampler.draw(task, range(self.starts), seed=seed)  # asked for together: a model draws them in one batch
        for index in range(self.starts):
            if not tracker.room(1):
                break
            scored = tracker.score(task, islice(draws, 1))
            if scored:
                yield tracker.round(scored, f"start {index + 1} of {self.starts}")
        yield from self._walk(task, sampler, tracker, seed)
        yield tracker.round((), "no neighbour is better" if not tracker.stopped else "", tracker.stopped or "done")

    def _walk(self, task: Task, sampler: Neighbourhood, tracker: BudgetTracker, seed: int) -> Iterator[Round]:
        """Move to the first neighbour that is better, again and again, until ``patience`` in a row are not."""
        moves = 0
        while tracker.best is not None:
            here: Scored = tracker.best
            near = sampler.neighbours(task, here.sample, seed=seed)
            for tried in range(1, self.patience + 1):
                if not tracker.room(1):
                    return
                scored = tracker.score(task, islice(near, 1))
                if not scored:  # no neighbours are left, or the budget is spent
                    return
                yield tracker.round(scored, f"neighbour {tried} of candidate {moves}")
                if tracker.best is not here:
                    break
            if tracker.best is here:
                return
            moves += 1
