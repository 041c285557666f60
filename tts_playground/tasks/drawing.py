"""From any picture to ink on the canvas: which of 256 x 256 pixels are drawn.

A picture with two values is taken at its word: the darker one is ink. Anything else (a canvas with soft strokes, a photo of a
marker on paper) is levelled, split by Otsu's threshold (1979), turned if it is light on dark, freed of specks, and thin
closed loops are filled, because people who draw an outline mean the shape.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from tts_playground.errors import BadInput

Outline = Literal["auto", "fill", "keep"]
OUTLINES = ("auto", "fill", "keep")
SIDE = 256
"""pixels a side of the canvas, 16 to a unit"""
MAX_PIXELS = 40_000_000
"""largest picture that is decoded"""
WORK = 768
"""longest side at which photos are thresholded"""
CONTRAST = 24
"""least distance, in grey levels, between the means of ink and paper"""
SPECK = 16
"""ink of fewer canvas pixels than this (a sixteenth of a square unit) is a speck"""
THIN = 14
"""widest stroke, in canvas pixels, that counts as an outline"""
GAP = 7
"""widest gap, in canvas pixels, across which an outline counts as closed"""


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
        formats: Pillow's names of the formats that may be opened, e.g. ("PNG", "JPEG"); None for all.

    Raises:
        BadInput: it is no picture, too large, or empty.
    """
    if outline not in OUTLINES:
        raise BadInput(f"outline must be one of {', '.join(OUTLINES)}, not {outline!r}.")
    grey = to_grey(open_image(image, max_pixels=max_pixels, formats=formats))
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


# ------------------------------------------------------------------------------------------------------ opening


def open_image(image: Any, *, max_pixels: int = MAX_PIXELS, formats: Collection[str] | None = None) -> Image.Image:
    """A decoded picture (the first frame of a moving one), with its size checked before it is decoded."""
    if isinstance(image, np.ndarray):
        return _from_array(image, max_pixels)
    if isinstance(image, Image.Image):
        _check_size(image.size, max_pixels)
        return _decoded(image)
    if isinstance(image, (bytes, bytearray, memoryview)):
        source: Any = io.BytesIO(bytes(image))
    elif isinstance(image, (str, Path)):
        source = Path(image)
    elif hasattr(image, "read"):
        source = image
    else:
        raise BadInput(f"A drawing is a path, bytes, a PIL image or an array, not {type(image).__name__}.")
    name = source.name if isinstance(source, Path) else "the picture"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the size is checked on the next line
            with Image.open(source, formats=None if formats is None else list(formats)) as opened:
                _check_size(opened.size, max_pixels)
                opened.draft("L", (WORK, WORK))
                return _decoded(opened)
    except FileNotFoundError as error:
        raise BadInput(f"There is no file {source}.") from error
    except UnidentifiedImageError as error:
        wanted = f" of the formats {', '.join(formats)}" if formats else " that can be opened"
        raise BadInput(f"{name} is not a picture{wanted}.") from error
    except Image.DecompressionBombError as error:
        raise BadInput(f"{name} has too many pixels; at most {max_pixels:,} are read.") from error
    except OSError as error:
        raise BadInput(f"{name} cannot be read as a picture: {error}.") from error


def _check_size(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise BadInput("The picture has no pixels; give one of at least 1 x 1.")
    if width * height > max_pixels:
        raise BadInput(
            f"The picture has {width} x {height} pixels; at most {max_pixels:,} are read, so make it smaller."
        )


def _decoded(image: Image.Image) -> Image.Image:
    try:
        image.load()
        return ImageOps.exif_transpose(image)
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise BadInput(f"The picture is damaged: {error}.") from error


def _from_array(array: NDArray, max_pixels: int) -> Image.Image:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)) or not array.size:
        raise BadInput(f"An array must have the shape (height, width[, 1 | 3 | 4]), not {array.shape}.")
    _check_size((array.shape[1], array.shape[0]), max_pixels)
    if array.dtype == bool:
        raise_to = np.where(array, 0, 255).astype(np.uint8)  # True is ink, and ink is black
    elif np.issubdtype(array.dtype, np.floating):
        if not np.isfinite(array).all() or array.min() < 0 or array.max() > 1:
            raise BadInput("An array of floats must hold brightness from 0 to 1.")
        raise_to = np.round(array * 255).astype(np.uint8)
    elif array.dtype == np.uint8:
        raise_to = array
    else:
        raise BadInput(f"An array must be of bool, uint8 or floats 0-1, not {array.dtype}.")
    return Image.fromarray(raise_to[..., 0] if raise_to.ndim == 3 and raise_to.shape[2] == 1 else raise_to)


def to_grey(image: Image.Image) -> NDArray[np.uint8]:
    """Brightness 0-255, shape (height, width). What is see-through counts as paper, white or black, whichever shows more."""
    if image.mode[0] in "IF":  # 16- and 32-bit pictures: Pillow would clip them instead of scaling
        deep = np.asarray(image, np.float64)
        span = float(np.ptp(deep))
        return (
            np.zeros(deep.shape, np.uint8)
            if not span
            else np.round((deep - deep.min()) * (255 / span)).astype(np.uint8)
        )
    if not image.has_transparency_data:
        return np.asarray(image.convert("L"))
    layer = image.convert("RGBA")
    on_white, on_black = (
        np.asarray(Image.alpha_composite(Image.new("RGBA", layer.size, paper), layer).convert("L"))
        for paper in ("white", "black")
    )
    return on_white if on_white.std() >= on_black.std() or np.ptp(on_white) > CONTRAST else on_black


# --------------------------------------------------------------------------------------------- ink and its shape


def threshold(grey: NDArray[np.uint8]) -> tuple[NDArray[np.bool_], list[str]]:
    """Split a picture of many greys into ink and paper, with notes."""
    reduced = Image.fromarray(grey)
    reduced.thumbnail((WORK, WORK), Image.Resampling.BOX)
    grey = np.asarray(reduced)
    cut, contrast = otsu(grey)
    if contrast < CONTRAST:
        return np.zeros(grey.shape, bool), ["no contrast between ink and paper"]
    notes = []
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if np.mean(border <= cut) > 0.5:
        grey, notes = 255 - grey, ["light on dark, turned"]
        cut = 254 - cut
    if _is_photo(grey, cut):
        grey = level(grey)
        cut, contrast = otsu(grey)
        notes.append("photo, levelled")
        if contrast < CONTRAST:
            return np.zeros(grey.shape, bool), [*notes, "no contrast between ink and paper"]
    return grey <= cut, notes


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


def _is_photo(grey: NDArray[np.uint8], cut: int) -> bool:
    """Paper of many greys, as light falls on it; a canvas has one."""
    paper = grey[grey > cut]
    return bool(np.std(paper) > 4) and np.mean(np.abs(paper.astype(int) - int(np.median(paper))) > 8) > 0.1


def level(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Divide by the light of the paper, estimated as the blurred upper envelope at a scale far above a stroke's."""
    from scipy import ndimage

    small = np.asarray(Image.fromarray(grey).resize((64, 64), Image.Resampling.BOX), np.float32)
    light = ndimage.gaussian_filter(ndimage.grey_closing(small, size=(25, 25)), 4)
    paper = np.asarray(Image.fromarray(light).resize((grey.shape[1], grey.shape[0]), Image.Resampling.BICUBIC))
    return np.clip(grey / np.maximum(paper, 1) * 230, 0, 255).astype(np.uint8)


def letterbox(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Centre a picture of any shape on the square canvas; a canvas pixel is ink if half of it or more is."""
    height, width = ink.shape
    side = max(height, width)
    square = np.zeros((side, side), np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = ink * np.uint8(255)
    return np.asarray(Image.fromarray(square).resize((SIDE, SIDE), Image.Resampling.BOX)) >= 128


def despeckle(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Remove ink, and fill pinholes, of fewer than ``SPECK`` pixels."""
    from scipy import ndimage

    for _ in range(2):
        labels, found = ndimage.label(mask)
        if found:
            mask = mask & ~np.isin(
                labels, 1 + np.flatnonzero(np.bincount(labels.ravel(), minlength=found + 1)[1:] < SPECK)
            )
        mask = ~mask
    return mask


def fill_outlines(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Fill thin strokes that close, or nearly close, a loop; a loop inside a loop is a hole (even-odd rule)."""
    from scipy import ndimage

    labels, found = ndimage.label(mask, np.ones((3, 3)))
    result = np.zeros_like(mask)
    for label in range(1, found + 1):
        stroke = labels == label
        width = 2 * ndimage.distance_transform_edt(stroke).max()
        shape = stroke
        if width <= THIN:
            shape = _closed(stroke)
        result ^= shape
    return result


def _closed(stroke: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The stroke with what it encloses, across gaps, if that is more than the stroke itself; else the stroke."""
    from scipy import ndimage

    pad, radius = GAP + 1, (GAP + 1) // 2
    padded = np.pad(stroke, pad)
    near = ndimage.distance_transform_edt(~padded) <= radius
    inside = ndimage.binary_fill_holes(near) & ~near
    if inside.sum() <= stroke.sum() / 2:
        return stroke
    grown = ndimage.distance_transform_edt(~inside) <= radius + 1
    return (padded | inside | (grown & near))[pad:-pad, pad:-pad]
