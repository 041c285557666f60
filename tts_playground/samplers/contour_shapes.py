"""Shapes whose edge runs along a drawing's contour, and programs made of them: a start that looks at edges, not areas.

Where shapes overlap, cut and hide one another, each still leaves a part of its edge in the picture. So every point of
the contour votes for the discs and quads on whose edge it lies, facing outward (a Hough transform, Ballard 1981); the
shape with the longest stretch is taken, its points are struck out, and so on. Unions and cuts of the few that are found
are bitwise operations, so that a whole program costs less than one scan.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tts_playground.dsl.drawings import unpack
from tts_playground.dsl.exact import CANVAS
from tts_playground.dsl.tree import Circle, Primitive, Quad

MOST = 14
"""shapes of each kind that are found: those that hold ink, and those that cut it"""
LEAST = 1.0
"""units of contour that a shape must explain to be found"""
NEAR = 0.22
"""units between a point and an edge on which it lies"""
FACING = 0.94
"""cosine of the largest angle between the contour's normal and an edge's"""
SMOOTHING = 2.5
"""standard deviation of the blur before the contour's normals are taken, in pixels of a canvas of 256"""
KEPT = 160
"""shapes of each family that are looked at closely, those with the most votes"""
POINTS = 16_384
"""points of a contour that are looked at: of a longer one, such as a texture's, evenly many"""
LATTICE = 4
"""lines a unit on which quads' edges are counted"""


@dataclass(frozen=True, slots=True)
class ContourShapes:
    """What the contour of a drawing says."""

    full: tuple[Primitive, ...]
    """shapes with ink within their edge, the longest stretch first"""
    cut: tuple[Primitive, ...]
    """shapes with paper within their edge"""


@dataclass(frozen=True, slots=True, eq=False)
class _Points:
    """Points of a contour."""

    place: NDArray[np.floating]
    """[n, 2]: x and y in units"""
    normal: NDArray[np.floating]
    """[n, 2]: away from the ink"""
    length: NDArray[np.floating]
    """[n]: of contour, in units"""

    def turned(self) -> _Points:
        """The same with ink and paper exchanged."""
        return _Points(self.place, -self.normal, self.length)


@lru_cache(maxsize=32)
def contour_shapes(mask: bytes, side: int, angles: tuple[int, ...] = ()) -> ContourShapes:
    """The shapes that a drawing's contour shows; quads upright, diagonal and at ``angles`` (degrees below 90)."""
    points = _contour(unpack(mask, side))
    if not len(points.length):
        return ContourShapes((), ())
    return ContourShapes(*(_longest(one, (0, 45, *angles)) for one in (points, points.turned())))


def _contour(ink: NDArray[np.bool_]) -> _Points:
    """Points between a pixel of ink and one of paper within the canvas."""
    from scipy.ndimage import gaussian_filter

    scale = len(ink) / CANVAS
    soft = gaussian_filter(ink.astype(np.float32), SMOOTHING * scale / 16, mode="nearest")
    down, right = np.gradient(soft, axis=0), np.gradient(soft, axis=1)
    rows, columns = (np.nonzero(ink[1:] != ink[:-1]), np.nonzero(ink[:, 1:] != ink[:, :-1]))
    row = np.concatenate([rows[0] + 0.5, columns[0]]) + 0.5
    column = np.concatenate([rows[1], columns[1] + 0.5]) + 0.5
    at = np.minimum(row, len(ink) - 1).astype(int), np.minimum(column, len(ink) - 1).astype(int)
    normal = np.stack([-right[at], down[at]], 1).astype(np.float64)
    size = np.linalg.norm(normal, axis=1, keepdims=True)
    keep = size[:, 0] > 1e-6
    normal = normal[keep] / size[keep]
    place = np.stack([column / scale, CANVAS - row / scale], 1)[keep]
    # a slanted stretch crosses more sides of pixels than its length
    length = 1 / (np.abs(normal).sum(1) * scale)
    if len(length) <= POINTS:
        return _Points(place, normal, length)
    some = np.linspace(0, len(length) - 1, POINTS).astype(int)
    return _Points(place[some], normal[some], length[some] * (len(length) / POINTS))


def _longest(points: _Points, angles: tuple[int, ...]) -> tuple[Primitive, ...]:
    """The shapes that explain most of the contour, each without what those before it have explained."""
    shapes = [*_discs(points), *(quad for angle in angles for quad in _quads(points, angle))]
    explains = np.stack([_on_edge(points, shape) for shape in shapes]) if shapes else np.zeros((0, 1))
    found: list[Primitive] = []
    left = points.length.copy()
    while shapes and len(found) < MOST:
        stretch = explains @ left
        first = int(stretch.argmax())
        if stretch[first] < LEAST:
            break
        found.append(shapes[first])
        left[explains[first] > 0] = 0
    return tuple(found)


def _discs(points: _Points) -> list[Primitive]:
    """Discs by the votes of points for centres that lie straight behind them."""
    votes = np.zeros((16, CANVAS, CANVAS))
    for radius in range(1, 16):
        centre = points.place - radius * points.normal
        x, y = np.rint(centre).astype(int).T
        # normals are less certain than places: the further the centre, the more room
        near = np.hypot(*(centre - np.stack([x, y], 1)).T) < 0.3 + 0.04 * radius
        near &= (x >= 0) & (x < CANVAS) & (y >= 0) & (y < CANVAS)
        np.add.at(votes[radius], (x[near], y[near]), points.length[near])
    best = np.argsort(-votes.ravel(), kind="stable")[:KEPT]
    return [Circle(*map(int, np.unravel_index(one, votes.shape))) for one in best if votes.ravel()[one] >= LEAST]


def _quads(points: _Points, angle: int) -> list[Primitive]:
    """Quads at an angle by the contour along their four edges."""
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    across, along = points.place @ (cos, sin), points.place @ (-sin, cos)
    out_across, out_along = points.normal @ (cos, sin), points.normal @ (-sin, cos)
    grid = np.meshgrid(np.arange(CANVAS), np.arange(CANVAS), np.arange(1, 16), np.arange(1, 16), indexing="ij")
    x, y, width, height = (one.ravel() for one in grid)
    u, v = x * cos + y * sin, y * cos - x * sin
    score = np.zeros(len(x))
    for sign in (-1, 1):
        score += _stretch(across, along, points.length, sign * out_across, u + sign * width / 2, v, height)
        score += _stretch(along, across, points.length, sign * out_along, v + sign * height / 2, u, width)
    best = np.argsort(-score, kind="stable")[:KEPT]
    numbers = zip(x[best], y[best], width[best], height[best], score[best], strict=True)
    return [Quad(int(a), int(b), int(w), int(h), angle) for a, b, w, h, s in numbers if s >= LEAST]


def _stretch(
    line: NDArray, along: NDArray, length: NDArray, facing: NDArray, at: NDArray, middle: NDArray, extent: NDArray
) -> NDArray[np.floating]:
    """Length of contour on edges: on lines ``at``, from ``middle`` less half of ``extent`` to it plus half of it."""
    low, cells = -CANVAS * LATTICE, 3 * CANVAS * LATTICE
    kept = facing > FACING
    rows = np.rint(line[kept] * LATTICE).astype(int) - low
    columns = np.floor(along[kept] * LATTICE).astype(int) - low
    table = np.bincount(rows * cells + columns, length[kept], cells * cells).reshape(cells, cells)
    table[1:-1] += table[:-2] + table[2:]  # an edge between two lines is on both
    table = np.concatenate([np.zeros((cells, 1)), np.cumsum(table, 1)], 1)
    row = np.clip(np.rint(at * LATTICE).astype(int) - low, 0, cells - 1)
    start, stop = (np.clip(np.rint((middle + s * extent / 2) * LATTICE).astype(int) - low, 0, cells) for s in (-1, 1))
    return table[row, stop] - table[row, start]


def _on_edge(points: _Points, shape: Primitive) -> NDArray[np.floating]:
    """1 for points on a shape's edge that face away from it, else 0: [n]."""
    away = points.place - (shape.x, shape.y)
    if isinstance(shape, Circle):
        distance = np.hypot(*away.T)
        facing = (away * points.normal).sum(1) > FACING * distance
        return (facing & (np.abs(distance - shape.radius) < NEAR)).astype(float)
    cos, sin = math.cos(math.radians(shape.angle)), math.sin(math.radians(shape.angle))
    turn = np.array([[cos, -sin], [sin, cos]])
    place, normal = away @ turn, points.normal @ turn
    half = np.array([shape.width, shape.height]) / 2
    near = (np.abs(np.abs(place) - half) < NEAR) & (normal * np.sign(place) > FACING)
    within = np.abs(place) < half + NEAR
    return ((near[:, 0] & within[:, 1]) | (near[:, 1] & within[:, 0])).astype(float)
