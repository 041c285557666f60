"""What any rule that picks one of N answers gives out of a pool of M, averaged over what is drawn first (numpy only).

The rule is asked, and may go by anything, the order of the answers included: where the ordered choices of N out of M
are few, it is asked about all of them; elsewhere about random orders of the pool, and one order serves every N. Rules
whose expectation has a closed form have estimators of their own (``estimators.curves``, ``estimators.voting``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import permutations
from math import perm

import numpy as np
from numpy.typing import ArrayLike

from tts_playground.errors import BadInput
from tts_playground.estimators.curves import Curve, Floats, finite, grid, numbers_within
from tts_playground.estimators.intervals import means
from tts_playground.randomness import generator

Rule = Callable[[Sequence[int]], int]
"""places of the pool, as drawn -> which of them is picked, counted in what was given"""


def expected_pick(
    pick: Rule, gold: ArrayLike, ns: ArrayLike, *, exact_up_to: int = 500, draws: int = 200, seed: int = 0
) -> Floats:
    """[n_N] expected gold value of what ``pick`` gives among N of the M samples.

    Args:
        gold: [M] value of each sample's answer (1 right, 0 wrong).
        exact_up_to: ask about all ordered choices of N while there are at most this many.
        draws: random orders of the pool where there are more.

    Raises:
        BadInput: it picks a place that is not among the answers.
    """
    values = finite(gold)
    m = len(values)
    numbers = numbers_within(ns, m)
    rng = generator(seed, "selection")
    orders = [rng.permutation(m).tolist() for _ in range(draws)]
    result = np.empty(len(numbers))
    for place, n in enumerate(map(int, numbers)):
        shown = permutations(range(m), n) if perm(m, n) <= exact_up_to else (order[:n] for order in orders)
        result[place] = np.mean([values[_picked(pick, list(one))] for one in shown])
    return result


def _picked(pick: Rule, shown: list[int]) -> int:
    place = int(pick(shown))
    if not 0 <= place < len(shown):
        raise BadInput(f"A selector picked place {place} of {len(shown)} answers, counted from 0.")
    return shown[place]


def selection_curve(
    picks: Sequence[Rule],
    gold: Sequence[ArrayLike],
    *,
    ns: ArrayLike | None = None,
    label: str = "",
    measure: str = "accuracy",
    unit: Mapping[str, float] | None = None,
    draws: int = 200,
    seed: int = 0,
) -> Curve:
    """The curve of one rule over prompts, one ``pick`` and one row of gold values each, with 95 % bands over prompts.

    With one prompt there are no bands.

    Raises:
        BadInput: there is no rule, or not one row of gold values for each.
    """
    if not picks or len(picks) != len(gold):
        raise BadInput("A selection curve needs one rule and one row of gold values a prompt.")
    smallest = min(np.size(row) for row in gold)
    numbers = grid(smallest) if ns is None else numbers_within(ns, smallest)
    pairs = zip(picks, gold, strict=True)
    rows = np.array([expected_pick(pick, own, numbers, draws=draws, seed=seed) for pick, own in pairs])
    low = high = None
    if len(rows) > 1:
        shares = all(np.min(own) >= 0 and np.max(own) <= 1 for own in gold)
        low, high = means(rows, "shares" if shares else "values", seed=seed)
    return Curve(numbers, rows.mean(axis=0), low, high, label, False, smallest, len(rows), measure, dict(unit or {}))
