"""Refine: start from a few independent candidates, then walk from the best to better neighbours (hill climbing)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from tts_playground.core import Budget, Neighbourhood, Recombining, Reward, Round, Scored, Task
from tts_playground.errors import BadInput
from tts_playground.strategies.budget import BudgetTracker
from tts_playground.typed import typed


@dataclass(frozen=True)
@typed
class Refine:
    """First-improvement local search on any task whose sampler is also a Neighbourhood.

    Where the sampler is ``Recombining``, candidates that walks have ended at are crossed, and other starts are made,
    until the budget is spent or nothing can be better: more budget never ends with a worse candidate.

    Raises:
        BadInput: ``starts`` or ``patience`` is below 1.
    """

    starts: int = 6
    """independent candidates to start from, 1 or more"""
    patience: int = 32
    """neighbours without an improvement after which the walk ends, 1 or more"""
    restarts: int = 1000
    """turns of crossings and a fresh start after a walk has ended, where the sampler is ``Recombining``; 0 or more"""

    def __post_init__(self) -> None:
        if self.starts < 1 or self.patience < 1 or self.restarts < 0:
            raise BadInput("Refine needs starts and patience of at least 1, and restarts of at least 0.")

    def run(
        self, task: Task, sampler: Neighbourhood, reward: Reward, *, budget: Budget, seed: int = 0
    ) -> Iterator[Round]:
        """Yield a round per start and per neighbour tried; ends when no neighbour has been better for ``patience``."""
        tracker, finalists = BudgetTracker(budget, reward), Finalists()
        draws = sampler.draw(task, range(self.starts), seed=seed)  # asked for together: a model draws them in one batch
        for index in range(self.starts):
            if not tracker.room(1):
                break
            scored = tracker.score(task, islice(draws, 1))
            if scored:
                finalists.add(scored)
                yield tracker.round(scored, f"start {index + 1} of {self.starts}")
        yield from self._walk(task, sampler, tracker, finalists, seed)
        if isinstance(sampler, Recombining):
            yield from self._further(task, sampler, tracker, finalists, seed)
        yield tracker.round((), "no neighbour is better" if not tracker.stopped else "", tracker.stopped or "done")

    def _walk(
        self, task: Task, sampler: Neighbourhood, tracker: BudgetTracker, finalists: Finalists, seed: int
    ) -> Iterator[Round]:
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
                finalists.add(scored)
                yield tracker.round(scored, f"neighbour {tried} of candidate {moves}")
                if tracker.best is not here:
                    break
            if tracker.best is here:
                return
            moves += 1

    def _further(
        self, task: Task, sampler: Recombining, tracker: BudgetTracker, finalists: Finalists, seed: int
    ) -> Iterator[Round]:
        """Crossings and restarts; a walk goes on from every one that is better than all before."""
        for turn in range(self.restarts):
            if not finalists.members:
                return
            fresh = sampler.further(task, [one.sample for one in finalists.members], seed=seed, turn=turn)
            tried, best = 0, tracker.best
            while tracker.room(1):
                scored = tracker.score(task, islice(fresh, 1))
                if not scored:
                    break
                tried += 1
                finalists.add(scored)
                yield tracker.round(scored, f"crossing or restart {tried} of turn {turn + 1}")
            if tracker.stopped or not tried:
                return
            if tracker.best is not best:
                yield from self._walk(task, sampler, tracker, finalists, seed)


class Finalists:
    """The best candidates so far, no two with the same content."""

    def __init__(self, most: int = 8) -> None:
        self.most = most
        self.members: list[Scored] = []
        """best first; of equals the earlier one"""

    def add(self, scored: Iterable[Scored]) -> None:
        """Let candidates compete for a place."""
        for one in scored:
            if all(one.sample.content != member.sample.content for member in self.members):
                self.members = sorted([*self.members, one], key=lambda member: -member.reward)[: self.most]
