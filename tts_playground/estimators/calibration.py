"""How far a verifier's scores can be trusted, where the truth is known (numpy only)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tts_playground.errors import BadInput

Floats = NDArray[np.float64]


def auroc(scores: ArrayLike, truth: ArrayLike) -> float | None:
    """Chance that a right answer scores above a wrong one, ties counting half; None where all are right or all wrong.

    The area under the ROC curve by ranks (Mann and Whitney 1947).
    """
    values, right = _pair(scores, truth)
    good = int(right.sum())
    bad = len(right) - good
    if not good or not bad:
        return None
    _, group, size = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(size) - (size - 1) / 2)[group]
    return float((ranks[right].sum() - good * (good + 1) / 2) / (good * bad))


def auroc_within(scores: Sequence[ArrayLike], truth: Sequence[ArrayLike]) -> list[float]:
    """AUROC inside each question that has right and wrong answers: what choosing among N samples lives on."""
    found = (auroc(s, t) for s, t in zip(scores, truth, strict=True))
    return [value for value in found if value is not None]


@dataclass(frozen=True, eq=False)
class Reliability:
    """What a verifier says, in bins, beside how often it is true."""

    said: Floats
    """[bins] mean probability in the bin"""
    true: Floats
    """[bins] share of right answers in it"""
    count: NDArray[np.int64]
    """[bins] answers in it; empty bins are left out"""

    @property
    def ece(self) -> float:
        """Expected calibration error: mean gap between what is said and what is true, weighted by bin size."""
        return float(np.abs(self.said - self.true) @ self.count / self.count.sum())


def reliability(probabilities: ArrayLike, truth: ArrayLike, bins: int = 10) -> Reliability:
    """The reliability curve over equally wide bins of 0..1 (Guo et al. 2017, "On calibration").

    Raises:
        BadInput: no answers, or something that is no probability.
    """
    values, right = _pair(probabilities, truth)
    if not len(values) or values.min() < 0 or values.max() > 1:
        raise BadInput("A reliability curve needs at least one probability between 0 and 1.")
    place = np.minimum((values * bins).astype(int), bins - 1)
    count = np.bincount(place, minlength=bins)
    full = count > 0
    said, true = (np.bincount(place, part, bins)[full] / count[full] for part in (values, right.astype(float)))
    return Reliability(said, true, count[full])


def _pair(scores: ArrayLike, truth: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    values, right = np.asarray(scores, np.float64), np.asarray(truth, bool)
    if values.shape != right.shape or values.ndim != 1 or not np.isfinite(values).all():
        raise BadInput("Scores and truths must be two lists of equal length, the scores finite.")
    return values, right
