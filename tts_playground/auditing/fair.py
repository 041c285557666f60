"""What a fair chooser shows at the same N: finite draws are never quite even, so every number needs it beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import special

from tts_playground.auditing.effects import Design, design, lifts
from tts_playground.auditing.statistics import ALPHA, Floats, noise_floor
from tts_playground.randomness import generator
from tts_playground.worlds.choices import ChoiceScene

SIMULATED = 200
"""fair choosers whose effects are looked at"""
MANY = 1_000_000
"""picks from which on the limit stands for the sum over all counts, which it meets to six digits"""


@dataclass(frozen=True, slots=True)
class FairNumbers:
    """What N fair picks a picture show on average."""

    distance: float
    """total variation from uniform, 0-1"""
    entropy: float
    """over log k, 0-1"""
    v: float
    """raw Cramer's V, 0-1"""
    rejected: float
    """chance that the chi-square test rejects"""


@lru_cache(maxsize=256)
def fair_numbers(n: int, k: int) -> FairNumbers:
    """Means over N fair picks out of k cells, exact but for the limit of Cramer's V; a cell's picks are binomial."""
    if n > MANY:  # normal shares: E|x| = sd sqrt(2/pi), and entropy falls by half of chi-square's mean over n
        distance = 0.5 * k * float(np.sqrt(2 / np.pi * (1 / k) * (1 - 1 / k) / n))
        return FairNumbers(distance, 1 - (k - 1) / (2 * n * float(np.log(k))), float(noise_floor(n, k)), ALPHA)
    counts = np.arange(n + 1)
    logs = special.gammaln(n + 1) - special.gammaln(counts + 1) - special.gammaln(n - counts + 1)
    chance = np.exp(logs - counts * np.log(k) + (n - counts) * np.log1p(-1 / k))
    share = counts / n
    distance = 0.5 * k * float(chance @ np.abs(share - 1 / k))
    return FairNumbers(
        distance, k * float(chance @ special.entr(share)) / float(np.log(k)), float(noise_floor(n, k)), ALPHA
    )


def fair_beside(protocol: str, n: int, k: int) -> FairNumbers:
    """What stands beside a chooser's numbers: N fair picks beside N picks, and exact chances beside exact ones.

    Exact chances have no noise of draws; what N draws would show is another question, that of a test's power.
    """
    return FairNumbers(0.0, 1.0, 0.0, ALPHA) if protocol == "exact" else fair_numbers(n, k)


def fair_reach(scenes: Sequence[ChoiceScene], n: int) -> dict[tuple[str, str], float]:
    """(factor, level) -> how far from 0 the estimated effects of 99 % of fair choosers lie, in probability.

    Near even chances the fit is linear: coefficients of N fair picks a picture are normal with the inverse of N times
    the Fisher information. Effects follow from drawn coefficients, since the median of the other levels is no line.

    Args:
        n: picks a picture.
    """
    return dict(_reach(tuple(scenes), n))


@lru_cache(maxsize=32)
def _reach(scenes: tuple[ChoiceScene, ...], n: int) -> tuple[tuple[tuple[str, str], float], ...]:
    plan = design(scenes)
    betas = _fair_coefficients(plan, n)
    found = special.ndtri(1 - ALPHA / 2) * lifts(plan, betas).std(axis=0)
    return tuple((level, float(min(1.0, reach))) for level, reach in zip(plan.levels, found, strict=True))


def _fair_coefficients(plan: Design, n: int) -> Floats:
    """[SIMULATED, parameters] as fitted to N fair picks a picture."""
    k = plan.x.shape[1]
    centred = plan.x - plan.x.mean(axis=1, keepdims=True)
    information = n / k * np.einsum("icp,icq->pq", centred, centred)
    values, vectors = np.linalg.eigh(information)
    scale = np.where(values > 1e-9 * values.max(), 1 / np.sqrt(np.maximum(values, 1e-12)), 0.0)
    noise = generator("fair choosers").normal(size=(SIMULATED, len(values)))
    return (noise * scale) @ vectors.T
