"""The ideal rectangle, triangle or ellipse under a drawing: how near to the meant one comes who knows the kind.

A hand draws a rectangle askew, and nobody can tell from the drawing which one was meant. What is fitted here knows the
kind, and may stand anywhere at any size and angle, which no program of whole numbers may.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Points = NDArray[np.float64]
Depth = Callable[[Points, NDArray[np.float64]], NDArray[np.float64]]
"""(points [..., 2], the shape's numbers) -> how far inside each point lies, in pixels; negative outside"""
EVERY = 2
"""every other pixel is looked at"""
SOFT = 2.0
"""pixels over which a border fades while it is moved"""
CORNERS = 24
"""of a drawing's hull, from which a first triangle is chosen"""


def fitted(mask: Mask, kind: str) -> Mask:
    """The shape of a kind ("rectangle", "triangle", "ellipse") with the best IoU with a mask that a climb finds.

    Args:
        mask: (H, W), True is ink; not empty.

    Returns:
        (H / 2, W / 2): whether every other pixel lies in the shape.
    """
    from scipy import optimize

    depth, starts = _KINDS[kind], _starts(mask, kind)
    rows, columns = np.mgrid[0 : mask.shape[0] : EVERY, 0 : mask.shape[1] : EVERY] + 0.5
    points, ink = np.stack([columns, rows], -1), mask[::EVERY, ::EVERY].astype(float)

    def miss(numbers: NDArray[np.float64]) -> float:
        inside = 1 / (1 + np.exp(-np.clip(depth(points, numbers) / SOFT, -30, 30)))
        return -float(np.minimum(inside, ink).sum() / np.maximum(inside, ink).sum())

    how = {"maxiter": 6, "xtol": 0.3, "ftol": 1e-4}
    found = [optimize.minimize(miss, start, method="Powell", options=how) for start in starts]
    return depth(points, min(found, key=lambda one: one.fun).x) > 0


def _starts(mask: Mask, kind: str) -> list[Points]:
    rows, columns = np.nonzero(mask)
    points = np.stack([columns, rows], 1).astype(float)
    if kind == "triangle":
        return [_largest_triangle(points)]
    centre, (least, most), axes = points.mean(0), *np.linalg.eigh(np.cov(points.T) + np.eye(2))
    sides, angle = 2 * np.sqrt([most, least]), float(np.arctan2(axes[1, 1], axes[0, 1]))
    if kind == "ellipse":
        return [np.array([*centre, *sides, angle])]
    upright = [*centre, *(np.ptp(points, axis=0) / 2), 0.0]
    return [
        np.array([*centre, *0.87 * sides, angle]),
        np.array([*centre, *0.8 * sides, angle + 0.8]),
        np.array(upright),
    ]


def _largest_triangle(points: Points) -> Points:
    """x, y of three corners of the hull that are far apart."""
    from itertools import combinations

    from scipy.spatial import ConvexHull

    hull = points[ConvexHull(points, qhull_options="QJ").vertices]
    some = hull[np.linspace(0, len(hull), min(len(hull), CORNERS), endpoint=False).astype(int)]
    threes = combinations(some, 3)
    return np.array(max(threes, key=lambda three: abs(_cross(three[1] - three[0], three[2] - three[0])))).ravel()


def _cross(a: Points, b: Points) -> float:
    return float(a[0] * b[1] - a[1] * b[0])


def _turned(points: Points, numbers: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places along the axes of a shape (x, y of its middle, half sides, angle)."""
    x, y = points[..., 0] - numbers[0], points[..., 1] - numbers[1]
    cos, sin = np.cos(numbers[4]), np.sin(numbers[4])
    return x * cos + y * sin, y * cos - x * sin


def _in_rectangle(points: Points, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    along, across = _turned(points, numbers)
    return np.minimum(numbers[2] - abs(along), numbers[3] - abs(across))


def _in_ellipse(points: Points, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    along, across = _turned(points, numbers)
    half = np.maximum(numbers[2:4], 1.0)
    return (1 - np.hypot(along / half[0], across / half[1])) * half.min()


def _in_triangle(points: Points, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    corners = numbers.reshape(3, 2)
    way = 1.0 if _cross(corners[1] - corners[0], corners[2] - corners[0]) >= 0 else -1.0
    found = []
    for start, stop in zip(corners, np.roll(corners, -1, 0), strict=True):
        side = (stop - start) / max(float(np.linalg.norm(stop - start)), 1e-9)
        found.append(way * (side[0] * (points[..., 1] - start[1]) - side[1] * (points[..., 0] - start[0])))
    return np.minimum.reduce(found)


_KINDS: dict[str, Depth] = {"rectangle": _in_rectangle, "triangle": _in_triangle, "ellipse": _in_ellipse}
