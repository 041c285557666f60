"""Weights of order statistics: what best-of-N gives on average, as a sum over the ranks of a pool (numpy only)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tts_playground.errors import BadInput

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def grid(m: int, points: int = 64) -> Ints:
    """``points`` distinct integers from 1 to ``m``, as evenly spaced in log N as integers can be; fewer if m is.

    Raises:
        BadInput: ``m`` is below 1.
    """
    if m < 1:
        raise BadInput("A curve needs at least one sample; draw some first.")
    if m <= points:
        return np.arange(1, m + 1)
    numbers = [1]
    for left in range(points - 1, 0, -1):  # spread what is left evenly, at least one apart
        numbers.append(max(numbers[-1] + 1, round(numbers[-1] * (m / numbers[-1]) ** (1 / left))))
    return np.array(numbers)


def best_weights(m: int, ns: ArrayLike) -> Floats:
    """[n_N, m] weights of the ascending order statistics in E[best of N]; each row sums to 1.

    From the top down: the largest has weight N/M, and going from rank i to i - 1 multiplies it by (i - N)/(i - 1). A
    running product needs neither factorials nor logarithms, and its relative error stays below M rounding errors.
    """
    n = numbers_within(ns, m)[:, None].astype(np.float64)
    weights = np.empty((len(n), m))
    weights[:, -1:] = n / m
    factors = weights[:, :-1]  # (i - N)/(i - 1) = 1 - (N - 1)/(i - 1), in place: new memory would take longer than this
    np.divide(n - 1, np.arange(1.0, m), out=factors)
    np.subtract(1, factors, out=factors)
    np.maximum(factors, 0, out=factors)  # exactly zero at i = N, and so is all below
    downwards = weights[:, ::-1]
    np.multiply.accumulate(downwards, axis=1, out=downwards)
    return weights


def finite(values: ArrayLike) -> Floats:
    """[..., M] the scores as floats; refuses an empty pool and numbers that are not finite.

    Raises:
        BadInput: an empty pool, or a number that is not finite.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim == 0 or array.shape[-1] == 0:
        raise BadInput("A curve needs at least one sample; draw some first.")
    if not np.isfinite(array).all():
        raise BadInput("A score is not a finite number; every reward must give one finite number a sample.")
    return array


def numbers_within(ns: ArrayLike, m: int) -> Ints:
    """[n_N] the numbers of candidates as integers; refuses what is not a whole number from 1 to ``m``.

    Raises:
        BadInput: one that is no whole number from 1 to ``m``.
    """
    given = np.atleast_1d(np.asarray(ns))
    numbers = given.astype(np.int64)
    if given.size == 0 or np.any(numbers != given) or numbers.min() < 1 or numbers.max() > m:
        raise BadInput(f"N must be whole numbers between 1 and the {m} samples of the pool; draw more for larger N.")
    return numbers
