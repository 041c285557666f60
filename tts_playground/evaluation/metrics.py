"""A measured number with its 95 % interval, in the form that every ``eval`` reports: value, low, high, n."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tts_playground.estimators import intervals


def mean(values: ArrayLike) -> dict[str, Any]:
    """The mean of one value an observation (a prompt, a scene); low and high are None where they are all equal."""
    return intervals.mean(values, "values").as_dict()


def share(values: ArrayLike) -> dict[str, Any]:
    """The mean of one share an observation: a pass rate, a part of something, 0 to 1; 0 and 1 keep a width."""
    return intervals.mean(values, "shares").as_dict()


def gain(a: ArrayLike, b: ArrayLike) -> dict[str, Any]:
    """The mean of a - b, pairs kept together: each is of one prompt."""
    return intervals.paired(a, b).as_dict()


def rate(passed: ArrayLike) -> dict[str, Any]:
    """The rate of independent yes-or-no outcomes."""
    outcomes = np.asarray(passed, dtype=bool)
    return intervals.rate(int(outcomes.sum()), outcomes.size).as_dict()


def setting(value: float) -> dict[str, Any]:
    """A number that was chosen, not estimated: no interval, and nothing that it was observed on."""
    return {"value": float(value), "low": None, "high": None, "n": None}
