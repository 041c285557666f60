"""How sure a curve or a difference is: bootstrap bands, paired bootstrap, Wilson intervals (numpy only)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from tts_playground.errors import BadInput
from tts_playground.randomness import generator
from tts_playground.runs.curves import Floats, Ints

_BLOCK = 1 << 22
"""floats held at once while resampling: 32 MiB"""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its confidence interval."""

    value: float
    low: float
    high: float
    n: int
    """observations behind it"""

    def as_dict(self) -> dict[str, float]:
        """The form in which metrics are reported."""
        return {"value": self.value, "low": self.low, "high": self.high, "n": self.n}


def wilson(successes: int, n: int, level: float = 0.95) -> Interval:
    """Wilson's score interval of one rate: sensible at 0 and at 1, where the bootstrap has no width (Wilson 1927)."""
    if n < 1 or not 0 <= successes <= n:
        raise BadInput(f"A rate needs 0 <= successes <= n and n >= 1; got {successes} of {n}.")
    z = NormalDist().inv_cdf(0.5 + level / 2)
    rate = successes / n
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    return Interval(rate, max(0.0, min(rate, centre - half)), min(1.0, max(rate, centre + half)), n)


def bootstrap(values: ArrayLike, *, draws: int = 2000, level: float = 0.95, seed: int = 0) -> Interval:
    """Percentile bootstrap of the mean of ``values`` [n] (Efron 1979)."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0 or not np.isfinite(array).all():
        raise BadInput("A mean needs a list of at least one finite number.")
    rng = generator(seed, "bootstrap")
    picks = rng.integers(len(array), size=(draws, len(array)))
    low, high = np.quantile(array[picks].mean(axis=1), [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(array.mean()), float(low), float(high), len(array))


def paired_bootstrap(a: ArrayLike, b: ArrayLike, *, draws: int = 2000, level: float = 0.95, seed: int = 0) -> Interval:
    """Interval of mean(a - b) where a[i] and b[i] come from the same prompt: prompts are resampled, pairs kept."""
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape:
        raise BadInput(f"A paired comparison needs one value a prompt of both; got {first.size} and {second.size}.")
    return bootstrap(first - second, draws=draws, level=level, seed=seed)


def band(
    proxy: Sequence[Floats],
    gold: Sequence[Floats],
    ns: Ints,
    mean: Floats,
    weights: Mapping[int, Floats],
    *,
    draws: int = 400,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[Floats, Floats]:
    """[n_N] lower and upper ends of the band around ``mean``: prompts resampled, then the samples of each.

    The estimator itself is unbiased, but a resample repeats samples, so its maximum is biased low. Only the spread of
    the resamples is therefore used: they are moved to centre on the estimate. One prompt with 0/1 rewards has an
    interval that is right even at 0 of M: Wilson's for the rate p, carried through 1 - (1-p)^N.
    """
    if len(proxy) == 1 and np.array_equal(proxy[0], gold[0]) and np.isin(gold[0], (0.0, 1.0)).all():
        rate = wilson(int(gold[0].sum()), len(gold[0]), level)
        low, high = (1 - (1 - end) ** ns for end in (rate.low, rate.high))
        return np.minimum(low, mean), np.maximum(high, mean)
    rng = generator(seed, "band")
    prompts = len(proxy)
    copies = rng.multinomial(prompts, np.full(prompts, 1 / prompts), size=draws)
    total = np.zeros((draws, len(ns)))
    for p in range(prompts):
        rows = np.repeat(np.arange(draws), copies[:, p])
        np.add.at(total, rows, _resampled(proxy[p], gold[p], weights[len(proxy[p])], len(rows), rng))
    replicates = total / prompts
    low, high = np.quantile(replicates - replicates.mean(axis=0), [(1 - level) / 2, (1 + level) / 2], axis=0)
    low, high = mean + np.minimum(low, 0), mean + np.maximum(high, 0)
    if all(row.min() >= 0.0 and row.max() <= 1.0 for row in gold):  # a rate or an overlap stays one
        low, high = np.maximum(low, 0.0), np.minimum(high, 1.0)
    return low, high


def _resampled(proxy: Floats, gold: Floats, weights: Floats, count: int, rng: np.random.Generator) -> Floats:
    """[count, n_N] curves of one prompt's pool, resampled with replacement ``count`` times."""
    m = len(proxy)
    order = np.argsort(proxy)
    values, ranked = gold[order], proxy[order]
    group = np.concatenate(([0], np.cumsum(ranked[1:] != ranked[:-1])))
    uneven = not np.array_equal(values, (np.bincount(group, values) / np.bincount(group))[group])
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
