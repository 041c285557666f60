"""Strategies at equal cost: adaptive ones rerun at every budget, best-of-N read off the exact curve of one pool.

One reward guides everybody, and another judges what each run ended with; the two are separate arguments because a guide
that is optimised hard looks better to itself than it is. Budgets are counted in whole candidates: a budget of 8 allows
as many tokens as 8 independent candidates cost, however a strategy spends them.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from tts_playground import registry
from tts_playground.core import Budget, Cost, Reward, Round, Sample, Sampler, Strategy
from tts_playground.core.scores import scores_of
from tts_playground.errors import BadInput
from tts_playground.estimators.curves import Curve, curve
from tts_playground.estimators.intervals import Interval, mean
from tts_playground.streams import InOrder, reports
from tts_playground.typed import typed

BATCH = 16
"""candidates of a pool drawn between two reports"""
BASELINE = "best-of-n"
"""what legends call the line that strategies are held against"""


@dataclass(frozen=True, slots=True)
class StrategyPoint:
    """One strategy at one budget."""

    label: str
    """the strategy's name; points with the same label share a colour"""
    result: Interval
    """what it reached, over prompts or repeats"""
    cost: Mapping[str, float]
    """mean cost by the names of ``core.Cost``; ``samples`` is read for the axis "n" """
    oracle: bool = False
    """True when the strategy was guided by the answer itself"""
    note: str = ""
    """one line for the hover"""
    budget: int = 0
    """whole candidates that each of its runs was given; 0 where that is not known"""

    def as_dict(self) -> dict[str, Any]:
        """{"strategy", "budget", "value", "low", "high", "n", "cost", "note"}, plain values for JSON."""
        facts = {"strategy": self.label, "budget": self.budget, **self.result.as_dict()}
        return facts | {"cost": dict(self.cost), "note": self.note}

    def where(self, axis: str) -> float:
        """The point's place on a cost axis."""
        return float(self.cost.get("samples" if axis == "n" else axis, 0))


@dataclass(frozen=True, slots=True)
class StrategyRun:
    """One run of one strategy."""

    label: str
    task: int
    """place in the tasks compared on"""
    budget: int
    """whole candidates that it was given"""
    seed: int
    rounds: tuple[Round, ...]
    """for its trace (``experiments.trace``)"""
    gold: float | None
    """what the judge says of its pick; None when the budget did not see one candidate to its end"""

    @property
    def late(self) -> bool:
        """Whether the time limit ended it, before its budget did."""
        return self.rounds[-1].stopped == "seconds"

    @property
    def cost(self) -> Cost:
        """What it spent."""
        return self.rounds[-1].cost


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is known so far."""

    curve: Curve | None = None
    """best-of-N by the guide, measured by the judge, exact for every N up to the pool's size"""
    points: tuple[StrategyPoint, ...] = ()
    """a strategy at a budget each, over all tasks and seeds"""
    runs: tuple[StrategyRun, ...] = ()
    doing: str = ""
    """what runs now, in words; empty when all is done"""
    done: float = 0.0
    """share of the strategies' runs that are over, 0-1"""

    def as_dict(self) -> dict[str, Any]:
        """{"curve", "points"}, plain values for JSON.

        The curve says under "unit" what one candidate costs; a point says under "best_of_n" what the curve is at its
        budget.
        """
        if self.curve is None:
            return {"curve": None, "points": [point.as_dict() for point in self.points]}
        points = [point.as_dict() | {"best_of_n": self.curve.at(point.budget)} for point in self.points]
        return {"curve": {**self.curve.as_dict(), "unit": dict(self.curve.unit)}, "points": points}


@dataclass(frozen=True)
@typed
class ComparisonPlan:
    """How to compare.

    Raises:
        BadInput: a setting is out of its range.
    """

    budgets: tuple[int, ...] = (2, 4, 8, 16)
    """whole candidates, 1 or more each"""
    seeds: int = 5
    """runs of a strategy at every budget, 1 or more; their seeds come after the pool's"""
    seed: int = 0
    """of the pool"""
    pool: int = 64
    """independent candidates a task for the curve, at least the largest budget"""
    by: str = "tokens"
    """what a budget limits: "tokens", "samples", "verifier_calls" or "renders" """
    seconds: float | None = None
    """safety cap on one run's wall-clock time, above 0; None for no limit"""

    def __post_init__(self) -> None:
        if not self.budgets or min(self.budgets) < 1 or self.seeds < 1:
            raise BadInput("A comparison needs budgets of at least 1 candidate and at least 1 seed.")
        if self.pool < max(self.budgets):
            raise BadInput(
                f"The pool of {self.pool} is smaller than the largest budget, {max(self.budgets)}; draw more."
            )
        if self.seconds is not None and not self.seconds > 0:
            raise BadInput(f"The time limit of a run must be above 0 seconds, not {self.seconds}.")
        if self.by not in {f.name for f in fields(Budget)} - {"seconds"}:
            raise BadInput(f"A budget limits tokens, samples, verifier_calls or renders, not {self.by!r}.")

    def budget(self, candidates: int, unit: Mapping[str, float]) -> Budget:
        """As much of ``by`` as ``candidates`` independent ones cost; samples where they cost none of it."""
        each = unit.get(self.by, 0)
        counted = {self.by: int(candidates * each + 0.5)} if each else {"samples": candidates}
        return Budget(**counted, seconds=self.seconds)


def comparable(task: str) -> tuple[str, ...]:
    """Registered strategies that can be set beside best-of-N on a task ("t2i", "vqa", "sketch", ...), in menu order."""
    return tuple(row.name for row in registry.entries("strategy", task) if row.name != BASELINE)


def named(task: str, names: Sequence[str] | None, sampler: Sampler) -> dict[str, Strategy[Any]]:
    """Strategies by name, each with its own defaults; None for all that this sampler can run.

    Raises:
        UnknownName: no strategy of that name.
        BadInput: no name at all, a strategy that is for other tasks, or one that the sampler cannot run.
    """
    if names is None:
        rows = [row for row in registry.entries("strategy", task) if row.name != BASELINE]
        names = [row.name for row in rows if registry.runs(row, sampler)]
        if not names:
            raise BadInput(f"This sampler can run {BASELINE} only, so there is nothing to compare; choose another one.")
    if not names:
        raise BadInput(f"A comparison needs at least one strategy; choose from: {', '.join(comparable(task))}.")
    for name in names:
        registry.fitting("strategy", name, task, sampler)
    return {name: registry.resolve("strategy", name) for name in names}


def compare(
    tasks: Sequence[Any],
    sampler: Sampler,
    strategies: Mapping[str, Strategy[Any]],
    guide: Reward,
    judge: Reward,
    plan: ComparisonPlan | None = None,
    *,
    pools: Sequence[Sequence[Sample]] = (),
) -> Iterator[Comparison]:
    """The pools first, then every strategy at every budget on every task with every seed; a report after each piece.

    Close the generator to cancel: it reports at least once a round of a strategy.

    Args:
        tasks: what is asked for, at least one.
        sampler: as the strategies need it, a ``SteppedSampler`` for most.
        strategies: label -> strategy, best-of-N left out: its exact curve is there anyway.
        guide: the reward that chooses. judge: the one that measures; it scores finished picks alone.
        pools: independent samples of each task where there are some (``Pool.samples``); none draws ``plan.pool``.

    Raises:
        BadInput: no tasks, or pools that do not belong to them.
    """
    plan = plan or ComparisonPlan()
    if not tasks or (pools and len(pools) != len(tasks)):
        raise BadInput("A comparison needs at least one task, and a pool for each or none at all.")
    drawn = pools or (yield from _draw(tasks, sampler, plan))
    unit = _unit([sample for pool in drawn for sample in pool], guide)
    guides, golds = ([scores_of(one, t, pool) for t, pool in zip(tasks, drawn, strict=True)] for one in (guide, judge))
    exact = curve(guides, golds, label=BASELINE, measure=judge.name, unit=unit)
    state = Comparison(exact)
    for label, strategy in strategies.items():
        for candidates in plan.budgets:
            budget = plan.budget(candidates, unit)
            runs: list[StrategyRun] = []
            for place, task in enumerate(tasks):
                for seed in range(plan.seed + 1, plan.seed + 1 + plan.seeds):
                    share = (len(state.runs) + len(runs)) / _runs(strategies, plan, tasks)
                    doing = f"{label}, budget of {candidates} candidates{_which(place, tasks)}, seed {seed}"
                    state, rounds = replace(state, doing=doing, done=share), []
                    for one in strategy.run(task, sampler, guide, budget=budget, seed=seed):
                        if one.progress is None:
                            rounds.append(one)
                        yield state
                    best = rounds[-1].best
                    gold = None if best is None else scores_of(judge, task, [best.sample])[0]
                    runs.append(StrategyRun(label, place, candidates, seed, tuple(rounds), gold))
            state = replace(state, points=(*state.points, *_point(runs)), runs=(*state.runs, *runs))
    yield replace(state, doing="", done=1.0)


def _runs(strategies: Mapping[str, Strategy[Any]], plan: ComparisonPlan, tasks: Sequence[Any]) -> int:
    return len(strategies) * len(plan.budgets) * len(tasks) * plan.seeds


def _draw(
    tasks: Sequence[Any], sampler: Sampler, plan: ComparisonPlan
) -> Generator[Comparison, None, list[list[Sample]]]:
    """A pool of each task, in batches, so that a caller sees it go on."""
    pools: list[list[Sample]] = []
    for place, task in enumerate(tasks):
        pool: list[Sample] = []
        while len(pool) < plan.pool:
            state = Comparison(doing=f"candidate {len(pool) + 1} of {plan.pool}{_which(place, tasks)}")
            yield state
            some = range(len(pool), min(len(pool) + BATCH, plan.pool))
            waiting = InOrder(some)
            for report in reports(sampler, task, some, seed=plan.seed):
                pool += waiting.put(report.finished)
                yield state
        pools.append(pool)
    return pools


def _which(place: int, tasks: Sequence[Any]) -> str:
    return f", task {place + 1}" if len(tasks) > 1 else ""


def _unit(samples: Sequence[Sample], guide: Reward) -> dict[str, float]:
    """Mean cost of one independent candidate, its score by the guide included."""
    costs = [sample.cost + guide.unit_cost for sample in samples]
    return {f.name: float(np.mean([getattr(cost, f.name) for cost in costs])) for f in fields(Cost)}


def _point(runs: Sequence[StrategyRun]) -> list[StrategyPoint]:
    """Runs of one strategy at one budget as a point: over tasks where there are several, else over seeds."""
    by_task: dict[int, list[float]] = {}
    for run in runs:
        if run.gold is not None:
            by_task.setdefault(run.task, []).append(run.gold)
    if not by_task:
        return []
    empty = sum(run.gold is None for run in runs)
    note = f"budget of {runs[0].budget} whole candidates, {len(runs)} runs"
    note += f", {empty} of them without a finished candidate" if empty else ""
    late = sum(run.late for run in runs)
    note += f", {late} of them ended by the time limit" if late else ""
    cost = {f.name: float(np.mean([getattr(run.cost, f.name) for run in runs])) for f in fields(Cost)}
    return [StrategyPoint(runs[0].label, _reached(by_task), cost, note=note, budget=runs[0].budget)]


def _reached(by_task: Mapping[int, Sequence[float]]) -> Interval:
    """The mean over tasks where there are several, else over repeats, with its interval."""
    golds = [gold for own in by_task.values() for gold in own]
    kind = "shares" if min(golds) >= 0.0 and max(golds) <= 1.0 else "values"
    if len(by_task) == 1:
        return mean(golds, kind, each=1.0 if set(golds) <= {0.0, 1.0} else np.inf)
    each = float(np.mean([len(own) for own in by_task.values()])) if set(golds) <= {0.0, 1.0} else np.inf
    return mean([float(np.mean(own)) for own in by_task.values()], kind, each=each)
