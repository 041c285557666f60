"""From any picture to ink on the canvas: which of 256 x 256 pixels are drawn.

A picture with two values is taken at its word: the darker one is ink. Anything else (a canvas with soft strokes, or a
photo of a marker on paper) is levelled, split by Otsu's threshold (1979), turned if it is light on dark, despeckled,
and thin closed loops are filled, because people who draw an outline mean the shape.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tts_playground.errors import BadInput
from tts_playground.images import MAX_PIXELS, open_image, to_grey
from tts_playground.tasks.outlines import fill_outlines
from tts_playground.tasks.strokes import components

Outline = Literal["auto", "fill", "keep"]
OUTLINES = ("auto", "fill", "keep")
SIDE = 256
"""pixels a side of the canvas, 16 to a unit"""
WORK = 768
"""longest side at which photos are thresholded"""
CONTRAST = 24
"""least distance, in grey levels, between the means of ink and paper"""
SPECK = 16
"""ink of fewer canvas pixels than this (a sixteenth of a square unit) is a speck"""


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
) -> Ink:
    """Find the ink in a picture.

    Args:
        image: a path, bytes, a ``PIL.Image``, or an array (height, width[, 1 | 3 | 4]) of bool, uint8 or floats 0-1.
        outline: whether thin closed loops are filled: "fill" does, "keep" does not, "auto" does unless the picture has
            just two values.
        max_pixels: largest width * height, checked before anything is decoded.
        formats: Pillow's names of those of ``images.FORMATS`` that may be opened, e.g. ("PNG", "JPEG"); None for all.

    Raises:
        BadInput: it is no picture, too large, too thin, or empty.
    """
    if outline not in OUTLINES:
        raise BadInput(f"outline must be one of {', '.join(OUTLINES)}, not {outline!r}.")
    grey = to_grey(open_image(image, max_pixels=max_pixels, formats=formats, draft="L", moving=True))
    values = np.unique(grey)
    if len(values) <= 2:
        ink, notes = (grey == values[0]) if len(values) == 2 else (grey < 64), ["two values, taken literally"]
    else:
        ink, notes = threshold(grey)
    mask = letterbox(ink)
    if len(values) > 2:
        mask = despeckle(mask)
    if outline == "fill" or (outline == "auto" and len(values) > 2):
        filled = fill_outlines(mask)
        if (filled != mask).any():
            notes.append("closed outlines filled")
            mask = filled
    return Ink(mask, tuple(notes))


# --------------------------------------------------------------------------------------------- ink and its shape


def threshold(grey: NDArray[np.uint8]) -> tuple[NDArray[np.bool_], list[str]]:
    """Split a picture of many greys into ink and paper, with notes."""
    reduced = Image.fromarray(grey)
    reduced.thumbnail((WORK, WORK), Image.Resampling.BOX)
    grey = np.asarray(reduced)
    cut, contrast = otsu(grey)
    if contrast < CONTRAST:
        return np.zeros(grey.shape, bool), ["no contrast between ink and paper"]
    photo = _is_photo(grey, cut)
    notes = []
    if _light_on_dark(grey, cut, photo):
        grey, notes = 255 - grey, ["light on dark, turned"]
        cut = 254 - cut
    if photo:
        grey = level(grey)
        cut, contrast = otsu(grey)
        notes.append("photo, levelled")
        if contrast < CONTRAST:
            return np.zeros(grey.shape, bool), [*notes, "no contrast between ink and paper"]
    return grey <= cut, notes


def _is_photo(grey: NDArray[np.uint8], cut: int) -> bool:
    """Whether ink and paper have many greys each, as light falls on them; on a canvas they have one."""
    centres = [int(np.median(part)) for part in (grey[grey <= cut], grey[grey > cut])]
    near = [np.abs(grey.astype(int) - centre) <= 8 for centre in centres]
    return bool(np.mean(near[0] | near[1]) < 0.9)


def _light_on_dark(grey: NDArray[np.uint8], cut: int, photo: bool) -> bool:
    """Whether the ink is the lighter part: paper is what a canvas's border is, or what surrounds strokes in a photo."""
    if not photo:
        border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
        return bool(np.mean(border <= cut) > 0.5)
    from scipy import ndimage

    above = grey - _enlarged(ndimage.median_filter(_reduced(grey), 33, mode="nearest"), grey.shape)
    return bool(np.count_nonzero(above > CONTRAST) > np.count_nonzero(above < -CONTRAST))


def _reduced(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The picture at 64 x 64, for what changes slowly."""
    return np.asarray(Image.fromarray(grey).resize((64, 64), Image.Resampling.BOX), np.float32)


def _enlarged(small: NDArray[np.floating], shape: tuple[int, ...]) -> NDArray[np.float32]:
    picture = Image.fromarray(np.asarray(small, np.float32))
    return np.asarray(picture.resize((shape[1], shape[0]), Image.Resampling.BICUBIC))


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


def level(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Divide by the light of the paper, estimated as the blurred upper envelope at a scale far above a stroke's."""
    from scipy import ndimage

    light = ndimage.gaussian_filter(ndimage.grey_closing(_reduced(grey), size=(25, 25)), 4)
    return np.clip(grey / np.maximum(_enlarged(light, grey.shape), 1) * 230, 0, 255).astype(np.uint8)


def letterbox(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Centre a picture of any shape on the square canvas; a canvas pixel is ink if half of it or more is."""
    if (by := max(ink.shape) // (16 * SIDE)) > 1:  # a long one would make a huge square
        ink = np.asarray(Image.fromarray(ink * np.uint8(255)).reduce(by)) >= 128
    height, width = ink.shape
    side = max(height, width)
    square = np.zeros((side, side), np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = ink * np.uint8(255)
    return np.asarray(Image.fromarray(square).resize((SIDE, SIDE), Image.Resampling.BOX)) >= 128


def despeckle(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Remove ink, and fill pinholes, of fewer than ``SPECK`` pixels."""
    for _ in range(2):
        labels = components(mask)
        mask = ~(mask & (np.bincount(labels.ravel()) >= SPECK)[labels])
    return mask
