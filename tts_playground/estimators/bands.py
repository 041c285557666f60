# scipy ships no types.
# pyright: reportMissingTypeStubs=false
"""The band of a curve: how sure best-of-N is at every N (numpy only). ``intervals`` has those of means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import special

from tts_playground.estimators.intervals import FEW, means, of_rate, rate, studentised_ends
from tts_playground.estimators.order_statistics import Floats, Ints, best_weights
from tts_playground.randomness import generator

_BLOCK = 1 << 22
"""floats held at once while resampling: 32 MiB"""
_PLACES = 16
"""values of N at which the band of one pool is computed; between them its reach is interpolated in log N"""


def band(
    proxy: Sequence[Floats],
    gold: Sequence[Floats],
    ns: Ints,
    each: Floats,
    weights: Mapping[int, Floats],
    *,
    draws: int = 400,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[Floats, Floats]:
    """[n_N] lower and upper ends of the band around the mean of ``each`` [prompts, n_N]; NaN where none is honest.

    Several prompts are independent observations, and the noise of their pools is part of how much they differ: the
    interval is that of a mean over prompts. One prompt's pool is another matter, see ``_of_checks`` and ``_of_values``.
    """
    if len(proxy) > 1:
        shares = all(row.min() >= 0.0 and row.max() <= 1.0 for row in gold)
        return means(each, "shares" if shares else "values", level=level, seed=seed)
    checks, mean = np.isin(gold[0], (0.0, 1.0)).all(), each[0]
    if checks and np.array_equal(proxy[0], gold[0]):
        p = rate(int(gold[0].sum()), len(gold[0]), level)
        low, high = (1 - (1 - np.asarray(end, dtype=np.float64)) ** ns for end in (p.low, p.high))
    elif np.ptp(proxy[0]) == 0:  # nothing to choose by: one draw, whatever N is
        low, high = means(gold[0][:, None], level=level, seed=seed)
        low, high = np.repeat(low, len(ns)), np.repeat(high, len(ns))
    elif checks:
        low, high = _of_checks(ns, mean, weights[len(proxy[0])], level)
    else:
        low, high = _of_values(proxy[0], gold[0], ns, mean, weights[len(proxy[0])], draws, level, seed)
    return np.minimum(low, mean), np.maximum(high, mean)


def _of_checks(ns: Ints, mean: Floats, weights: Floats, level: float) -> tuple[Floats, Floats]:
    """Of one pool of M 0/1 checks among which another reward chooses: a rate over so many observations as N leaves.

    Subsets of N share samples, so the estimate varies at most as the mean of M/N independent outcomes (Hoeffding 1948,
    theorem 5.2); were the choices fixed, as that of 1 / sum(weights^2), about twice as many. The band takes their
    geometric mean, which covers (``docs/intervals.md``); the estimate's own standard error would not.
    """
    bound, fixed = weights.shape[1] / ns, 1 / (weights**2).sum(axis=1)
    return of_rate(np.clip(mean, 0.0, 1.0), np.sqrt(bound * fixed), level)


def _of_values(
    proxy: Floats, gold: Floats, ns: Ints, mean: Floats, weights: Floats, draws: int, level: float, seed: int
) -> tuple[Floats, Floats]:
    """Of one pool of M scores, for N up to M/2: the wider of a jackknife with Student's t and a studentised bootstrap.

    A resample repeats samples, so its maximum is biased low: only how far resamples lie from the pool, in standard
    errors of their own, is used. About M/N independent groups stand behind best-of-N; t has as many degrees of freedom.
    Beyond M/2, and below 8 samples, no such interval covers what it says.
    """
    size = len(proxy)
    low, high = np.full(len(ns), np.nan), np.full(len(ns), np.nan)
    inside = np.flatnonzero(2 * ns <= size)
    if size < FEW or not len(inside) or np.ptp(gold) == 0:
        return low, high
    places = inside[np.unique(np.linspace(0, len(inside) - 1, _PLACES).round().astype(int))]
    below, above = np.empty(len(places)), np.empty(len(places))
    t = special.stdtrit(size / ns[places], 0.5 + level / 2)
    order = np.argsort(proxy)
    values, error = gold[order], _errors(proxy, gold, ns[places], weights[places], draws, seed)
    if _uneven(values, proxy[order]):
        below[:], above[:] = t * error, t * error
    else:
        rng = generator(seed, "band")
        picks = np.sort(rng.integers(size, size=(draws, size)), axis=1)
        for i, place in enumerate(places):
            row, n = weights[place], int(ns[place])
            moved, errors = values[picks] @ row - values @ row, _jackknife(values[picks], n)
            lower, upper = studentised_ends(moved[:, None], errors[:, None], level)
            reach = np.array([max(t[i], upper[0]), max(t[i], -lower[0])]) * error[i]
            below[i], above[i] = reach if error[i] > 0 and np.isfinite(reach).all() else (np.nan, np.nan)
    at, where = np.log(ns[inside]), np.log(ns[places])
    low[inside] = mean[inside] - np.interp(at, where, below)
    high[inside] = mean[inside] + np.interp(at, where, above)
    if gold.min() >= 0.0 and gold.max() <= 1.0:  # an overlap stays one
        low, high = np.maximum(low, 0.0), np.minimum(high, 1.0)
    return low, high


def _errors(proxy: Floats, gold: Floats, ns: Ints, weights: Floats, draws: int, seed: int) -> Floats:
    """[n_N] standard errors from one pool; 0 at N = M, of which there is one subset."""
    order = np.argsort(proxy)
    if _uneven(gold[order], proxy[order]):  # ties that share a mean have no jackknife by rank; resamples respect them
        return _resampled(proxy, gold, weights, draws, generator(seed, "band")).std(axis=0, ddof=1)
    values = gold[order][None]
    return np.array([_jackknife(values, int(n))[0] if n < len(gold) else 0.0 for n in ns])


def _jackknife(values: Floats, n: int) -> Floats:
    """[rows] standard error of best-of-n from each row of ``values`` [rows, M], sorted by what chooses (Tukey 1958)."""
    size = values.shape[1]
    weights = best_weights(size - 1, [n])[0]
    left_out = np.zeros(values.shape)
    np.cumsum(values[:, :-1] * weights, axis=1, out=left_out[:, 1:])  # below the one left out ranks stay
    above = values[:, 1:] * weights  # above it they move down by one
    left_out[:, :-1] += np.cumsum(above[:, ::-1], axis=1)[:, ::-1]
    return np.sqrt((size - 1) * left_out.var(axis=1))


def _uneven(values: Floats, ranked: Floats) -> bool:
    """Whether samples that tie in what chooses differ in what is measured; both sorted by what chooses."""
    group = np.concatenate(([0], np.cumsum(ranked[1:] != ranked[:-1])))
    return not np.array_equal(values, (np.bincount(group, values) / np.bincount(group))[group])


def _resampled(proxy: Floats, gold: Floats, weights: Floats, count: int, rng: np.random.Generator) -> Floats:
    """[count, n_N] curves of one prompt's pool, resampled with replacement ``count`` times."""
    m = len(proxy)
    order = np.argsort(proxy)
    values, ranked = gold[order], proxy[order]
    group = np.concatenate(([0], np.cumsum(ranked[1:] != ranked[:-1])))
    uneven = _uneven(values, ranked)
    curves = np.empty((count, len(weights)))
    step = max(1, _BLOCK // (m + 1))
    for start in range(0, count, step):
        rows = min(step, count - start)
        # sorted uniforms without sorting: normalised running sums of exponentials (Renyi's representation)
        spacing = np.cumsum(rng.standard_exponential((rows, m + 1)), axis=1)
        picks = np.minimum((spacing[:, :-1] / spacing[:, -1:] * m).astype(np.int64), m - 1)
        sample = values[picks]
        if uneven:  # ties in the proxy with different gold: the tie means are the resample's own
            cell = (group[picks] + np.arange(rows)[:, None] * (group[-1] + 1)).ravel()
            size = np.maximum(np.bincount(cell, minlength=rows * (group[-1] + 1)), 1)
            sample = (np.bincount(cell, sample.ravel(), minlength=len(size)) / size)[cell].reshape(sample.shape)
        curves[start : start + rows] = sample @ weights.T
    return curves
