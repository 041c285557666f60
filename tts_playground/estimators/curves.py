"""Exact curves of best-of-N and its relatives from a pool of M independent samples, all N at once (numpy only).

A pool of M independent draws says what best-of-N would give for every N <= M: average the maximum over all C(M, N)
subsets. With the rewards sorted ascending that average is a weighted sum of order statistics,

    E[best of N] = sum_i  C(i-1, N-1) / C(M, N)  r_i,

so every N costs one row of a weight matrix and the whole curve is one matrix product: no resampling, no noise. The same
weights give pass@k (0/1 rewards; Chen et al. 2021, arXiv:2107.03374), worst-of-N (weights reversed) and the gold value
of a proxy's pick (sorted by the proxy, averaged over ties).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tts_playground.errors import BadInput
from tts_playground.estimators.order_statistics import Floats, Ints, best_weights, finite, grid, numbers_within


@dataclass(frozen=True, eq=False)
class Curve:
    """A quantity as a function of the number N of candidates."""

    n: Ints
    """[n_N] numbers of candidates, ascending, between 1 and ``pool_size``"""
    mean: Floats
    """[n_N] the estimate, averaged over prompts"""
    low: Floats | None
    """[n_N] lower end of the band, NaN where none is honest (``estimators.bands``); None when no band was asked for"""
    high: Floats | None
    """[n_N] upper end of the band"""
    label: str = "best-of-N"
    oracle: bool = False
    """True when the choice looks at the answer: a ceiling, not something a user could obtain"""
    pool_size: int = 0
    """M, the samples per prompt (the smallest over prompts); beyond N = M/2 the estimate leans on few samples"""
    prompts: int = 1
    measure: str = "reward"
    """what ``mean`` measures, in words for the axis"""
    unit: Mapping[str, float] = field(default_factory=dict[str, float])
    """mean cost of one candidate by the names of ``core.Cost``, for other cost axes"""

    def at(self, n: int) -> float:
        """The estimate at ``n``, interpolated in log N between the points of the grid.

        Raises:
            BadInput: ``n`` lies outside of the grid.
        """
        if not self.n[0] <= n <= self.n[-1]:
            raise BadInput(f"The curve covers N from {self.n[0]} to {self.n[-1]}; {n} lies outside.")
        place = float(np.log(n))  # by numpy, as those of the grid are
        return float(np.interp(place, np.log(self.n), self.mean))

    def ends(self, n: int) -> tuple[float, float] | None:
        """The band at ``n``; None where there is none, and between the points of the grid."""
        place = int(np.searchsorted(self.n, n))
        if self.low is None or self.high is None or place == len(self.n) or self.n[place] != n:
            return None
        low, high = float(self.low[place]), float(self.high[place])
        return (low, high) if np.isfinite(low) and np.isfinite(high) else None

    def as_dict(self) -> dict[str, Any]:
        """Plain lists and numbers, for JSON; the band is None where there is none."""
        band = {} if self.low is None or self.high is None else {"low": _known(self.low), "high": _known(self.high)}
        return {
            "label": self.label,
            "measure": self.measure,
            "oracle": self.oracle,
            "pool_size": self.pool_size,
            "prompts": self.prompts,
            "n": self.n.tolist(),
            "mean": self.mean.tolist(),
            **band,
        }


def _known(ends: Floats) -> list[float | None]:
    return [float(end) if np.isfinite(end) else None for end in ends]


def expected_best(rewards: ArrayLike, ns: ArrayLike) -> Floats:
    """[..., n_N] expected maximum of N of the M rewards ``[..., M]`` drawn without replacement; exact."""
    return _weighed(np.sort(finite(rewards), axis=-1), ns)


def expected_pick(proxy: ArrayLike, gold: ArrayLike, ns: ArrayLike) -> Floats:
    """[..., n_N] expected gold value of the candidate with the highest proxy among N; exact, ties broken at random."""
    return _weighed(_ranked_gold(finite(proxy), finite(gold)), ns)


def _weighed(values: Floats, ns: ArrayLike) -> Floats:
    """[..., n_N] means of ``values`` [..., M]; never outside of them, so that equal values give exactly themselves."""
    means = values @ best_weights(values.shape[-1], ns).T
    return np.clip(means, values.min(-1, keepdims=True), values.max(-1, keepdims=True))


def pass_at_k(n: int, correct: ArrayLike, k: ArrayLike) -> Floats:
    """1 - C(n-c, k)/C(n, k): chance that any of ``k`` of ``n`` samples passes when ``correct`` pass; broadcasts.

    Equals ``expected_best`` of 0/1 rewards. Chen et al. 2021, arXiv:2107.03374, equation 1.

    Raises:
        BadInput: ``k`` is not within 1..n, or ``correct`` not within 0..n.
    """
    c, size = np.asarray(correct, dtype=np.int64)[..., None], np.atleast_1d(numbers_within(k, n))
    if np.any((c < 0) | (c > n)):
        raise BadInput(f"The number of correct samples must lie between 0 and {n}.")
    steps = np.arange(n)
    # prod over j < k of (n - c - j)/(n - j): a running product, so all k cost one pass
    ratio = np.clip((n - c - steps) / (n - steps), 0, 1)
    result: Floats = 1 - np.cumprod(ratio, axis=-1, dtype=np.float64)[..., size - 1]
    return result[..., 0] if np.ndim(k) == 0 else result


def kl_bound(ns: ArrayLike) -> Floats:
    """log N - (N-1)/N nats: upper bound on KL(best-of-N || base), tight without ties (Beirami et al. 2024)."""
    n = np.asarray(ns, dtype=np.float64)
    return np.log(n) - (n - 1) / n


def curve(
    rewards: Sequence[ArrayLike] | ArrayLike,
    gold: Sequence[ArrayLike] | ArrayLike | None = None,
    *,
    ns: ArrayLike | None = None,
    label: str = "best-of-N",
    oracle: bool = False,
    measure: str = "reward",
    unit: Mapping[str, float] | None = None,
    bands: bool = True,
    draws: int = 400,
    seed: int = 0,
) -> Curve:
    """The best-of-N curve of one or more prompts.

    Args:
        rewards: [M] for one prompt, or one row per prompt (rows may differ in length); what the choice is made by.
        gold: same shape; what is measured. None: the reward itself.
        ns: numbers of candidates; None takes ``grid`` of the smallest pool.
        bands: add 95 % bands over prompts; of one prompt over samples, from ``draws`` resamples and up to N = M/2.

    Raises:
        BadInput: an empty pool, a number that is not finite, or N outside 1..M.
    """
    proxy, values = _rows(rewards), _rows(rewards if gold is None else gold)
    if [len(row) for row in proxy] != [len(row) for row in values]:
        raise BadInput("The rewards and the gold values must have the same shape, one number a sample.")
    smallest = min(len(row) for row in proxy)
    numbers = grid(smallest) if ns is None else numbers_within(ns, smallest)
    weights = {m: best_weights(m, numbers) for m in {len(row) for row in proxy}}
    ranked = [_ranked_gold(p, g) for p, g in zip(proxy, values, strict=True)]
    each = [np.clip(weights[len(row)] @ row, row.min(), row.max()) for row in ranked]  # equal values stay themselves
    mean = np.mean(each, axis=0)
    low, high = None, None
    if bands:
        from tts_playground.estimators.bands import band  # scipy: only where a band is asked for

        low, high = band(proxy, values, numbers, np.array(each), weights, draws=draws, seed=seed)
    return Curve(numbers, mean, low, high, label, oracle, smallest, len(proxy), measure, dict(unit or {}))


def _ranked_gold(proxy: Floats, gold: Floats) -> Floats:
    """[..., M] gold sorted by proxy, each value replaced by the mean of its tie group."""
    if proxy.shape != gold.shape:
        raise BadInput("The rewards and the gold values must have the same shape, one number a sample.")
    order = np.argsort(proxy, axis=-1)
    ranked, values = np.take_along_axis(proxy, order, -1), np.take_along_axis(gold, order, -1)
    new = np.ones(ranked.shape, dtype=bool)
    new[..., 1:] = ranked[..., 1:] != ranked[..., :-1]
    if new.all():
        return values
    group = np.cumsum(new.ravel()) - 1  # a row starts a group of its own, so groups never span rows
    means = np.bincount(group, weights=values.ravel()) / np.bincount(group)
    return means[group].reshape(values.shape)


def _is_array(values: object) -> TypeGuard[NDArray[Any]]:
    return isinstance(values, np.ndarray)


def _rows(values: Sequence[ArrayLike] | ArrayLike) -> list[Floats]:
    """One float row per prompt, from a vector, a matrix or a ragged list of vectors."""
    if _is_array(values):
        array = finite(values)
        rows = [array] if array.ndim == 1 else list(array)
    else:
        items: list[Any] = list(values) if isinstance(values, Iterable) else [values]
        rows = [finite(items)] if items and np.ndim(items[0]) == 0 else [finite(item) for item in items]
    if not rows or any(row.ndim != 1 for row in rows):
        raise BadInput("A curve needs the scores of one prompt (a list) or of several (a list of lists).")
    return rows
