"""The recipes' data that ships, as the page needs it: five approaches on math-eval, at every N that they ran at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np

from tts_playground.estimators.curves import Curve
from tts_playground.estimators.intervals import Interval, mean
from tts_playground.experiments.comparison import StrategyPoint
from tts_playground.experiments.compute_optimal import BINS, Gain
from tts_playground.experiments.recipes import shipped
from tts_playground.experiments.recipes.shipped import BASELINE, ShippedRow
from tts_playground.pages.math.solution_pool import CALLED
from tts_playground.pages.math.trust import DifficultyBin

RULES = ("weighted", "majority", "naive")
NAMES = {"beam_search": "beam"}
"""approach -> the strategy's registered name, where the two differ"""
AT = 16
"""completions of best_of_n whose tokens each approach may spend where they are compared by difficulty"""


@cache
def rows() -> tuple[ShippedRow, ...]:
    """All rows; none where the data is not installed."""
    return tuple(shipped.rows()) if shipped.there() else ()


def of_level(level: int) -> list[ShippedRow]:
    """The rows of the problems of one level; of all for 0."""
    return [row for row in rows() if level in (0, row.level)]


def problems(some: Iterable[ShippedRow]) -> int:
    """How many problems rows are about."""
    return len({row.unique_id for row in some})


def lines(some: Sequence[ShippedRow]) -> tuple[Curve, ...]:
    """Independent solutions: accuracy by rule at every N."""
    own = [row for row in some if row.approach == BASELINE]
    most = max((row.n for row in own), default=0)
    own = [row for row in own if row.n == most]
    return tuple(_curve(own, rule, most) for rule in RULES) if own else ()


def _curve(own: Sequence[ShippedRow], rule: str, most: int) -> Curve:
    ns = own[0].sizes
    found = [mean([row.right[rule][place] for row in own], "shares") for place in range(len(ns))]
    tokens = float(np.mean([row.tokens[-1] for row in own])) / most
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


def points(some: Sequence[ShippedRow], rule: str = "weighted") -> tuple[StrategyPoint, ...]:
    """Searches: accuracy of the weighted vote at every N that they were run at."""
    return tuple(
        StrategyPoint(
            NAMES.get(one.approach, one.approach),
            one.value,
            {"samples": one.n, "tokens": one.tokens},
            note=f"N = {one.n}",
            budget=one.n,
        )
        for one in shipped.points(some, rule)
        if one.approach != BASELINE
    )


def difficulty_bins(some: Sequence[ShippedRow], bins: int = BINS) -> list[DifficultyBin]:
    """Problems in equally large groups by how often one solution is right, and what each approach reaches on them.

    All spend at most the tokens of best_of_n at N = 16; an approach that cannot is left out.
    """
    easy = {row.unique_id: row.ease for row in some if row.approach == BASELINE}
    if not easy:
        return []
    at: dict[str, dict[str, float]] = defaultdict(dict)
    for one in shipped.at_equal_tokens(some):
        if one.budget == AT:
            at[one.strategy][one.problem] = one.value
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
    """What choosing the approach by difficulty gains at equal tokens, on problems that the choice was not made on.

    Difficulty is how often best_of_n is right, which needs the truth (Snell et al. 2024, an oracle's bins).
    """
    some = rows()
    if problems(some) < 2 * BINS or not any(row.approach == BASELINE and AT in row.sizes for row in some):
        return None
    return next(one for one in shipped.policy(some, oracle=True).gains if one.budget == AT)


def words(one: Interval) -> str:
    """ "54 % (49 % to 58 %)"."""
    return f"{one.value:.0%} ({one.words('.0%')})"
