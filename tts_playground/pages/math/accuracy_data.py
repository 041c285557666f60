"""Accuracy against tokens over many problems: lines of independent solutions, points of searches, as they ship."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from tts_playground.estimators.curves import Curve
from tts_playground.experiments.comparison import StrategyPoint
from tts_playground.pages.math import recipe_data
from tts_playground.pages.math.page_state import Starter, starter
from tts_playground.pages.math.solution_pool import accuracy_curves
from tts_playground.pages.math.trust import DifficultyBin, difficulty_bins

SHOWN = ("weighted", "majority", "naive")
"""the selectors with a line, in the order of their colours"""


@dataclass(frozen=True)
class AccuracyData:
    """Numbers over many problems."""

    lines: tuple[Curve, ...] = ()
    points: tuple[StrategyPoint, ...] = ()
    title: str = ""
    bins: tuple[DifficultyBin, ...] = ()


def vote_for(line: Curve, tokens: float) -> tuple[int, float]:
    """(whole solutions, accuracy) of a vote that spends at most ``tokens`` a problem, as far as the line reaches."""
    unit = line.unit.get("tokens", 0.0)
    n = int(min(max(tokens / unit, float(line.n[0])), float(line.n[-1])) if unit else line.n[-1])
    return n, line.at(n)


@lru_cache(maxsize=32)
def accuracy_data(aggregation: str = "last", level: int = 0) -> AccuracyData:
    """What ships: the recipes' data on math-eval where it is installed, else the starter's problems.

    Args:
        aggregation: makes one number of step scores; the recipes were run with the last one.
        level: of the problems, 1 to 5; 0 is all.
    """
    if recipe_data.rows():
        some = recipe_data.of_level(level)
        which = f"{recipe_data.problems(some)} problems of math-eval" + (f", level {level}" if level else "")
        bins = tuple(recipe_data.difficulty_bins(recipe_data.of_level(0)))
        title = f"{which}, tiny:math, T = 0.8, last step"
        return AccuracyData(recipe_data.lines(some), recipe_data.points(some), title, bins)
    held = starter()
    return AccuracyData() if held is None else _of_starter(held, aggregation, level)


def _of_starter(held: Starter, aggregation: str, level: int) -> AccuracyData:
    places = [place for place, one in enumerate(held.problems) if level in (0, one.level)]
    pools = [held.pools[place] for place in places]
    curves = accuracy_curves(pools, aggregation)
    lines = tuple(curves[name] for name in SHOWN if name in curves)
    searched = len({run["problem"] for run in held.runs} & set(places))
    which = f"{len(places)} problems" + (f" of level {level}" if level else "")
    title = f"{which}, searches on {searched}, tiny:math, T = 0.8"
    return AccuracyData(lines, tuple(held.points(places)), title, tuple(difficulty_bins(held.pools, aggregation)))
