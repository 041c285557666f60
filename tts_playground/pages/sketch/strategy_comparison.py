"""Strategies at equal cost on one drawing: searches as points over the exact curve of independent draws."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tts_playground import figures, registry
from tts_playground.core import Cost
from tts_playground.estimators import curves
from tts_playground.estimators.intervals import mean
from tts_playground.figures import StrategyPoint
from tts_playground.pages.sketch import render
from tts_playground.pages.sketch.page_state import judged
from tts_playground.pages.sketch.view_settings import LIMITS
from tts_playground.tasks.sketch import SketchProgress, SketchSettings, SketchTask, sampler_of

SEEDS = 3
"""repeats of a search at every budget"""
AXES = ("n", "renders", "seconds")
HELP = (
    "All choose by the same reward (overlap, less a price for length) and are judged by IoU. The line is the exact "
    f"curve of independent draws; a point is a strategy rerun {SEEDS} times at one budget, with its 95 % interval. "
    "At the default time limit this takes about a minute."
)


@dataclass(frozen=True, slots=True)
class Contest:
    """What has been run so far."""

    curve: curves.Curve | None = None
    points: tuple[StrategyPoint, ...] = ()
    doing: str = ""
    """what runs now; empty when all is done"""
    cut: int = 0
    """searches that the time limit ended"""

    @property
    def line(self) -> str:
        """Where the comparison stands, in words."""
        if self.doing:
            return f"Running {self.doing}…"
        cut = f" {self.cut} searches were cut short by the time limit; raise it for a full comparison."
        return "Done: equal cost means the same place on the axis that is shown (candidates, renders or seconds)." + (
            cut if self.cut else ""
        )


def contest(task: SketchTask, settings: SketchSettings) -> Iterator[Contest]:
    """The pool first, then every other strategy rerun at each budget with several seeds."""
    yield (state := Contest(doing=f"drawing {settings.n} independent candidates"))
    # the curve needs the whole pool, so its cap is the most that this server grants
    whole = replace(settings, strategy="best-of-n", seconds=LIMITS["seconds"][1])
    rounds = []
    for report in render.rounds(task, whole):
        rounds.append(report.round)
        yield state  # a page that closes, or a cancel, gets through here
    pool = judged(task, (scored for r in rounds for scored in r.candidates))
    if pool:
        unit = {name: value / len(pool) for name, value in rounds[-1].cost.as_dict().items()}
        guide, judge = [c.reward for c in pool], [c.iou for c in pool]
        curve = curves.curve(guide, judge, label="best-of-n", measure="IoU", unit=unit)
        state = replace(state, curve=curve)
    budgets = sorted({max(2, settings.n // share) for share in (8, 4, 2, 1)})
    sampler = sampler_of(settings.sampler, settings.temperature, settings.grammar)
    for row in registry.entries("strategy", "sketch"):
        strategy = row.name
        if strategy == "best-of-n" or not registry.runs(row, sampler):
            continue
        for budget in budgets:
            yield (state := replace(state, doing=f"{strategy} with up to {budget} candidates"))
            ends = []
            for seed in range(settings.seed, settings.seed + SEEDS):
                for report in render.rounds(task, replace(settings, strategy=strategy, n=budget, seed=seed)):
                    last = report
                    yield state
                ends.append(last)
            cut = state.cut + sum(end.round.stopped == "seconds" for end in ends)
            state = replace(state, points=(*state.points, _point(strategy, budget, ends)), cut=cut)
    yield replace(state, doing="")


def _point(strategy: str, budget: int, ends: list[SketchProgress]) -> StrategyPoint:
    costs = [end.round.cost for end in ends]
    spent = {name: float(np.mean([getattr(cost, name) for cost in costs])) for name in Cost().as_dict()}
    late = sum(end.round.stopped == "seconds" for end in ends)
    note = f"budget of {budget} candidates" + (f"; {late} of {len(ends)} hit the time limit" if late else "")
    return StrategyPoint(strategy, mean([end.iou for end in ends], "shares"), spent, note=note)


def nothing() -> Any:
    """The figure before a comparison."""
    return figures.empty("Press “Compare on this drawing”.")
