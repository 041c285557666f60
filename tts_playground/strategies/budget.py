"""Bookkeeping that all strategies share: what was spent, what is best so far, and whether the budget allows more."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields, replace

from tts_playground.core import (
    Budget,
    Cost,
    ForetellingSampler,
    Path,
    Progress,
    Reward,
    Round,
    Sample,
    Scored,
    SteppedSampler,
    Task,
)
from tts_playground.core.scores import by_their_judges, scores_of
from tts_playground.errors import BadInput, plural
from tts_playground.strategies.voting import Ballot

COUNTED = tuple(f.name for f in fields(Budget) if f.name != "seconds")
_PRICES = tuple(f.name for f in fields(Cost))
FREE_WAVES = 8
"""waves one after another that cost nothing of what is limited before no more are begun"""
FOR_NOTHING = "what is drawn costs nothing of what the budget limits"
WAVE = 1 << 20
"""indices that one wave of paths may use, so that no two waves share randomness"""
Plan = Callable[[int], tuple[int, int, int]]
"""what ``n`` paths will come to: steps taken, views scored, candidates finished"""


def to_the_end(horizon: int, looks: int) -> Plan:
    """The plan of paths that all go to their end, scored ``looks`` times on the way."""
    return lambda n: (n * horizon, n * max(1, looks), n)


def checkpoints(shares: Iterable[float], horizon: int) -> list[int]:
    """Shares of the way as numbers of steps, ascending, each at least 1; the last is the whole way."""
    ends = {min(horizon, max(1, round(share * horizon))) for share in shares}
    return sorted(ends | {horizon})


def best_first(scored: Sequence[Scored]) -> list[int]:
    """Places of the scored views, best first; of equals the earlier one."""
    return sorted(range(len(scored)), key=lambda i: -scored[i].reward)


def waves(
    tracker: BudgetTracker, wave: Callable[[int], Iterator[Round]], name: str, most: int | None = None
) -> Iterator[Round]:
    """The rounds of wave 0, 1, 2, ... until the budget is spent or ``most`` are done, and a last one that says so.

    Waves that cost nothing of what the budget limits end it, too: candidates that a model has no room to write cost no
    tokens, and would be made for ever.

    Raises:
        BadInput: nothing would end it.
    """
    if tracker.budget == Budget() and most is None:
        raise BadInput(f"{name} would never end: give it a budget with a limit.")
    number = free = 0
    endless = most is None and tracker.budget.seconds is None
    while not tracker.stopped and number != most and free < FREE_WAVES:
        before = tracker.counted
        yield from wave(number)
        number, free = number + 1, free + 1 if endless and before == tracker.counted else 0
    end = "the budget is spent" if tracker.stopped else FOR_NOTHING if endless else "all drawn"
    yield tracker.round((), end, tracker.stopped or "done")


class BudgetTracker:
    """Scores samples while the budget lasts and writes the rounds.

    A draw whose cost does not fit any more is dropped and not paid for: the run ends as if it had been broken off at
    the limit, so counted limits are never exceeded. What was dropped is kept account of all the same.
    """

    def __init__(self, budget: Budget, reward: Reward, ballot: Ballot | None = None) -> None:
        self.budget = budget
        self.reward = reward
        self.ballot = ballot
        """whoever it elects is the best; None takes the highest reward"""
        self.stopped = ""
        self.step_cost: Cost | None = None
        """the most that one step of one path has cost so far; None before the first"""
        self.longest = 0
        """steps of the longest path that has come to its end; 0 before there is one"""
        self.dropped = Cost()
        """what was drawn and did not fit any more"""
        self.prices: list[int] = []
        """tokens of each sample that was drawn in one go"""
        self._best: Scored | None = None
        self._steps = 0
        """taken so far, by all paths"""
        self._stepped = Cost()
        """what they cost"""
        self._ahead: tuple[Path, Path] | None = None
        self._spent = Cost()
        self._rounds = 0
        self._begun = time.perf_counter()

    @property
    def counted(self) -> tuple[float, ...]:
        """What was spent of each thing that the budget limits."""
        return tuple(getattr(self._spent, name) for name in COUNTED if getattr(self.budget, name) is not None)

    @property
    def best(self) -> Scored | None:
        """The best complete candidate so far, or the elected one."""
        return self._best if self.ballot is None else self.ballot.elected

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
            self.stopped = self._over(each)
        return max(0, int(room))

    def _over(self, extra: Cost) -> str:
        """The first limit that spending ``extra`` would break, or ""."""
        total = self._spent + extra
        limits = ((name, getattr(self.budget, name)) for name in COUNTED)
        return next((name for name, limit in limits if limit is not None and getattr(total, name) > limit), "")

    def pay(self, cost: Cost) -> bool:
        """Spend ``cost`` if it fits; otherwise note which limit was hit and spend nothing."""
        over = self._over(cost)
        if over:
            self.stopped = self.stopped or over
            return False
        self._spent = self._spent + cost
        return True

    def score(self, task: Task, samples: Iterable[Sample], *, compete: bool = True) -> list[Scored]:
        """Score the samples that can be paid for, their draws included; unless told they compete for the best.

        Samples may come from a generator: it is not asked for more once the budget is spent.
        """
        taken: list[Sample] = []
        coming = iter(samples)
        for sample in coming:
            if not self.pay(replace(sample.cost, seconds=0.0) + self.reward.unit_cost):
                self.drop([sample, *(coming if isinstance(samples, Sequence) else ())])
                break
            taken.append(sample)
            if self.budget.left("seconds", self.cost) <= 0:
                break
        if (close := getattr(coming, "close", None)) is not None:
            close()  # a generator knows what it has drawn and not handed over
        rewards = scores_of(self.reward, task, taken) if taken else []
        scored = [Scored(sample, reward) for sample, reward in zip(taken, rewards, strict=True)]
        for one in scored if compete else ():
            self.consider(one)
        return scored

    def drop(self, samples: Iterable[Sample]) -> None:
        """Note samples that were drawn and are not paid for."""
        self.dropped = sum((replace(one.cost, seconds=0.0) for one in samples), self.dropped)

    def start_paths(
        self, task: Task, sampler: SteppedSampler, wave: int, wanted: int, seed: int, plan: Plan
    ) -> tuple[list[Path], list[Scored]]:
        """Fresh paths, as many up to ``wanted`` as the budget sees to the end of ``plan``.

        Their indices begin at ``wave * WAVE``. Also the scores of those that are finished before their first step (an
        empty task's). Without room for one, none, and ``stopped`` says which limit was hit.
        """
        first = wave * WAVE
        paths = sampler.start(task, [first], seed=seed) if self.room(1) else []
        if paths and self.step_cost is None and not paths[0].done:
            self._learn(task, sampler, paths[0])
        count, over = self.fit(wanted, plan) if paths else (0, "")
        self.stopped = self.stopped or over
        paths = paths[:count] + sampler.start(task, range(first + 1, first + count), seed=seed)
        finished = [path for path in paths if path.done]
        return paths, self.score(task, sampler.peek(task, finished)) if finished else []

    def horizon(self, task: Task, sampler: SteppedSampler) -> int:
        """Steps that a path is planned with: the most it may take, or, once some are whole, those of the longest."""
        most = sampler.horizon(task)
        return min(most, self.longest) if self.longest else most

    def affords(self, steps: int, views: int, samples: int = 0) -> bool:
        """Whether as much as one path of these steps, views and finished candidates can still be paid for."""
        return self.fit(1, lambda _: (steps, views, samples))[0] == 1

    def fit(self, wanted: int, plan: Plan) -> tuple[int, str]:
        """How many paths (at most ``wanted``) the budget sees to the end of ``plan``; if none, the limit in the way.

        Steps are counted in tokens and renders: each as the dearest so far until a path has come to its end, then as
        the mean. While none has, one path is begun even where the most that it may take does not fit, and only one
        where renders are counted: the steps of a program cost more and more of them.
        """
        over, wanted = "", min(wanted, 1) if self.budget.renders is not None and not self.longest else wanted
        for count in range(wanted, 0, -1):
            steps, views, samples = plan(count)
            grown = self._of_steps(steps - (self._ahead is not None))
            over = self._over(self.reward.unit_cost * views + Cost(samples=samples) + grown)
            if not over:
                return count, ""
        if wanted and not self.longest and not self._over(self._unstepped(plan)):
            return 1, ""  # how long a path really is, only drawing one to its end tells
        return 0, over

    def _unstepped(self, plan: Plan) -> Cost:
        """The plan of one path but for its steps, and one step."""
        _, views, samples = plan(1)
        return self.reward.unit_cost * min(1, views) + Cost(samples=samples) + self._of_steps(1)

    def _of_steps(self, steps: int) -> Cost:
        """What so many steps will cost in tokens and renders, as far as is known."""
        known, by = (self._stepped, self._steps) if self.longest and self._steps else (self.step_cost or Cost(), 1)
        return Cost(tokens=int(steps * known.tokens / by + 0.5), renders=int(steps * known.renders / by + 0.5))

    def advance(
        self,
        task: Task,
        sampler: SteppedSampler,
        paths: list[Path],
        which: Iterable[int],
        steps: int | None = 1,
        *,
        judge: Reward | None = None,
    ) -> list[Scored] | None:
        """Take the paths ``which`` further in place (``steps`` None: to their end) and score what they are then.

        Finished ones compete for the best. None when the budget does not allow it; steps taken until then stay paid.

        Args:
            judge: scores unfinished views instead of the reward.
        """
        chosen = list(which)
        if not self.grow(task, sampler, paths, chosen, steps):
            return None
        return self.judged(task, sampler, [paths[i] for i in chosen], judge=judge)

    def grow(
        self,
        task: Task,
        sampler: SteppedSampler,
        paths: list[Path],
        which: Iterable[int],
        steps: int | None = 1,
        *,
        foretell: bool = False,
    ) -> bool:
        """Take the paths ``which`` further in place, unscored; False when the budget did not allow all of it.

        Args:
            foretell: along their likeliest tokens, of a sampler that can.
        """
        chosen = list(which)
        while steps is None or steps > 0:
            growing = [i for i in chosen if not paths[i].done]
            if not growing:
                break
            if not self._step(task, sampler, paths, growing, foretell):
                return False
            steps = None if steps is None else steps - 1
        return True

    def judged(
        self,
        task: Task,
        sampler: SteppedSampler,
        paths: Sequence[Path],
        *,
        seen: Sequence[Path] | None = None,
        judge: Reward | None = None,
    ) -> list[Scored] | None:
        """The paths as they stand, scored and paid for; finished ones compete for the best. None where it is too dear.

        Args:
            seen: what is looked at in place of each path, such as the same after a rollout; finished ones never.
            judge: scores unfinished views instead of the reward.
        """
        by = [self.reward if judge is None or path.done else judge for path in paths]
        finished = [path for path in paths if path.done]
        if not self.pay(sum((one.unit_cost for one in by), Cost(samples=len(finished)))):
            return None
        self.longest = max([self.longest, *(path.steps for path in finished)])
        views = sampler.peek(task, list(paths))
        looked = views
        if seen is not None:
            ahead = [one if path.done else other for one, path, other in zip(paths, paths, seen, strict=True)]
            looked = sampler.peek(task, ahead)
        rewards = by_their_judges(task, by, looked)
        scored = [Scored(view, reward) for view, reward in zip(views, rewards, strict=True)]
        for path, one in zip(paths, scored, strict=True):
            if path.done:
                self.consider(one)
        return scored

    def _step(
        self, task: Task, sampler: SteppedSampler, paths: list[Path], growing: list[int], foretell: bool = False
    ) -> bool:
        """One step of unfinished paths in place; False, with the paths as they were, when the budget does not allow."""
        if self.budget.left("seconds", self.cost) <= 0:
            self.stopped = self.stopped or "seconds"
            return False
        ahead = self._ahead
        fresh = [i for i in growing if ahead is None or paths[i] is not ahead[0]]
        longer: Sequence[Path] = []
        if fresh and foretell and isinstance(sampler, ForetellingSampler):
            longer = sampler.foretell(task, [paths[i] for i in fresh])
        elif fresh:
            longer = sampler.step(task, [paths[i] for i in fresh])
        if not self._pay_steps([paths[i] for i in fresh], longer):
            return False
        for i in growing:
            if ahead is not None and paths[i] is ahead[0]:
                paths[i], self._ahead = ahead[1], None
        for i, path in zip(fresh, longer, strict=True):
            paths[i] = path
        return True

    def _learn(self, task: Task, sampler: SteppedSampler, path: Path) -> None:
        """Where the budget counts what steps cost, step one path ahead of the others: that measures a step."""
        if self.budget.tokens is None and self.budget.renders is None:
            return
        (longer,) = sampler.step(task, [path])
        if self._pay_steps([path], [longer]):
            self._ahead = path, longer

    def _pay_steps(self, before: Sequence[Path], after: Sequence[Path]) -> bool:
        costs = [replace(new.cost + old.cost * -1, seconds=0.0) for old, new in zip(before, after, strict=True)]
        for cost in costs:
            known = self.step_cost or Cost()
            self.step_cost = Cost(*(max(getattr(known, name), getattr(cost, name)) for name in _PRICES))
            self._steps, self._stepped = self._steps + 1, self._stepped + cost
        total = sum(costs, Cost())
        paid = self.pay(total)
        self.dropped = self.dropped if paid else self.dropped + total
        return paid

    def breaks(self, cost: Cost) -> bool:
        """Whether spending ``cost`` as well would break a limit, or the time is up; nothing is spent."""
        return bool(self._over(replace(cost, seconds=0.0))) or self.budget.left("seconds", self.cost) <= 0

    def refuses(self, cost: Cost) -> bool:
        """Whether ``cost`` does not fit any more; then ``stopped`` says why. Nothing is spent."""
        self.stopped = self.stopped or self._over(replace(cost, seconds=0.0))
        return bool(self.stopped)

    def between(self, progress: Progress[Sample]) -> Round:
        """A report between two rounds, with the number of the next one."""
        return Round(self._rounds, (), self.best, self.cost, progress=progress)

    def consider(self, scored: Scored) -> None:
        """Let a complete candidate compete for the best; ties keep the earlier one."""
        if self.ballot is not None:
            self.ballot.add(scored)
        elif self._best is None or scored.reward > self._best.reward:
            self._best = scored

    def round(self, candidates: Sequence[Scored], note: str = "", stopped: str = "") -> Round:
        """The next round, numbered from 0, with the best candidate and the cost so far."""
        number = self._rounds
        self._rounds += 1
        if stopped and self.dropped.tokens:
            more = f"{plural(self.dropped.tokens, 'token')} more drawn than the budget has room for"
            note = f"{note}; {more}" if note else more
        return Round(number, tuple(candidates), self.best, self.cost, stopped, note, dropped=self.dropped)
