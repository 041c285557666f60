"""Accuracy against tokens over many problems: lines of independent solutions, points of searches, as they ship."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from tts_playground.estimators.curves import Curve
from tts_playground.experiments.comparison import StrategyPoint
from tts_playground.pages.math.page_state import starter
from tts_playground.pages.math.solution_pool import SolutionPool, accuracy_curves

SHOWN = ("weighted", "majority", "naive")
"""the selectors with a line, in the order of their colours"""


@dataclass(frozen=True)
class AccuracyData:
    """Numbers over many problems."""

    lines: tuple[Curve, ...] = ()
    points: tuple[StrategyPoint, ...] = ()
    title: str = ""
    pools: tuple[SolutionPool, ...] = ()
    """the independent solutions behind the lines"""


@lru_cache(maxsize=8)
def accuracy_data(aggregation: str = "last") -> AccuracyData:
    """What ships, by how step scores become one; nothing where nothing ships."""
    held = starter()
    if held is None:
        return AccuracyData()
    points = tuple(held.points())
    searched = len({run["problem"] for run in held.runs})
    title = f"{len(held.problems)} problems, searches on {searched}, tiny:math, T = 0.8"
    return AccuracyData(lines(held.pools, aggregation), points, title, held.pools)


def lines(pools: Sequence[SolutionPool], aggregation: str) -> tuple[Curve, ...]:
    """One curve a selector."""
    curves = accuracy_curves(pools, aggregation)
    return tuple(curves[name] for name in SHOWN if name in curves)
