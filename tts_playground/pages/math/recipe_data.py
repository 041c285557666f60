"""The recipes' data that ships, as the page needs it: five approaches on math-eval, at every N that they were run at.

A row an approach, n and problem: {"approach", "n", "unique_id", "level", "correct", "sizes", "tokens_at"} and, for each
rule, how right it is to choose among so many of its completions (``experiments.recipes``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from tts_playground import home
from tts_playground.estimators.curves import Curve
from tts_playground.estimators.intervals import Interval, mean
from tts_playground.experiments.comparison import StrategyPoint
from tts_playground.experiments.compute_optimal import BINS, Gain, Outcome, compute_optimal
from tts_playground.experiments.recipes.approaches import together
from tts_playground.pages.math.solution_pool import CALLED
from tts_playground.pages.math.trust import DifficultyBin

FILE = "recipes.parquet"
RULES = ("weighted", "majority", "naive")
BASELINE = "best_of_n"
WIDTH = 4
"""beam_width of the recipes that were run"""
NAMES = {"beam_search": "beam"}
"""approach -> the strategy's registered name, where the two differ"""
AT = 16
"""N at which approaches are compared by difficulty"""
Row = Mapping[str, Any]


@cache
def rows() -> tuple[Row, ...]:
    """All rows, without what each completion says; none where the data is not installed."""
    file = home.STARTERS / FILE
    if not file.is_file():
        return ()
    import pyarrow.parquet as pq

    names = ["approach", "n", "unique_id", "level", "sizes", "tokens_at", "correct", *RULES]
    return tuple(pq.read_table(file, columns=names).to_pylist())


def of_level(level: int) -> list[Row]:
    """The rows of the problems of one level; of all for 0."""
    return [row for row in rows() if level in (0, row["level"])]


def problems(some: Iterable[Row]) -> int:
    """How many problems rows are about."""
    return len({row["unique_id"] for row in some})


def counted(row: Row, at: int) -> bool:
    """Whether fewer completions of a row than its n are a smaller run of its approach."""
    return at == row["n"] or together(row["approach"], row["n"], WIDTH) < row["n"]


def lines(some: Sequence[Row]) -> tuple[Curve, ...]:
    """Independent solutions: accuracy by rule at every N."""
    own = [row for row in some if row["approach"] == BASELINE]
    most = max((row["n"] for row in own), default=0)
    own = [row for row in own if row["n"] == most]
    return tuple(_curve(own, rule, most) for rule in RULES) if own else ()


def _curve(own: Sequence[Row], rule: str, most: int) -> Curve:
    ns = own[0]["sizes"]
    found = [mean([row[rule][place] for row in own], "shares") for place in range(len(ns))]
    tokens = float(np.mean([row["tokens_at"][-1] for row in own])) / most
    ends = [[np.nan if end is None else end for end in (one.low, one.high)] for one in found]
    return Curve(
        np.array(ns),
        np.array([one.value for one in found]),
        np.array([low for low, _ in ends]),
        np.array([high for _, high in ends]),
        label=CALLED[rule],
        pool_size=most,
        prompts=len(own),
        measure="accuracy",
        unit={"samples": 1.0, "tokens": tokens, "verifier_calls": 1.0},
    )


def points(some: Sequence[Row], rule: str = "weighted") -> tuple[StrategyPoint, ...]:
    """Searches: accuracy of the weighted vote at every N that they were run at."""
    values: dict[tuple[str, int], list[tuple[float, float]]] = defaultdict(list)
    for row in some:
        if row["approach"] != BASELINE:
            for at, right, spent in zip(row["sizes"], row[rule], row["tokens_at"], strict=True):
                if counted(row, at):
                    values[row["approach"], at].append((right, spent))
    found = []
    for (approach, n), each in sorted(values.items()):
        cost = {"samples": n, "tokens": float(np.mean([spent for _, spent in each]))}
        result = mean([right for right, _ in each], "shares")
        found.append(StrategyPoint(NAMES.get(approach, approach), result, cost, note=f"N = {n}", budget=n))
    return tuple(found)


def _at(some: Sequence[Row], n: int, rule: str = "weighted") -> dict[str, dict[str, float]]:
    """Approach -> problem -> how right it is at N."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for row in some:
        if n in row["sizes"] and counted(row, n):
            found[row["approach"]].setdefault(row["unique_id"], row[rule][row["sizes"].index(n)])
    return found


def ease(some: Sequence[Row]) -> dict[str, float]:
    """Problem -> share of right ones among its independent solutions."""
    return {row["unique_id"]: float(np.mean(row["correct"])) for row in some if row["approach"] == BASELINE}


def difficulty_bins(some: Sequence[Row], bins: int = BINS) -> list[DifficultyBin]:
    """Problems in equally large groups by ``ease``, and what each approach reaches on them with N = 16."""
    easy, at = ease(some), _at(some, AT)
    if not easy:
        return []
    order = sorted(easy, key=lambda name: (easy[name], name))
    found = []
    for number, group in enumerate(np.array_split(np.array(order, dtype=object), min(bins, len(order)))):
        accuracy = {
            NAMES.get(approach, approach): float(np.mean([each[name] for name in group if name in each]))
            for approach, each in at.items()
            if any(name in each for name in group)
        }
        found.append(DifficultyBin(number, len(group), float(np.mean([easy[name] for name in group])), accuracy))
    return found


@cache
def policy_gain() -> Gain | None:
    """What choosing the approach by difficulty gains with N = 16, on problems that the choice was not made on.

    Difficulty is how often best_of_n is right, which needs the truth (Snell et al. 2024, an oracle's bins).
    """
    some = rows()
    outcomes = [
        Outcome(problem, approach, AT, value)
        for approach, each in _at(some, AT).items()
        for problem, value in each.items()
    ]
    if not any(one.strategy == BASELINE for one in outcomes) or problems(some) < 2 * BINS:
        return None
    known = ease(some)
    return compute_optimal(outcomes, known, baseline=BASELINE).gains[0]


def words(one: Interval) -> str:
    """ "54 % (49 % to 58 %)"."""
    return f"{one.value:.0%} ({one.words('.0%')})"
