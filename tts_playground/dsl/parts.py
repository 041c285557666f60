"""The parts of a drawing: what a person would name one by one, such as eyes, a mouth, a window or legs.

A part is a connected piece of ink, a hole in it, or a thin limb of a larger piece: what opening by a disc takes away
(Serra 1982). Small parts weigh more than their area, since a face without eyes is no face.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tts_playground.dsl.drawings import unpack

SPECK = 20
"""pixels of a canvas of 256 a side below which nothing is a part"""
LIMB = 0.02
"""least share of all ink that a limb has"""
SLENDER = 0.45
"""a limb is thinner than this share of the thickest piece it grows from"""
LONG = 1.5
"""a limb is at least this many times as long as it is wide: a sharp corner is none"""
LARGEST = 6
"""most times that a pixel of a small part counts"""
NAMED = 0.5
"""a part of which a program's picture shows less than this share is left out"""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A part of a drawing."""

    hole: bool
    """whether it is a hole in the ink"""
    mask: NDArray[np.bool_]
    """(side, side), True in the part"""
    area: int
    """pixels"""

    @property
    def centre(self) -> tuple[float, float]:
        """Row and column of its middle, as shares of the side."""
        rows, columns = np.nonzero(self.mask)
        return float(rows.mean()) / len(self.mask), float(columns.mean()) / len(self.mask)


@lru_cache(maxsize=32)
def parts(mask: bytes, side: int) -> tuple[Part, ...]:
    """All parts, largest first; a limb lies in a larger piece, which is a part too."""
    ink = unpack(mask, side)
    least = SPECK * (side / 256) ** 2
    pieces = _pieces(ink, least, diagonal=True)
    holes = [hole for hole in _pieces(~ink, least, diagonal=False) if not _at_border(hole)]
    limbs = [limb for piece in pieces for limb in _limbs(piece, max(least, LIMB * np.count_nonzero(ink)))]
    found = [Part(False, one, int(np.count_nonzero(one))) for one in (*pieces, *limbs)]
    found += [Part(True, one, int(np.count_nonzero(one))) for one in holes]
    return tuple(sorted(found, key=lambda part: -part.area))


@lru_cache(maxsize=64)
def weights(mask: bytes, side: int, strength: float = 0.5) -> NDArray[np.uint8]:
    """What every pixel counts, 1..``LARGEST``: (largest area / its part's area) ** ``strength``, rounded.

    At a strength of 0 every pixel counts 1, at 1 every part counts as much as any other. Read-only.
    """
    counts = np.ones((side, side), np.float64)
    found = parts(mask, side)
    whole = max((part.area for part in found if not part.hole), default=1)
    for part in found:  # the smallest come last, and have the last word
        counts[part.mask] = np.clip((whole / part.area) ** strength, 1, LARGEST)
    rounded = np.rint(counts).astype(np.uint8)
    rounded.setflags(write=False)
    return rounded


def left_out(mask: bytes, side: int, painted: NDArray[np.bool_]) -> list[Part]:
    """The parts that a picture does not show: pieces and limbs without their ink, holes that are filled."""
    found = []
    for part in parts(mask, side):
        shown = np.count_nonzero(painted[part.mask] != part.hole)
        if shown < NAMED * part.area:
            found.append(part)
    return found


def _pieces(region: NDArray[np.bool_], least: float, *, diagonal: bool) -> list[NDArray[np.bool_]]:
    from scipy import ndimage

    labels = np.zeros(region.shape, np.int32)
    ndimage.label(region, np.ones((3, 3)) if diagonal else None, output=labels)
    areas = np.bincount(labels.ravel())
    return [labels == number for number in np.flatnonzero(areas >= least) if number]


def _at_border(region: NDArray[np.bool_]) -> bool:
    return bool(region[0].any() or region[-1].any() or region[:, 0].any() or region[:, -1].any())


def _limbs(piece: NDArray[np.bool_], least: float) -> list[NDArray[np.bool_]]:
    """Thin parts of a piece that has a thick one."""
    # nothing beyond the piece's own rectangle matters, and of a picture of a thousand dots that is all the difference
    rows, columns = (np.flatnonzero(piece.any(axis)) for axis in (1, 0))
    own = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    found = []
    for limb in _limbs_within(piece[own], least):
        whole = np.zeros_like(piece)
        whole[own] = limb
        found.append(whole)
    return found


def _limbs_within(piece: NDArray[np.bool_], least: float) -> list[NDArray[np.bool_]]:
    from scipy import ndimage

    depth = np.asarray(ndimage.distance_transform_edt(np.pad(piece, 1)))[1:-1, 1:-1]
    radius = SLENDER * float(depth.max())
    core = depth > radius
    opened = np.asarray(ndimage.distance_transform_edt(~core)) <= radius + 1.5
    thin = _pieces(piece & ~opened, least, diagonal=True)
    # a strip of width 2 d and length l has the area 2 d l
    limbs = [limb for limb in thin if np.count_nonzero(limb) >= 4 * LONG * float(depth[limb].max()) ** 2]
    return limbs if sum(map(np.count_nonzero, limbs)) < 0.5 * np.count_nonzero(piece) else []
