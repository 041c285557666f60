"""Scans of quads at any angle: what ``masks.Scanner`` does for 0 and 45 degrees, for the other directions of a drawing.

Pixel centres are sorted into the cells of a lattice that is turned with the quads and four times as fine as the raster
(twice along each side), and summed there (Crow 1984). A pixel whose centre lies within a quarter of a pixel of a quad's
edge may be counted on its wrong side, so that a scan finds the best quads and their masks measure them.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tts_playground.dsl.exact import CANVAS
from tts_playground.dsl.masks import summed_area
from tts_playground.dsl.tree import Quad
from tts_playground.randomness import generator

LENGTHS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15)
"""widths and heights that are tried: of large quads mostly one edge is wanted, so that not all are"""
FINE = 2
"""cells of the lattice to a pixel's side"""


class TurnedQuads:
    """Sums of any weight image over every quad of one angle; use ``turned(size, angle)``, which keeps a few.

    Args:
        size: pixels a side, a multiple of 16.
        angle: whole degrees above 0 and below 90.
    """

    def __init__(self, size: int, angle: int) -> None:
        self.angle = angle
        self._build(size)
        noise = generator(0, size, angle, "pixels").integers(0, 2**50, (size, size))
        x, y, width, height = np.meshgrid(
            np.arange(CANVAS), np.arange(CANVAS), np.array(LENGTHS), np.array(LENGTHS), indexing="ij"
        )
        table = np.stack([x, y, width, height], -1).reshape(-1, 4).astype(np.int16)
        order = np.argsort(table[:, 2].astype(int) * table[:, 3], kind="stable")
        sums = self.sums(noise)[order]
        _, first = np.unique(sums, return_index=True)
        kept = np.sort(order[first][sums[first] != 0])
        self.parameters = table[kept]
        self._corners = self._corners[:, kept]

    def __len__(self) -> int:
        return len(self.parameters)

    def primitive(self, index: int) -> Quad:
        """The quad that stands at ``index`` of a scan."""
        x, y, width, height = (int(value) for value in self.parameters[index])
        return Quad(x, y, width, height, self.angle)

    def sums(self, weights: NDArray[np.signedinteger]) -> NDArray[np.signedinteger]:
        """Sum of ``weights`` (size, size), first row on top, over the pixels of every quad, in the same dtype."""
        lattice = np.zeros(self._shape[0] * self._shape[1], weights.dtype)
        lattice[self._cells] = weights.ravel()  # a cell's diagonal is shorter than a pixel: no two share one
        table = summed_area(lattice.reshape(self._shape)).ravel()
        high, left, low, corner = (table.take(lines, mode="clip") for lines in self._corners)
        high -= left
        high -= low
        high += corner
        return high

    def _build(self, size: int) -> None:
        scale = size / CANVAS
        cos, sin = math.cos(math.radians(self.angle)), math.sin(math.radians(self.angle))
        row, column = np.indices((size, size))
        right, up = column + 0.5, size - (row + 0.5)
        along, across = right * cos + up * sin, up * cos - right * sin
        # the lattice's first lines: no pixel lies below them
        first = np.array([0.0, -size * sin])
        cells = [
            np.floor((side - start) * FINE).astype(int) for side, start in zip((along, across), first, strict=True)
        ]
        self._shape = (int(cells[0].max()) + 1, int(cells[1].max()) + 1)
        self._cells = (cells[0] * self._shape[1] + cells[1]).ravel()
        x, y = (side.ravel() * scale for side in np.meshgrid(np.arange(CANVAS), np.arange(CANVAS), indexing="ij"))
        reach = np.array(LENGTHS) * scale / 2
        low_a, high_a = self._lines(x * cos + y * sin - first[0], reach, self._shape[0])
        low_b, high_b = self._lines(y * cos - x * sin - first[1], reach, self._shape[1])
        wide = self._shape[1] + 1
        pairs = [(high_a, high_b), (low_a, high_b), (high_a, low_b), (low_a, low_b)]
        self._corners = np.stack([(a[:, :, None] * wide + b[:, None, :]).ravel() for a, b in pairs]).astype(np.intp)

    @staticmethod
    def _lines(centre: NDArray, reach: NDArray, last: int) -> tuple[NDArray, NDArray]:
        """The lattice lines nearest to both edges, (centres, sides) each."""
        edges = (np.rint((centre[:, None] + sign * reach) * FINE).astype(int) for sign in (-1, 1))
        low, high = (np.clip(edge, 0, last) for edge in edges)
        return low, high


@lru_cache(maxsize=48)
def turned(size: int, angle: int) -> TurnedQuads:
    """The quads of this angle at this raster size, made once (about a megabyte)."""
    return TurnedQuads(size, angle)
