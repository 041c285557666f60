"""Laws fitted to curves, and how two rewards agree."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from tts_playground.errors import BadInput
from tts_playground.estimators.curves import Curve, Floats, grid, kl_bound
from tts_playground.estimators.intervals import Interval

QUESTIONS = 30
"""questions below which no coverage law is fitted: it is a law of how hard questions are spread"""


@dataclass(frozen=True, slots=True)
class CoverageFit:
    """Coverage c(k) = exp(a k^-b), the power law of Brown et al. 2024 (Large Language Monkeys, arXiv:2407.21787)."""

    a: float
    """log coverage at k = 1; negative"""
    b: float
    """how fast failures die out with more samples"""
    rmse: float
    """root mean squared error in coverage"""

    def __call__(self, k: ArrayLike) -> Floats:
        """Coverage predicted at ``k`` samples."""
        return np.exp(self.a * np.asarray(k, dtype=np.float64) ** -self.b)

    def as_dict(self) -> dict[str, float]:
        """Plain numbers, for JSON."""
        return {"a": self.a, "b": self.b, "rmse": self.rmse}

    def curve(self, like: Curve, times: int = 4) -> Curve:
        """The law beside the curve that it was fitted to, going on to ``times`` as many samples."""
        ns = grid(times * int(like.n[-1]))
        label = f"coverage law exp({self.a:.2f} N^-{self.b:.2f})"
        # nothing fades: a law leans on no samples of its own
        size = 2 * int(ns[-1])
        return replace(like, n=ns, mean=self(ns), low=None, high=None, label=label, pool_size=size)

    def sentence(self, like: Curve, times: int = 4) -> str:
        """What the law foresees for ``times`` as many samples as the curve has, in words and with its errors.

        It was fitted up to M/2, so what is known at the curve's end shows how far it may be trusted beyond.
        """
        last = int(like.n[-1])
        beyond = float(self(last)) - float(like.mean[-1])
        return (
            f"Coverage of these {like.prompts} questions is close to exp({self.a:.2f} N^-{self.b:.2f}): off by"
            f" {self.rmse:.3f} on average where it was fitted (N up to {max(2, like.pool_size // 2)}), by {beyond:+.3f}"
            f" at N = {last}, which it had not seen. Were it to go on so, {float(self(times * last)):.3f} would be"
            f" reached at N = {times * last}."
        )


def coverage_law(oracle: Curve) -> CoverageFit | None:
    """The law of an oracle's curve, fitted where N <= M/2; None where there is nothing to fit.

    That is: fewer than ``QUESTIONS`` questions, of which no law can be told, or always or never right.
    """
    if oracle.prompts < QUESTIONS:
        return None
    keep = oracle.n <= max(2, oracle.pool_size // 2)
    try:
        return fit_coverage(oracle.n[keep], oracle.mean[keep])
    except BadInput:
        return None


def fit_coverage(k: ArrayLike, coverage: ArrayLike) -> CoverageFit:
    """Fit the law by least squares in coverage: a line in log(-log c) against log k, then Gauss-Newton steps.

    Raises:
        BadInput: fewer than two points with a coverage strictly between 0 and 1.
    """
    x, c = np.asarray(k, dtype=np.float64), np.asarray(coverage, dtype=np.float64)
    inside = (c > 1e-12) & (c < 1 - 1e-12) & (x >= 1)
    if inside.sum() < 2:
        raise BadInput("A coverage law needs at least two points with a coverage strictly between 0 and 1.")
    x, c = x[inside], c[inside]
    slope, start = np.polyfit(np.log(x), np.log(-np.log(c)), 1)
    theta = np.array([start, -slope], dtype=np.float64)  # log(-a), b
    best, error = theta, np.inf
    for _ in range(50):
        power: Floats = np.exp(theta[0] - theta[1] * np.log(x))  # -a k^-b
        fitted = np.exp(-power)
        residual = c - fitted
        if residual @ residual >= error:
            break
        best, error = theta, residual @ residual
        jacobian = np.stack([-fitted * power, fitted * power * np.log(x)], axis=1)
        theta = theta + _least_squares(jacobian, residual)
    return CoverageFit(-float(np.exp(best[0])), float(best[1]), float(np.sqrt(error / len(x))))


def _least_squares(rows: Floats, wanted: Floats) -> Floats:
    """[columns] weights with which the columns of ``rows`` come closest to ``wanted`` [rows]."""
    return np.asarray(np.linalg.lstsq(rows, wanted, rcond=None)[0], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class OverOptimisationFit:
    """Gold reward gained over the base policy: d (alpha - beta d), d = sqrt(KL) (Gao et al. 2023, arXiv:2210.10760)."""

    base: float
    """gold reward at N = 1"""
    alpha: float
    """gain per unit of d at the start"""
    beta: float
    """how fast over-optimisation eats the gain; positive when the proxy is hacked in the end"""
    rmse: float

    def __call__(self, d: ArrayLike) -> Floats:
        """Gold reward predicted at d = sqrt(KL in nats)."""
        x = np.asarray(d, dtype=np.float64)
        return self.base + x * (self.alpha - self.beta * x)

    @property
    def peak(self) -> float:
        """d at which gold is highest: alpha / (2 beta); inf while more is better."""
        if self.alpha <= 0:
            return 0.0
        return self.alpha / (2 * self.beta) if self.beta > 0 else float("inf")


def fit_over_optimisation(gold: Curve) -> OverOptimisationFit:
    """Fit Gao et al.'s best-of-N form to the gold curve of a proxy's pick; only points with N <= M/2 count.

    Raises:
        BadInput: the curve does not begin at N = 1 or has under three such points.
    """
    keep = gold.n <= max(3, gold.pool_size // 2)
    d, y = np.sqrt(kl_bound(gold.n[keep])), gold.mean[keep]
    if gold.n[0] != 1 or len(d) < 3:
        raise BadInput("The over-optimisation law needs a curve from N = 1 with at least three points.")
    base = float(y[0])
    alpha, beta = map(float, _least_squares(np.stack([d, -(d**2)], axis=1), y - base))
    rmse = float(np.sqrt(np.mean((base + d * (alpha - beta * d) - y) ** 2)))
    return OverOptimisationFit(base, alpha, beta, rmse)


@dataclass(frozen=True, slots=True)
class Correlation:
    """Agreement of two rewards over the same samples; ``None`` where one of them never varies."""

    pearson: Interval | None
    spearman: Interval | None


def correlation(first: ArrayLike, second: ArrayLike) -> Correlation:
    """Pearson's r and Spearman's rho of two vectors [n], n >= 4, with 95 % Fisher-z intervals.

    Spearman's standard error is Bonett and Wright's (2000): sqrt((1 + rho^2 / 2) / (n - 3)).

    Raises:
        BadInput: lists of other lengths than each other, of fewer than four, or not finite.
    """
    x, y = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1 or len(x) < 4 or not np.isfinite([x, y]).all():
        raise BadInput("A correlation needs two lists of equal length with at least four finite scores each.")
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return Correlation(None, None)
    r, rho = (float(np.clip(np.corrcoef(*pair)[0, 1], -1, 1)) for pair in ((x, y), (_ranks(x), _ranks(y))))
    return Correlation(_fisher(r, len(x), 1.0), _fisher(rho, len(x), 1 + rho * rho / 2))


def _fisher(r: float, n: int, variance: float) -> Interval:
    z, half = np.arctanh(np.clip(r, -1 + 1e-15, 1 - 1e-15)), 1.959964 * np.sqrt(variance / (n - 3))
    return Interval(r, min(r, float(np.tanh(z - half))), max(r, float(np.tanh(z + half))), n)


def _ranks(values: Floats) -> Floats:
    """Ranks 1..n, ties sharing their mean rank."""
    _, group, size = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(size) - (size - 1) / 2)[group]
