"""In which directions a drawing's straight edges run: the angles at which quads are worth trying."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tts_playground.dsl.drawings import lined, unpack

PROPER = (0, 45)
"""angles below 90 that every search tries"""
SMOOTHING = 2.5
"""standard deviation of the blur before edges are looked at, in canvas pixels"""
WINDOW = 2
"""degrees to either side that count as one direction"""
APART = 4
"""least difference of two directions that are found, in degrees"""
BESIDE = 2
"""least difference of a direction from those that every search tries, in degrees"""
LEAST = 0.06
"""share of the contour that must run in a direction beyond what a round contour has there"""
ROUND = (15, 30, 60, 75)
"""directions of thin lines that curve: each is followed in short pieces"""


@lru_cache(maxsize=64)
def directions(mask: bytes, side: int, most: int = 4) -> tuple[int, ...]:
    """Up to ``most`` whole degrees of 1..89, longest edges first, apart from 0, 45 and one another.

    A quad has edges in two directions, a right angle apart, so that angles count modulo 90.
    """
    ink = unpack(mask, side)
    share = _spread(ink)
    if share is None:
        return ()
    around = sum(np.roll(share, turn) for turn in range(-WINDOW, WINDOW + 1))
    assert isinstance(around, np.ndarray)
    flat = (2 * WINDOW + 1) * float(np.median(share))
    peak = around >= np.max([np.roll(around, turn) for turn in range(-APART, APART + 1)], axis=0)
    peak &= around - flat >= LEAST
    found: list[int] = []
    for angle in sorted(np.flatnonzero(peak), key=lambda angle: -around[angle]):
        centre = _centre(share, int(angle))
        near = [*found, *(proper for proper in PROPER if abs(_turn(centre, proper)) >= BESIDE)]
        if all(abs(_turn(centre, other)) >= APART for other in found) and len(near) == len(found) + len(PROPER):
            found.append(centre)
    if len(found) < 2 and lined(mask, side):
        found += [angle for angle in ROUND if all(abs(_turn(angle, other)) >= APART for other in found)]
    return tuple(found[:most])


def _turn(angle: int, other: int) -> int:
    """From one direction to another: -45 to 44 degrees."""
    return (angle - other + 45) % 90 - 45


def _spread(ink: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    """The share of the contour in each of 90 directions; None where nothing has a contour."""
    from scipy.ndimage import gaussian_filter

    soft = gaussian_filter(ink.astype(np.float32), SMOOTHING, mode="nearest")
    down, right = np.gradient(soft)
    length = np.hypot(down, right)
    length[length < length.max() * 0.3] = 0
    if not length.any():
        return None
    angle = np.degrees(np.arctan2(-down, right)) % 90
    near, share = np.floor(angle), angle - np.floor(angle)
    whole = np.bincount(near.astype(int).ravel() % 90, ((1 - share) * length).ravel(), 90)
    whole += np.bincount((near.astype(int).ravel() + 1) % 90, (share * length).ravel(), 90)
    return whole / whole.sum()


def _centre(share: NDArray[np.float64], angle: int) -> int:
    """The mean direction of a peak."""
    turns = np.arange(-WINDOW, WINDOW + 1)
    weights = share[(angle + turns) % 90]
    return round(angle + float((weights * turns).sum() / max(weights.sum(), 1e-9))) % 90
