"""The mask engine: programs as bits, and all primitives scored at once, so that a search pays microseconds a candidate.

Two parts, both exact at pixel centres (the convention of ``render(mode="exact")``):

* *Packed masks*: a raster of ``size`` x ``size`` pixels is a row of uint64 words (512 bytes at 64 px); union,
  difference and IoU are a few bitwise operations and a popcount.
* *Scans*: changing one operand of a program changes its pixel counts by a sum, over that operand's pixels, of weights
  that the rest of the program fixes. A scan finds this sum for **every** primitive of the language. Rectangles at 0 and
  45 degrees are differences of a summed-area table (Crow 1984) on the upright and on the diagonal pixel lattice; a disc
  is a sum of row spans, which is one sparse matrix product for all discs.

Angles count modulo 180, and turning by 90 swaps width and height, so the two lattices hold all eight angles.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tts_playground.dsl.exact import CANVAS, membership
from tts_playground.dsl.tree import Circle, Node, Primitive, Program, Quad, Union
from tts_playground.errors import BadInput
from tts_playground.randomness import generator

Packed = NDArray[np.uint64]
"""A raster as words, row by row from the top left."""

SIDES = 15
"""Radii, widths and heights run from 1 to this."""
KEPT_BYTES = 32 << 20
"""Masks of single primitives that an engine keeps, in bytes: all that a search meets at 64 px."""


class MaskEngine:
    """Packed rasters and scans at one raster size; use ``engine(size)``, which keeps one for each size.

    Args:
        size: pixels a side, a multiple of 16 in 16..512.

    Raises:
        BadInput: a size that is no multiple of 16 from 16 to 512.
    """

    def __init__(self, size: int = 64) -> None:
        if size % CANVAS or not CANVAS <= size <= 512:
            raise BadInput(f"The mask engine's size must be a multiple of 16 from 16 to 512, not {size}.")
        self.size = size
        self.scale = size // CANVAS
        self.words = size * size // 64
        self._masks: dict[Primitive, Packed] = {}
        self._scanner: Scanner | None = None

    # ------------------------------------------------------------------------------------------ packed masks

    def pack(self, raster: NDArray[np.bool_]) -> Packed:
        """Bits of a boolean raster of shape (size, size), True where there is ink."""
        return np.packbits(raster).view(np.uint64)

    def unpack(self, packed: Packed) -> NDArray[np.uint8]:
        """The raster of packed bits: 0 and 1, shape (size, size)."""
        return np.unpackbits(packed.view(np.uint8)).reshape(self.size, self.size)

    def empty(self) -> Packed:
        """The raster without ink."""
        return np.zeros(self.words, np.uint64)

    def mask(self, primitive: Primitive) -> Packed:
        """Pixels whose centre lies in the primitive. Kept, because a search asks for the same ones again and again."""
        packed = self._masks.get(primitive)
        if packed is None:
            if len(self._masks) * self.words * 8 >= KEPT_BYTES:
                self._masks.clear()
            packed = self._masks[primitive] = self.pack(membership(primitive, self.size))
        return packed

    def evaluate(self, program: Program | Node | None) -> Packed:
        """The packed raster of a whole program or of one node."""
        node = program.root if isinstance(program, Program) else program
        if node is None:
            return self.empty()
        if isinstance(node, (Circle, Quad)):
            return self.mask(node)
        first, *others = (self.evaluate(operand) for operand in node.operands)
        rest = union(others)
        return first | rest if isinstance(node, Union) else first & ~rest

    # ------------------------------------------------------------------------------------------------- scans

    @property
    def scanner(self) -> Scanner:
        """The table of all primitives; built on first use."""
        if self._scanner is None:
            self._scanner = Scanner(self.size)
        return self._scanner

    def scan(self, ink: Packed, blank: Packed) -> tuple[NDArray[np.signedinteger], NDArray[np.signedinteger]]:
        """For every primitive of the table: how many of its pixels are in ``ink``, and how many in ``blank``."""
        # Both counts ride in one number: the lower bits hold up to size * size blank pixels.
        shift = (self.size * self.size).bit_length()
        dtype = np.int32 if 2 * shift < 31 else np.int64
        weights = (self.unpack(ink).astype(dtype) << shift) + self.unpack(blank)
        sums = self.scanner.sums(weights)
        return sums >> shift, sums & ((1 << shift) - 1)


class Scanner:
    """Sums of any weight image over every primitive with positive sides, as one array.

    The order is circles by (radius, x, y), upright quads, then quads at 45 degrees, both by (x, y, width, height). Of
    primitives with the same pixels, because the canvas cuts them, only the smallest is in the table.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._build_discs()
        self._build_quads()
        self._build_diagonals()
        self._keep(np.arange(_DISCS), np.arange(_QUADS), np.arange(_QUADS))
        table = _parameters()
        kept = self._distinct(table)
        self.parameters = table[kept]
        discs, quads, diagonals = (kept[(kept >= low) & (kept < high)] - low for low, high in _FAMILIES)
        self._keep(discs, quads, diagonals)

    def __len__(self) -> int:
        return len(self.parameters)

    def primitive(self, index: int) -> Primitive:
        """The primitive that stands at ``index`` of a scan."""
        radius, x, y, width, height, angle = (int(v) for v in self.parameters[index])
        return Circle(radius, x, y) if radius else Quad(x, y, width, height, angle)

    def sums(self, weights: NDArray[np.signedinteger]) -> NDArray[np.signedinteger]:
        """Sum of ``weights`` (size, size), first row on top, over the pixels of every primitive, in the same dtype."""
        upward = weights[::-1]
        discs, quads = len(self._disc_order), len(self._quad_order)
        out = np.empty(discs + quads + len(self._across_low), weights.dtype)
        self._discs(upward, out[:discs])
        self._quads(upward, out[discs : discs + quads])
        self._diagonals(upward, out[discs + quads :])
        return out

    def _distinct(self, table: NDArray[np.int16]) -> NDArray[np.intp]:
        """Indices of one primitive for every set of pixels, told apart by sums of random 62-bit weights."""
        noise = generator(0, self.size, "pixels").integers(0, 2**62, (self.size, self.size))
        area = np.where(table[:, 0] > 0, 0, table[:, 3].astype(int) * table[:, 4])
        order = np.argsort(area, kind="stable")
        _, first = np.unique(self.sums(noise)[order], return_index=True)
        return np.sort(order[first])

    def _keep(self, discs: NDArray[np.intp], quads: NDArray[np.intp], diagonals: NDArray[np.intp]) -> None:
        """Restrict the three families to these members, given in the order of the whole table."""
        radius, x, y = np.unravel_index(discs, (SIDES, CANVAS, CANVAS))
        self._disc_order = np.ravel_multi_index((radius, y, x), (SIDES, CANVAS, CANVAS))
        x, y, width, height = np.unravel_index(quads, (CANVAS, CANVAS, SIDES, SIDES))
        self._quad_order = np.ravel_multi_index((y, height, x, width), (CANVAS, SIDES, CANVAS, SIDES))
        self._across_low, self._across_high = self._across_low[diagonals], self._across_high[diagonals]

    # The three families. Rows count upwards here, so that row j has its centre at y = (j + 0.5) / scale.

    def _build_discs(self) -> None:
        from scipy.sparse import csr_array

        size, scale = self.size, self.size // CANVAS
        radius, y = np.meshgrid(np.arange(1, SIDES + 1), np.arange(CANVAS), indexing="ij")
        rows = (np.arange(size) + 0.5) / scale
        reach = radius[..., None] ** 2 - (rows - y[..., None]) ** 2
        spans = np.floor(scale * np.sqrt(np.maximum(reach, 0)) + 0.5).astype(int)
        disc, row = np.nonzero(spans.reshape(-1, size))
        span = spans.reshape(-1, size)[disc, row]
        self._spans = np.arange(1, spans.max() + 1)
        shape = (SIDES * CANVAS, len(self._spans) * size)
        self._rows = csr_array((np.ones(len(disc), np.int32), (disc, (span - 1) * size + row)), shape=shape)
        centre = np.arange(CANVAS) * scale
        self._span_right = np.clip(centre + self._spans[:, None], 0, size)
        self._span_left = np.clip(centre - self._spans[:, None], 0, size)

    def _discs(self, weights: NDArray[np.signedinteger], out: NDArray[np.signedinteger]) -> None:
        prefix = np.zeros((self.size + 1, self.size), weights.dtype)
        np.cumsum(weights.T, axis=0, out=prefix[1:])
        by_span = prefix[self._span_right] - prefix[self._span_left]
        dense = by_span.transpose(0, 2, 1).reshape(-1, CANVAS)
        (self._rows @ dense).take(self._disc_order, out=out, mode="clip")  # by radius, y, x

    def _build_quads(self) -> None:
        scale = self.size // CANVAS
        centre, side = np.meshgrid(np.arange(CANVAS), np.arange(1, SIDES + 1), indexing="ij")
        low, high = self._between(
            (centre - side / 2) * scale - 0.5, (centre + side / 2) * scale - 0.5, 0, self.size - 1
        )
        self._low, self._high = low.ravel(), high.ravel()

    def _quads(self, weights: NDArray[np.signedinteger], out: NDArray[np.signedinteger]) -> None:
        table = summed_area(weights)
        strips = table.take(self._high, 1) - table.take(self._low, 1)
        boxes = strips.take(self._high, 0) - strips.take(self._low, 0)
        boxes.take(self._quad_order, out=out, mode="clip")  # by y, height, x, width

    def _build_diagonals(self) -> None:
        size, scale = self.size, self.size // CANVAS
        row, column = np.indices((size, size))
        self._side = 2 * size - 1
        self._lattice = ((row + column) * self._side + (row - column + size - 1)).ravel()
        reach = np.arange(1, SIDES + 1) * scale / math.sqrt(2)
        sums = np.arange(2 * CANVAS - 1)[:, None] * scale - 1
        differences = np.arange(1 - CANVAS, CANVAS)[:, None] * scale
        self._along = self._between(sums - reach, sums + reach, 0, 2 * size - 2)
        low, high = self._between(differences - reach, differences + reach, 1 - size, size - 1)
        x, y, width, height = np.meshgrid(
            np.arange(CANVAS), np.arange(CANVAS), np.arange(SIDES), np.arange(SIDES), indexing="ij"
        )
        strip = ((x + y) * SIDES + width).ravel() * (self._side + 1)
        self._across_low = strip + (low[y - x + CANVAS - 1, height] + size - 1).ravel()
        self._across_high = strip + (high[y - x + CANVAS - 1, height] + size - 1).ravel()

    def _diagonals(self, weights: NDArray[np.signedinteger], out: NDArray[np.signedinteger]) -> None:
        lattice = np.zeros(self._side**2, weights.dtype)
        lattice[self._lattice] = weights.ravel()
        table = summed_area(lattice.reshape(self._side, self._side))
        low, high = (bound.ravel() for bound in self._along)
        strips = (table.take(high, 0) - table.take(low, 0)).ravel()
        strips.take(self._across_high, out=out, mode="clip")
        out -= strips.take(self._across_low)

    @staticmethod
    def _between(low: NDArray, high: NDArray, first: int, last: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Index ranges of the integers in [low, high), clipped to [first, last]: a quad owns its lower edges."""
        start = np.clip(np.ceil(low), first, last + 1).astype(np.intp)
        stop = np.clip(np.ceil(high), first, last + 1).astype(np.intp)
        return start, np.maximum(start, stop)


_DISCS, _QUADS = SIDES * CANVAS**2, SIDES**2 * CANVAS**2
_FAMILIES = ((0, _DISCS), (_DISCS, _DISCS + _QUADS), (_DISCS + _QUADS, _DISCS + 2 * _QUADS))


def _parameters() -> NDArray[np.int16]:
    """Every primitive as (radius, x, y, width, height, angle); radius 0 marks a quad."""
    side, place = np.arange(1, SIDES + 1), np.arange(CANVAS)
    discs = np.stack(np.meshgrid(side, place, place, indexing="ij"), -1).reshape(-1, 3)
    quads = np.stack(np.meshgrid(place, place, side, side, indexing="ij"), -1).reshape(-1, 4)
    table = np.zeros((len(discs) + 2 * len(quads), 6), np.int16)
    table[: len(discs), :3] = discs
    table[len(discs) :, 1:5] = np.concatenate([quads, quads])
    table[len(discs) + len(quads) :, 5] = 45
    return table


# ---------------------------------------------------------------------------------------------------- functions


@lru_cache(maxsize=8)
def engine(size: int = 64) -> MaskEngine:
    """The engine of this raster size, made once."""
    return MaskEngine(size)


def summed_area(weights: NDArray[np.signedinteger]) -> NDArray[np.signedinteger]:
    """Table S with S[i, j] = sum of weights[:i, :j]; one row and column larger than ``weights``."""
    table = np.zeros((weights.shape[0] + 1, weights.shape[1] + 1), weights.dtype)
    np.cumsum(weights, axis=0, out=table[1:, 1:])
    np.cumsum(table[1:, 1:], axis=1, out=table[1:, 1:])
    return table


def union(masks: Iterable[Packed]) -> Packed:
    """Union of at least one packed mask."""
    first, *rest = masks
    for mask in rest:
        first = first | mask
    return first


def count(packed: Packed) -> int:
    """Number of pixels with ink."""
    return int(np.bitwise_count(packed).sum())
