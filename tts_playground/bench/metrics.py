"""A measured number with its 95 % interval, in the form that every ``eval`` reports: value, low, high, n."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tts_playground.runs.bands import bootstrap, paired_bootstrap, wilson


def mean(values: ArrayLike) -> dict[str, Any]:
    """The mean of one value an observation (a prompt, a scene), by bootstrap over observations.

    Where all of them are 0, or all 1, a resample cannot vary; the interval is then Wilson's for such a rate.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.size and (np.all(array == 0) or np.all(array == 1)):
        return wilson(int(array.sum()), array.size).as_dict()
    return bootstrap(array).as_dict()


def gain(a: ArrayLike, b: ArrayLike) -> dict[str, Any]:
    """The mean of a - b, pairs kept together: each is of one prompt."""
    return paired_bootstrap(a, b).as_dict()


def rate(passed: ArrayLike) -> dict[str, Any]:
    """The rate of independent yes-or-no outcomes, with Wilson's interval."""
    outcomes = np.asarray(passed, dtype=bool)
    return wilson(int(outcomes.sum()), outcomes.size).as_dict()


def count(value: float, n: int) -> dict[str, Any]:
    """A number that is known, not estimated: an interval of no width."""
    return {"value": float(value), "low": float(value), "high": float(value), "n": n}
