"""Opening pictures safely: sizes are checked before anything is decoded, and faults are said in one sentence."""

from __future__ import annotations

import io
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from tts_playground.errors import BadInput

MAX_PIXELS = 40_000_000
"""largest picture that is decoded, width * height"""
DRAFT = 768
"""JPEG pictures may be decoded at a reduced size no smaller than this"""


def open_image(
    image: Any,
    *,
    max_pixels: int = MAX_PIXELS,
    formats: Collection[str] | None = None,
    draft: str = "L",
    moving: bool = True,
) -> Image.Image:
    """A decoded picture, with its size checked before it is decoded.

    Args:
        draft: "L" or "RGB", what a JPEG may be decoded to at a reduced size.
        moving: take the first frame of a moving picture; else refuse it.
    """
    if isinstance(image, np.ndarray):
        return _from_array(image, max_pixels)
    if isinstance(image, Image.Image):
        _check_size(image.size, max_pixels)
        _check_frames(image, moving)
        return _decoded(image)
    if isinstance(image, (bytes, bytearray, memoryview)):
        source: Any = io.BytesIO(bytes(image))
    elif isinstance(image, (str, Path)):
        source = Path(image)
    elif hasattr(image, "read"):
        source = image
    else:
        raise BadInput(f"A picture is a path, bytes, a PIL image or an array, not {type(image).__name__}.")
    name = source.name if isinstance(source, Path) else "the picture"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the size is checked on the next line
            with Image.open(source, formats=None if formats is None else list(formats)) as opened:
                _check_size(opened.size, max_pixels)
                _check_frames(opened, moving)
                opened.draft(draft, (DRAFT, DRAFT))
                return _decoded(opened)
    except FileNotFoundError as error:
        raise BadInput(f"There is no file '{source}'; give the path of a picture.") from error
    except UnidentifiedImageError as error:
        wanted = f" of the formats {', '.join(formats)}" if formats else " that can be opened"
        raise BadInput(f"{name} is not a picture{wanted}.") from error
    except Image.DecompressionBombError as error:
        raise BadInput(f"{name} has too many pixels; at most {max_pixels:,} are read.") from error
    except BadInput:
        raise
    except (OSError, ValueError, SyntaxError, EOFError) as error:  # Pillow's words for damaged headers and chunks
        raise BadInput(f"{name} cannot be read as a picture: {error}.") from error


def _check_size(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise BadInput("The picture has no pixels; give one of at least 1 x 1.")
    if width * height > max_pixels:
        raise BadInput(
            f"The picture has {width} x {height} pixels; at most {max_pixels:,} are read, so make it smaller."
        )


def _check_frames(image: Image.Image, moving: bool) -> None:
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and not moving:
        raise BadInput(f"The picture moves ({frames} frames); save one frame of it as a picture and give that.")


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
    """Brightness 0-255, shape (height, width). What is see-through is paper: white, or black where only that shows."""
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
    return on_white if on_white.std() >= on_black.std() or np.ptp(on_white) > 0 else on_black
