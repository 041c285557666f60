"""How far choices are from uniform: tests, effect sizes, power, and intervals that respect pictures as clusters.

Arrays hold one picture a row: ``counts`` are picks [pictures, k], ``p`` are probabilities [pictures, k] with sum 1; k
is the same for all rows. Effect sizes stand before p-values: with enough draws every real model fails every test.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special  # not scipy.stats, which takes a second to import

from tts_playground.errors import BadInput
from tts_playground.estimators.intervals import LEVEL, Interval, clustered
from tts_playground.randomness import generator

ALPHA = 0.01
"""false-alarm rate of a test, as in the proof of concept"""
FEW = 5.0
"""expected picks a cell below which chi-square's distribution is simulated instead of taken from its limit"""
SIMULATED = 20_000
"""uniform pictures that are simulated then"""

Floats = NDArray[np.float64]


def chi_square(counts: ArrayLike) -> tuple[Floats, Floats]:
    """Pearson's statistic against uniform and its p-value, each [pictures]; df = k - 1.

    sum (O - N/k)^2 / (N/k). Where N/k < 5 the p-value is that of 20,000 simulated uniform pictures (never 0), else the
    limit's. A picture without picks has statistic 0 and p-value 1.
    """
    observed = _table(counts)
    n, k = observed.sum(axis=1), observed.shape[1]
    statistic = _statistic(observed)
    p_value = special.chdtrc(k - 1, statistic)
    for few in np.unique(n[(n < FEW * k) & (n > 0)]):
        rows = n == few
        uniform = generator("chi-square", int(few), k).multinomial(int(few), np.full(k, 1 / k), size=SIMULATED)
        reference = np.sort(_statistic(uniform.astype(np.float64)))
        above = SIMULATED - np.searchsorted(reference, statistic[rows] - 1e-9)
        p_value[rows] = (above + 1) / (SIMULATED + 1)
    return statistic, np.where(n > 0, p_value, 1.0)


def _statistic(observed: Floats) -> Floats:
    n, k = observed.sum(axis=1, keepdims=True), observed.shape[1]
    expected = np.maximum(n, 1e-12) / k
    return ((observed - n / k) ** 2 / expected).sum(axis=1)


def cramers_v(chi2: ArrayLike, n: ArrayLike, k: int, *, corrected: bool = False) -> Floats:
    """Cramer's V = sqrt(chi2 / (N (k - 1))), 0 fair to 1 always the same cell; elementwise.

    ``corrected`` takes off what uniform picks give on average, sqrt(max(0, chi2 - (k - 1)) / (N (k - 1))): raw V is
    above 0 by about 1/sqrt(N) for a fair chooser too (``noise_floor``). 0 where there are no picks.
    """
    statistic, size = np.asarray(chi2, np.float64), np.asarray(n, np.float64)
    excess = np.maximum(0.0, statistic - (k - 1)) if corrected else statistic
    return np.sqrt(np.divide(excess, size * (k - 1), out=np.zeros_like(excess + size), where=size > 0))


def noise_floor(n: ArrayLike, k: int) -> Floats:
    """Mean of raw Cramer's V when N picks are fair: that of a chi variable over sqrt(N df), about 1/sqrt(N)."""
    df = k - 1
    mean = np.sqrt(2) * np.exp(special.gammaln((df + 1) / 2) - special.gammaln(df / 2))
    return mean / np.sqrt(np.asarray(n, np.float64) * df)


def true_v(p: ArrayLike) -> Floats:
    """Cramer's V of the probabilities themselves, [pictures]: what raw V tends to as N grows; needs no draws."""
    rows = _table(p)
    k = rows.shape[1]
    return np.sqrt(k * ((rows - 1 / k) ** 2).sum(axis=1) / (k - 1))


def entropy(p: ArrayLike) -> Floats:
    """Shannon entropy over log k, [pictures]: 1 fair, 0 certain."""
    rows = _table(p)
    return special.entr(rows).sum(axis=1) / np.log(rows.shape[1])


def total_variation(p: ArrayLike, q: ArrayLike | None = None) -> Floats:
    """Half the absolute difference to ``q`` (None: uniform), [pictures]: the share of picks that would have to move."""
    rows = _table(p)
    other = np.full(rows.shape, 1 / rows.shape[1]) if q is None else _table(q)
    return 0.5 * np.abs(rows - other).sum(axis=1)


def power(p: ArrayLike, n: int | ArrayLike, alpha: float = ALPHA) -> Floats:
    """Chance that the chi-square test rejects at ``alpha`` when N picks come from ``p``: [pictures] or [n, pictures].

    Noncentral chi-square with noncentrality N k sum (p - 1/k)^2 (Cohen 1988); it is ``alpha`` for a fair chooser.
    """
    rows = _table(p)
    k = rows.shape[1]
    size = np.asarray(n, np.float64)
    shift = k * ((rows - 1 / k) ** 2).sum(axis=1)
    noncentrality = size[..., None] * shift if size.ndim else size * shift
    threshold = special.chdtri(k - 1, alpha)
    found = 1 - special.chndtr(threshold, k - 1, np.maximum(noncentrality, 1e-12))
    return np.where(noncentrality > 1e-9, np.clip(np.nan_to_num(found, nan=1.0), alpha, 1.0), alpha)


def expected_v(p: ArrayLike, n: int) -> Floats:
    """Root mean square of raw Cramer's V over samples of N picks from ``p``, [pictures]: bias and noise together.

    E[chi2] = N k sum (p^2 + p (1 - p)/N) - N = sum over cells k p (1 - p) + N k sum (p - 1/k)^2, exactly.
    """
    rows = _table(p)
    k = rows.shape[1]
    mean = k * (rows * (1 - rows)).sum(axis=1) + n * k * ((rows - 1 / k) ** 2).sum(axis=1)
    return np.sqrt(mean / (n * (k - 1)))


def binomial_quantile(q: float, n: int, p: float) -> float:
    """The smallest count that a binomial variable does not exceed with probability ``q``."""
    count = np.ceil(special.bdtrik(q, n, p))
    below = max(count - 1, 0)
    return float(below if special.bdtr(below, n, p) >= q else count)


def holm(p_values: ArrayLike, alpha: float = ALPHA) -> NDArray[np.bool_]:
    """Which of several tests reject when the chance of any false alarm is held at ``alpha`` (Holm 1979)."""
    values = np.asarray(p_values, np.float64)
    order = np.argsort(values)
    passed = values[order] <= alpha / np.arange(len(values), 0, -1)
    found = np.zeros(len(values), bool)
    found[order] = np.logical_and.accumulate(passed)  # the first that does not pass stops all that follow
    return found


def cluster_weights(
    clusters: Sequence[int] | NDArray, draws: int, seed: int = 0, *, fractional: bool = False
) -> Floats:
    """[draws, rows] how often each row counts when whole clusters are drawn with replacement.

    ``fractional`` spreads the draws as exponential weights instead of whole numbers (Rubin 1981; Xu et al. 2020), so
    that no cluster, and with it no level of a factor, is ever left out: what a regression needs.
    """
    _, index = np.unique(np.asarray(clusters), return_inverse=True)
    count = int(index.max()) + 1
    noise = generator(seed, "clusters")
    if fractional:
        copies = noise.dirichlet(np.ones(count), size=draws) * count
    else:
        copies = noise.multinomial(count, np.full(count, 1 / count), size=draws)
    return copies[:, index].astype(np.float64)


def cluster_mean(
    values: ArrayLike, clusters: Sequence[int] | None = None, *, level: float = LEVEL, seed: int = 0
) -> Interval:
    """Mean of one value a picture with an interval over clusters of pictures (by default: each its own).

    Draws from one picture share the picture, so picks must not be pooled into one binomial. ``n`` counts pictures.
    """
    array = np.asarray(values, np.float64)
    return clustered(array, range(len(array)) if clusters is None else clusters, level=level, seed=seed)


def _table(values: ArrayLike) -> Floats:
    array = np.atleast_2d(np.asarray(values, np.float64))
    if array.ndim != 2 or array.shape[1] < 2 or not np.isfinite(array).all() or (array < 0).any():
        raise BadInput("Picks and probabilities are a table of one row a picture, two cells or more, nothing negative.")
    return array
