"""How right it is to choose among N of a problem's completions, over all choices of N (see ``accuracy``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tts_playground.estimators.curves import expected_pick, pass_at_k
from tts_playground.estimators.voting import expected_majority, expected_majority_of_blocks
from tts_playground.experiments.recipes.columns import powers
from tts_playground.experiments.recipes.completed import CompletedProblem

MANY = 64
"""completions from which on fewer random orders stand for all subsets of a vote"""
Values = NDArray[np.float64]


def sizes(n: int, size: int) -> list[int]:
    """The N at which there are numbers: powers of two and n, as far as whole groups of ``size`` come to them."""
    return [at for at in sorted({*powers(n), n}) if at % size == 0]


def of_problem(one: CompletedProblem, size: int, how: str) -> dict[str, Values]:
    """Rule -> how right it is at each of ``sizes``, averaged over all choices of N completions.

    Without scores there are votes of the majority and pass@N alone.

    Args:
        size: completions that stand or fall together.
        how: makes one number of step scores.
    """
    n = len(one.completions)
    ns = sizes(n, size)
    right = np.array(one.right, dtype=np.float64)
    blocks = np.array([at // size for at in ns])
    gold = right.reshape(-1, size)
    says = np.array([bool(name) for name in one.names], dtype=np.float64)
    found = {
        "pass": np.atleast_1d(pass_at_k(n // size, int(gold.any(1).sum()), list(blocks))),
        "majority": _voted(one.names, right, blocks, size, says),
    }
    if not one.scores:
        return found
    rewards = np.array(one.rewards(how))
    scores = rewards.reshape(-1, size)
    best = scores.max(1)
    picked = (gold * (scores == best[:, None])).sum(1) / (scores == best[:, None]).sum(1)
    found["naive"] = expected_pick(best, picked, blocks)
    found["weighted"] = _voted(one.names, right, blocks, size, says * np.maximum(rewards, 0.0))
    return found


def _voted(names: Sequence[str], right: Values, blocks: NDArray[Any], size: int, weights: Values) -> Values:
    draws = 2000 if len(names) <= MANY else 400
    if size == 1:
        return expected_majority(names, right, blocks, weights=weights, exact_up_to=draws, draws=draws)
    return expected_majority_of_blocks(names, right, blocks, size, weights=weights, exact_up_to=draws, draws=draws)
