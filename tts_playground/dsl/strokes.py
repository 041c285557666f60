"""Small tools for pictures of lines: a threshold, components, distances, and where strokes end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Labels = NDArray[np.integer]


def components(mask: Mask, *, diagonal: bool = True) -> Labels:
    """Numbers of the connected parts, 0 where nothing is."""
    from scipy import ndimage

    labels = np.zeros(mask.shape, np.int32)
    ndimage.label(mask, np.ones((3, 3)) if diagonal else None, output=labels)
    return labels


def distance(mask: Mask) -> NDArray[np.floating]:
    """Distance of every pixel from the nearest one of the mask, in pixels; infinite if there is none."""
    from scipy import ndimage

    return np.asarray(ndimage.distance_transform_edt(~mask)) if mask.any() else np.full(mask.shape, np.inf)


def depth(mask: Mask) -> NDArray[np.floating]:
    """Distance of every pixel of the mask from what is outside it, the surroundings of the picture included."""
    return distance(~np.pad(mask, 1))[1:-1, 1:-1]


def otsu(grey: NDArray[np.uint8]) -> tuple[int, float]:
    """(threshold, distance of the class means): dark is <= threshold; Otsu, IEEE SMC 9(1), 1979."""
    histogram = np.bincount(grey.ravel(), minlength=256).astype(float)
    below, total = np.cumsum(histogram), histogram.sum()
    mass = np.cumsum(histogram * np.arange(256))
    above = total - below
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = (mass[-1] - mass) / above - mass / below
        between = np.where((below > 0) & (above > 0), below * above * distance**2, 0.0)
    best = np.flatnonzero(between == between.max())
    cut = int(best[len(best) // 2])
    return cut, float(distance[cut]) if between[cut] > 0 else 0.0


def ends(strokes: Mask, spur: int, middle: Mask | None = None) -> list[tuple[int, int]]:
    """(row, column) near every end of a stroke: ends of the thinned strokes after ``spur`` pixels were cut off them.

    What thinning leaves of rough edges and of corners is shorter than that, and disappears.

    Args:
        middle: the thinned strokes, if they are at hand.
    """
    thin = np.pad(thinned(strokes) if middle is None else middle, 1)
    for _ in range(spur):
        thin &= ~_tips(thin)
    return [(int(row) - 1, int(column) - 1) for row, column in np.argwhere(_tips(thin))]


def thinned(mask: Mask) -> Mask:
    """Lines one pixel wide along the middle of the mask (Zhang and Suen, CACM 27(3), 1984)."""
    thin = np.pad(mask, 1)
    while True:
        before = np.count_nonzero(thin)
        for first in (True, False):
            north, east, south, west = (_neighbours(thin)[i] for i in (0, 2, 4, 6))
            if first:
                open_side = ~(north & east & south) & ~(east & south & west)
            else:
                open_side = ~(north & east & west) & ~(north & south & west)
            number, runs = _around(thin)
            thin &= ~((number >= 2) & (number <= 6) & (runs == 1) & open_side)
        if np.count_nonzero(thin) == before:
            return thin[1:-1, 1:-1]


def _neighbours(padded: Mask) -> list[Mask]:
    """The eight neighbours of every pixel, clockwise from the north; a frame of nothing is left to turn around on."""
    steps = ((1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1))
    return [np.roll(padded, step, (0, 1)) for step in steps]


def _around(padded: Mask) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """How many neighbours of every pixel are set, and in how many runs around it."""
    ring = _neighbours(padded)
    starts = [~a & b for a, b in zip(ring, [*ring[1:], ring[0]], strict=True)]
    return np.asarray(np.sum(ring, axis=0, dtype=np.uint8)), np.asarray(np.sum(starts, axis=0, dtype=np.uint8))


def _tips(padded: Mask) -> Mask:
    """Pixels of a thin line where it ends."""
    number, runs = _around(padded)
    return padded & (number <= 2) & (runs == 1)
