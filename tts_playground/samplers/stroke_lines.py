"""The lines of a line drawing: the middle of its strokes as straight pieces, each with its width.

Thinning leaves the middle of every stroke one pixel wide; neighbouring pixels are joined to lines from fork to fork,
and those are cut where they bend (Douglas and Peucker 1973).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tts_playground.dsl.drawings import unpack
from tts_playground.dsl.exact import CANVAS
from tts_playground.dsl.strokes import components, depth, thinned

STRAIGHT = 0.06
"""units by which the middle of a stroke may leave a straight piece"""
DOT = 0.1
"""widths from the middle of a dot to the ends of its line, which is drawn a little longer (``from_strokes.CAP``)"""
MOST_PATHS = 2048
"""stretches from fork to fork that are looked at; of more, such as a texture's, the longest"""


@dataclass(frozen=True, slots=True)
class StrokeLine:
    """A straight piece of a stroke, in units, y up."""

    start: tuple[float, float]
    end: tuple[float, float]
    width: float

    @property
    def length(self) -> float:
        """From end to end of its middle."""
        return math.hypot(self.end[0] - self.start[0], self.end[1] - self.start[1])

    def distance(self, x: float, y: float) -> float:
        """From a place to its middle."""
        (from_x, from_y), (to_x, to_y) = self.start, self.end
        right, up = to_x - from_x, to_y - from_y
        share = ((x - from_x) * right + (y - from_y) * up) / max(self.length**2, 1e-9)
        share = min(max(share, 0.0), 1.0)
        return math.hypot(x - from_x - share * right, y - from_y - share * up)


@lru_cache(maxsize=32)
def stroke_lines(mask: bytes, side: int, straight: float = STRAIGHT) -> tuple[StrokeLine, ...]:
    """The lines of a drawing, the longest first; a dot, which has no middle line, is one of no length."""
    ink = unpack(mask, side)
    middle, scale = thinned(ink), side / CANVAS
    if not middle.any():
        return ()
    half = depth(ink)
    width = 2 * float(np.median(half[middle]))
    labels = components(ink)
    found: list[StrokeLine] = []
    drawn = set[int]()
    for path in _paths(middle)[:MOST_PATHS]:
        if path.length < width / 2 and not path.is_ring:
            continue  # what thinning leaves of a rough edge
        points = np.array(path.simplify(straight * scale).coords)
        column, row = points[0].astype(int)
        drawn.add(int(labels[row, column]))
        for start, end in pairwise(points):
            found.append(_line(start, end, half, scale))
    found += [_dot(labels == one, scale) for one in range(1, int(labels.max()) + 1) if one not in drawn]
    return tuple(sorted(found, key=lambda line: -line.length))


def _dot(mask: NDArray[np.bool_], scale: float) -> StrokeLine:
    """A line as long as it is wide, of a dot's area."""
    rows, columns = np.nonzero(mask)
    x, y = (columns.mean() + 0.5) / scale, CANVAS - (rows.mean() + 0.5) / scale
    width = math.sqrt(len(rows)) / scale
    return StrokeLine((float(x - DOT * width), float(y)), (float(x + DOT * width), float(y)), width)


def _line(start: NDArray[np.float64], end: NDArray[np.float64], half: NDArray[np.floating], scale: float) -> StrokeLine:
    """A piece in units, from (column, row) to (column, row); its width is the ink's at its middle part."""
    steps = np.linspace(0.2, 0.8, max(2, int(np.hypot(*(end - start)))))[:, None]
    columns, rows = np.clip((start + (end - start) * steps).astype(int), 0, len(half) - 1).T
    width = max(1.0, 2 * float(np.median(half[rows, columns])) - 0.5)
    (x, y), (to_x, to_y) = (np.array([start, end]) / scale * (1, -1) + (0, CANVAS)).tolist()
    return StrokeLine((x, y), (to_x, to_y), width / scale)


def _paths(middle: NDArray[np.bool_]) -> list[Any]:
    """Neighbouring pixels joined from fork to fork, as shapely's lines in (column, row); if too many, longest first."""
    from shapely import line_merge, linestrings, multilinestrings

    down, right = middle[:-1] & middle[1:], middle[:, :-1] & middle[:, 1:]
    pairs = [(np.argwhere(down), (1, 0)), (np.argwhere(right), (0, 1))]
    # a diagonal step counts where no two straight ones make it
    falling = middle[:-1, :-1] & middle[1:, 1:] & ~middle[:-1, 1:] & ~middle[1:, :-1]
    rising = middle[:-1, 1:] & middle[1:, :-1] & ~middle[:-1, :-1] & ~middle[1:, 1:]
    pairs += [(np.argwhere(falling), (1, 1)), (np.argwhere(rising) + np.array([0, 1]), (1, -1))]
    steps = np.concatenate([np.stack([at, at + np.array(step)], 1) for at, step in pairs])
    if not len(steps):
        return []
    pieces: Any = linestrings(steps[:, :, ::-1] + 0.5)
    merged = line_merge(multilinestrings(pieces))
    found = list(getattr(merged, "geoms", [merged]))
    return found if len(found) <= MOST_PATHS else sorted(found, key=lambda path: -path.length)
