"""Bookkeeping that all strategies share: what was spent, what is best so far, and whether the budget allows more."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from typing import Any

from tts_playground.core import Budget, Cost, Reward, Round, Sample, Scored

COUNTED = tuple(f.name for f in fields(Budget) if f.name != "seconds")


class Ledger:
    """Scores samples while the budget lasts and writes the rounds.

    A draw whose cost does not fit any more is dropped and not paid for: the run ends as if it had been broken off at
    the limit, so counted limits are never exceeded.
    """

    def __init__(self, budget: Budget, reward: Reward) -> None:
        self.budget = budget
        self.reward = reward
        self.best: Scored | None = None
        self.stopped = ""
        self._spent = Cost()
        self._rounds = 0
        self._begun = time.perf_counter()

    @property
    def cost(self) -> Cost:
        """Spent so far, wall-clock time included."""
        return replace(self._spent, seconds=time.perf_counter() - self._begun)

    def room(self, wanted: int) -> int:
        """How many more samples (at most ``wanted``) can be drawn and scored, as far as is known beforehand."""
        self.stopped = self.stopped or self.budget.exhausted(self.cost)
        if self.stopped:
            return 0
        each = self.reward.unit_cost + Cost(samples=1)
        room: float = wanted
        for name in COUNTED:
            if getattr(each, name):
                room = min(room, self.budget.left(name, self._spent) // getattr(each, name))
        if room <= 0 < wanted:
            self.stopped = self._tightest(each)
        return max(0, int(room))

    def _tightest(self, extra: Cost) -> str:
        total = self._spent + extra
        return next((n for n in COUNTED if getattr(total, n) > (getattr(self.budget, n) or math.inf)), "samples")

    def pay(self, cost: Cost) -> bool:
        """Spend ``cost`` if it fits; otherwise note which limit was hit and spend nothing."""
        total = self._spent + cost
        for name in COUNTED:
            limit = getattr(self.budget, name)
            if limit is not None and getattr(total, name) > limit:
                self.stopped = self.stopped or name
                return False
        self._spent = total
        return True

    def score(self, task: Any, samples: Iterable[Sample]) -> list[Scored]:
        """Score the samples that can be paid for, their draws included; they compete for the best.

        Samples may come from a generator: it is not asked for more once the budget is spent.
        """
        taken = []
        for sample in samples:
            if not self.pay(replace(sample.cost, seconds=0.0) + self.reward.unit_cost):
                break
            taken.append(sample)
            if self.budget.left("seconds", self.cost) <= 0:
                break
        scored = [Scored(s, r) for s, r in zip(taken, self.reward.score(task, taken), strict=True)] if taken else []
        for one in scored:
            self.consider(one)
        return scored

    def start(self, task: Any, sampler: Any, indices: Iterable[int], seed: int) -> tuple[list[Any], list[Scored]]:
        """Fresh paths, and the scores of those that are finished before their first step (an empty task's)."""
        paths = sampler.start(task, list(indices), seed=seed)
        finished = [path for path in paths if path.done]
        return paths, self.score(task, sampler.peek(task, finished)) if finished else []

    def grow(self, task: Any, sampler: Any, paths: list[Any], which: Iterable[int]) -> list[Scored] | None:
        """Step the paths ``which`` in place and score what they are now; finished ones compete for the best.

        None, with the paths as they were, when the budget does not allow it.
        """
        chosen = list(which)
        longer = sampler.step(task, [paths[i] for i in chosen])
        cost = self.reward.unit_cost * len(chosen) + Cost(samples=sum(path.done for path in longer))
        for i, path in zip(chosen, longer, strict=True):
            cost = cost + path.cost + paths[i].cost * -1
        if not self.pay(replace(cost, seconds=0.0)):
            return None
        views = sampler.peek(task, longer)
        scored = [Scored(view, reward) for view, reward in zip(views, self.reward.score(task, views), strict=True)]
        for i, path, one in zip(chosen, longer, scored, strict=True):
            paths[i] = path
            if path.done:
                self.consider(one)
        return scored

    def consider(self, scored: Scored) -> None:
        """Let a complete candidate compete for the best; ties keep the earlier one."""
        if self.best is None or scored.reward > self.best.reward:
            self.best = scored

    def round(self, candidates: Sequence[Scored], note: str = "", stopped: str = "") -> Round:
        """The next round."""
        number = self._rounds
        self._rounds += 1
        return Round(number, tuple(candidates), self.best, self.cost, stopped, note)
