"""From any picture to ink on the canvas: which of 256 x 256 pixels are drawn.

A picture with two values is taken at its word: the darker one is ink. Anything else (a canvas with soft strokes, or a
photo of a marker on paper) is levelled, split by Otsu's threshold (1979), turned if it is light on dark, freed of
rulings, despeckled, and thin closed loops are filled, because people who draw an outline mean the shape. Where a
picture is see-through, it says itself what is paper. Lines too fine for the canvas are thickened before it is shrunk.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tts_playground.dsl.strokes import components, otsu
from tts_playground.errors import BadInput
from tts_playground.images import MAX_PIXELS, open_sized, to_grey
from tts_playground.tasks.levels import NOTHING, level, threshold
from tts_playground.tasks.outlines import filled_outlines
from tts_playground.tasks.shrinking import cropped, lost_share, shrunk

__all__ = ["OUTLINES", "SIDE", "Ink", "Outline", "level", "otsu", "read_drawing", "threshold"]

Outline = Literal["auto", "fill", "keep"]
OUTLINES = ("auto", "fill", "keep")
SIDE = 256
"""pixels a side of the canvas, 16 to a unit"""
FINE = 2048
"""pixels of the longer side at which a large picture is opened, for its fine lines"""
SPECK = 16
"""ink of fewer canvas pixels than this (a sixteenth of a square unit) is a speck"""
LOST = 0.1
"""share of the ink from which its loss is worth a sentence"""
TINY = SIDE // 5
"""a drawing of fewer pixels a side is small for the canvas"""


@dataclass(frozen=True, slots=True)
class Ink:
    """What was read from a picture."""

    mask: NDArray[np.bool_]
    """(256, 256), row 0 on top, True is ink"""
    notes: tuple[str, ...]
    """what was done to the picture, in words"""


def read_drawing(
    image: Any,
    *,
    outline: Outline = "auto",
    max_pixels: int = MAX_PIXELS,
    formats: Collection[str] | None = None,
    invert: bool | None = None,
    crop: bool = False,
    drawn: bool = False,
) -> Ink:
    """Find the ink in a picture.

    Args:
        image: a path, bytes, a ``PIL.Image``, or an array (height, width[, 1 | 3 | 4]) of bool, uint8 or floats 0-1.
        outline: whether thin closed loops are filled: "fill" does, and closes wider gaps if it must; "keep" does not;
            "auto" does unless the picture has just two values.
        max_pixels: largest width * height, checked before anything is decoded.
        formats: Pillow's names of those of ``images.FORMATS`` that may be opened, e.g. ("PNG", "JPEG"); None for all.
        invert: whether the drawing is light on dark; None decides by the picture, and takes two values literally.
        crop: let the drawing take up the whole canvas, wherever in the picture it is.
        drawn: the strokes of a hand on a canvas: "auto" fills although there are two values.

    Raises:
        BadInput: it is no picture, too large, too thin, or empty.
    """
    if outline not in OUTLINES:
        raise BadInput(f"outline must be one of {', '.join(OUTLINES)}, not {outline!r}.")
    opened, _ = open_sized(image, max_pixels=max_pixels, formats=formats, draft="L", moving=True, wanted=FINE)
    grey, known = _brightness(opened)
    ink, notes, literal = _ink(grey, invert, known)
    if crop and ink.any():
        ink = cropped(ink)
        notes.append("cropped to the drawing")
    mask, thickened = shrunk(ink, SIDE)
    if thickened and "fine lines kept" not in notes:
        notes.append("fine lines kept")
    if not literal:
        mask = despeckle(mask)
    notes += _warnings(ink, mask)
    if outline == "fill" or (outline == "auto" and (drawn or not literal)):
        mask, done = filled_outlines(mask, asked=outline == "fill")
        notes += [done] if done else []
    return Ink(mask, tuple(notes))


def _brightness(image: Image.Image) -> tuple[NDArray[np.uint8], bool]:
    """Brightness 0-255 with dark ink, and whether see-through parts have said what is paper."""
    if not image.has_transparency_data:
        return to_grey(image), False
    layer = image.convert("RGBA")
    clear = float(np.mean(np.asarray(layer)[..., 3] < 128))
    if clear < 0.01:
        return np.asarray(layer.convert("L")), False
    on_white, on_black = (
        np.asarray(Image.alpha_composite(Image.new("RGBA", layer.size, paper), layer).convert("L"))
        for paper in ("white", "black")
    )
    dark, light = otsu(on_white)[1], otsu(on_black)[1]
    return (on_white if 2 * dark >= light else 255 - on_black), True


def _ink(grey: NDArray[np.uint8], invert: bool | None, known: bool) -> tuple[NDArray[np.bool_], list[str], bool]:
    """(ink, notes, whether two values were taken literally)."""
    values = np.unique(grey)
    if len(values) > 2:
        ink, notes = threshold(grey, False if known and invert is None else invert)
        return ink, notes, False
    notes = ["two values, taken literally"]
    ink = (grey == values[0]) if len(values) == 2 else (grey < 64)
    if invert:
        return ~ink, [*notes, "light on dark, turned"], True
    border = np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]])
    if invert is None and not known and len(values) == 2 and border.mean() > 0.9:
        notes.append("its edge is ink; invert it if it is light on dark")
    return ink, notes, True


def _warnings(ink: NDArray[np.bool_], mask: NDArray[np.bool_]) -> list[str]:
    """What was lost on the way to the canvas, and what would help."""
    if not mask.any():
        return ["no drawing found: all of the ink was specks"] if ink.any() else []
    notes = []
    if (share := lost_share(ink, mask)) > LOST:
        notes.append(f"{share:.0%} of the ink was specks, too small to keep")
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if max(np.ptp(rows), np.ptp(columns)) < TINY:
        notes.append("small in the picture; crop it for more detail")
    return notes


def letterbox(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Centre a picture of any shape on the square canvas."""
    return shrunk(ink, SIDE)[0]


def despeckle(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Remove ink, and fill pinholes, of fewer than ``SPECK`` pixels."""
    for _ in range(2):
        labels = components(mask)
        mask = ~(mask & (np.bincount(labels.ravel()) >= SPECK)[labels])
    return mask


def nothing_found(notes: Collection[str]) -> str:
    """Why a picture that is not plain has no ink, or nothing."""
    return next((note for note in notes if note.startswith(NOTHING.partition(":")[0])), "")
