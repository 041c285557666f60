"""bench curves: the exact best-of-N curve at every N at once, against the ways it is usually computed.

Three peers, each as fast as numpy lets it be: the resampled maximum over random subsets (what most plots of best-of-N
show, and noisy at that), the same closed form one N at a time with ``scipy.special.comb``, and with ``gammaln``.
"""

from __future__ import annotations

import numpy as np

from tts_playground.bench.timing import alternate, contended, row, timed_row
from tts_playground.estimators.curves import Floats, Ints, best_weights, curve, expected_best, grid
from tts_playground.randomness import generator

PROMPTS, SAMPLES, POINTS, SUBSETS = 8, 4096, 64, 100


def comb_loop(values: Floats, ns: Ints) -> Floats:
    """[prompts, n_N] the closed form, one N at a time, by scipy's exact-to-double binomials where they are finite.

    C(4096, N) overflows a double beyond N = 130, so past that the peer has to go through logarithms as well.
    """
    from scipy.special import comb

    ranked, m = np.sort(values, axis=1), values.shape[1]
    rank = np.arange(m)
    result = np.empty((len(values), len(ns)))
    for j, n in enumerate(ns):
        total = comb(m, n)
        weights = comb(rank, n - 1) / total if np.isfinite(total) else log_weights(rank, m, int(n))
        result[:, j] = ranked @ weights
    return result


def log_weights(rank: Ints, m: int, n: int) -> Floats:
    """[m] weights of the order statistics for one N, by scipy's ``gammaln``."""
    from scipy.special import gammaln

    above = rank[n - 1 :]
    log = gammaln(above + 1) - gammaln(n) - gammaln(above - n + 2)
    log -= gammaln(m + 1) - gammaln(n + 1) - gammaln(m - n + 1)
    return np.concatenate([np.zeros(n - 1), np.exp(log)])


def gammaln_loop(values: Floats, ns: Ints) -> Floats:
    """[prompts, n_N] the closed form, one N at a time, in logarithms."""
    ranked, m = np.sort(values, axis=1), values.shape[1]
    rank = np.arange(m)
    return np.stack([ranked @ log_weights(rank, m, int(n)) for n in ns], axis=1)


def resampled(values: Floats, ns: Ints, subsets: int = SUBSETS, seed: int = 0) -> Floats:
    """[prompts, n_N] mean maximum over random subsets; one shuffle serves every N, by its running maximum."""
    rng = generator(seed, "bench resampled")
    total = np.zeros((len(values), len(ns)))
    for _ in range(subsets):
        shuffled = rng.permuted(values, axis=1)
        total += np.maximum.accumulate(shuffled, axis=1)[:, ns - 1]
    return total / subsets


def run() -> dict:
    """Rows for ``bench curves``: 8 prompts x 4096 samples at 64 log-spaced N."""
    busy = contended()
    values = generator(0, "bench curves").standard_normal((PROMPTS, SAMPLES))
    ns = grid(SAMPLES, POINTS)
    name = f"{PROMPTS} prompts x {SAMPLES} samples, {len(ns)} N"

    def ours() -> Floats:
        return expected_best(values, ns)

    peers = {
        "scipy comb, one N at a time": lambda: comb_loop(values, ns),
        "scipy gammaln, one N at a time": lambda: gammaln_loop(values, ns),
        f"maximum over {SUBSETS} shuffles": lambda: resampled(values, ns),
    }
    rows = [timed_row(f"{name} / {peer}", ours, call, "at most 0.05 s", busy=busy) for peer, call in peers.items()]
    with_band, without = alternate(lambda: curve(values, ns=ns), lambda: curve(values, ns=ns, bands=False), repeats=3)
    rows.append(row(f"{name}: whole curve() without bands", without.median, None, "s", "at most 0.05 s", busy=busy))
    rows.append(row(f"{name}: whole curve() with its band over prompts", with_band.median, None, "s", busy=busy))
    rows.append(row("largest error against the closed form in exact integers", _error(), None, "", "at most 1e-9"))
    rows.append(_noise(values, ns))
    return {"name": "curves", "rows": rows}


def _error() -> float:
    """Largest relative error of our weights at M = 4096 against Python's integers of any size."""
    from fractions import Fraction
    from math import comb

    worst = 0.0
    for n in (2, 64, 1000, 4000):
        (weights,) = best_weights(SAMPLES, [n])
        for i in (n, (n + SAMPLES) // 2, SAMPLES):
            exact = float(Fraction(comb(i - 1, n - 1), comb(SAMPLES, n)))
            if exact > 1e-300:
                worst = max(worst, abs(weights[i - 1] / exact - 1))
    return worst


def _noise(values: Floats, ns: Ints) -> dict:
    """What resampling adds on top of the exact value, which adds nothing."""
    error = float(np.abs(resampled(values, ns) - expected_best(values, ns)).max())
    return row(f"largest noise added to a curve, peer: maximum over {SUBSETS} shuffles", 0.0, error, "reward", "0")
