"""From ink of any size to the square canvas, without losing what is fine: rulings go, hair lines are thickened."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tts_playground.dsl.strokes import components, otsu

HAIR = 1.6
"""lines thinner than this many canvas pixels would break or vanish, and are thickened to twice as much"""
LONG = 4.0
"""a line is longer than this many times the width of a hair line; corners of shapes are not"""
MARGIN = 1 / 16
"""paper around a drawing that was cropped, as a share of its longer side"""
PALER = 48
"""grey levels from which rulings are told from what is drawn by their paleness"""
RULINGS, SPAN = 3, 0.8
"""lines at least, from one side to the other over this share of the picture, that are rulings of the paper"""

Mask = NDArray[np.bool_]


def shrunk(ink: Mask, canvas: int) -> tuple[Mask, bool]:
    """Ink on the square canvas, and whether fine lines had to be thickened for it.

    A canvas pixel is ink if half of it or more is, or if a line passes that is thinner than that.
    """
    mask = _centred(ink, canvas)
    scale = max(ink.shape) / canvas
    if not 1.5 < scale <= 16:
        return mask, False
    hairs = _hairs(ink, scale)
    more = _centred(hairs, canvas) & ~mask
    return mask | more, bool(more.any())


def _centred(ink: Mask, canvas: int) -> Mask:
    """A picture of any shape in the middle of a square; a canvas pixel is ink if half of it or more is."""
    if (by := max(ink.shape) // (16 * canvas)) > 1:  # a long one would make a huge square
        ink = np.asarray(Image.fromarray(ink * np.uint8(255)).reduce(by)) >= 128
    height, width = ink.shape
    side = max(height, width)
    square = np.zeros((side, side), np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = ink * np.uint8(255)
    return np.asarray(Image.fromarray(square).resize((canvas, canvas), Image.Resampling.BOX)) >= 128


def _hairs(ink: Mask, scale: float) -> Mask:
    """Lines thinner than ``HAIR``, thickened; ``scale`` is the pixels of the ink to one of the canvas."""
    from scipy import ndimage

    room = max(2, round(HAIR * scale))
    bold = np.asarray(ndimage.binary_opening(ink, np.ones((room, room))), bool)
    thin = ink & ~np.asarray(ndimage.binary_dilation(bold, np.ones((3, 3))), bool)
    labels = components(thin)
    if not labels.max():
        return thin
    boxes = ndimage.find_objects(labels)
    longest = np.array([0, *(max(rows.stop - rows.start, cols.stop - cols.start) for rows, cols in boxes)])
    lines = (longest >= LONG * room)[labels]
    return np.asarray(ndimage.binary_dilation(lines, np.ones((room + 1, room + 1))), bool) if lines.any() else lines


def cropped(ink: Mask) -> Mask:
    """The part of a picture that holds its ink, with a margin, as a square; specks at its edges do not count."""
    labels = components(ink)
    size = np.bincount(labels.ravel())
    size[0] = 0
    kept = (size >= max(4, 0.01 * size.max()))[labels]
    rows, columns = np.flatnonzero(kept.any(1)), np.flatnonzero(kept.any(0))
    part = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = part.shape
    side = max(height, width)
    by = max(1, round(MARGIN * side))
    down, right = by + (side - height) // 2, by + (side - width) // 2
    square = np.zeros((side + 2 * by, side + 2 * by), bool)
    square[down : down + height, right : right + width] = part
    return square


def lost_share(ink: Mask, mask: Mask) -> float:
    """Share of the ink, by canvas pixels that it touches, that is not near anything on the canvas."""
    from scipy import ndimage

    side = max(ink.shape)
    height, width = ink.shape
    rows, columns = np.nonzero(ink)
    if not len(rows):
        return 0.0
    scale = mask.shape[0] / side
    down = np.minimum(((rows + (side - height) // 2) * scale).astype(int), mask.shape[0] - 1)
    right = np.minimum(((columns + (side - width) // 2) * scale).astype(int), mask.shape[1] - 1)
    there = np.zeros(mask.shape, bool)
    there[down, right] = True
    near = np.asarray(ndimage.binary_dilation(mask, np.ones((3, 3)), iterations=2), bool)
    return float(np.mean(~near[there]))


def without_rulings(ink: Mask, grey: NDArray[np.uint8]) -> tuple[Mask, bool]:
    """Ink without the lines of ruled or squared paper, and whether there were any.

    Args:
        grey: the picture, of the shape of the ink; rulings that are paler than what is drawn are told by that.
    """
    found = _rulings(ink) | _rulings(ink.T).T
    if not found.any():
        return ink, False
    cut, apart = otsu(grey[ink])
    if apart >= PALER and np.mean(grey[found] > cut) > 0.5:
        return ink & (grey <= cut), True
    return ink & ~found, True


def _rulings(ink: Mask) -> Mask:
    """Long level lines, a little askew at most, from side to side, without what is drawn across them."""
    from scipy import ndimage

    height, width = ink.shape
    thick = max(2, round(max(height, width) / 90))
    run = max(8, width // 16)
    level_ = np.asarray(ndimage.binary_opening(ink, np.ones((1, run // 2))), bool)
    fat = np.asarray(ndimage.binary_opening(ink, np.ones((thick + 1, 1))), bool)
    level_ &= ~fat
    joined = np.asarray(ndimage.binary_closing(np.pad(level_, run), np.ones((3, run))), bool)[run:-run, run:-run]
    labels = components(joined)
    boxes = ndimage.find_objects(labels)
    long = np.array([False, *(cols.stop - cols.start >= SPAN * width for _, cols in boxes)])
    if long.sum() < RULINGS:
        return np.zeros_like(ink)
    return long[labels] & ink & ~fat
