"""Opening pictures from anywhere: bounds hold before decoding, big ones are scaled down, faults are sentences.

The one opener of the library and the app. Measured on plain Pillow: a PNG of 140 KB with 12000 x 12000 pixels takes
2.2 GB, and one of 334 bytes with 1 x 65500 pixels, put on a square, 3.8 GB. Here no picture takes 400 MB.
"""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Collection
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from tts_playground import files
from tts_playground.errors import BadInput, shown
from tts_playground.picture_bounds import Metered, check_scans, check_start

FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM")
"""what is opened, by Pillow's names: formats of which one decoder in wide use is kept well. Not those that start other
programs (EPS, PDF, WMF), hold containers (FPX, MIC) or have a history of faults (JPEG 2000, FLI, PSD, SGI, PCX)"""
MAX_PIXELS = 64_000_000
"""largest picture that is decoded, width * height"""
MAX_BYTES = 260_000_000
"""most memory that decoding may take, by ``_check_weight``"""
THINNEST = 100
"""longest side over shortest side, at most"""
KEPT_PIXELS, KEPT_SIDE = 4_000_000, 4096
"""larger pictures are scaled down by a whole number while they are opened"""
DRAFT = 1024
"""JPEG pictures may be decoded at a reduced size no smaller than this"""
_BAND = 1 << 20
"""pixels that are converted at a time, so that a large picture is not held twice"""
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""what brings a photo upright, by the number that its camera wrote (EXIF 0x0112)"""
_one_at_a_time = threading.RLock()
"""bounds memory when many send pictures at once, and lets warnings be silenced, which is a thing of the process"""


def open_image(
    image: Any,
    *,
    max_pixels: int = MAX_PIXELS,
    formats: Collection[str] | None = None,
    draft: str = "RGB",
    moving: bool = False,
) -> Image.Image:
    """A decoded picture, upright, without metadata, of mode "1", "L", "LA", "RGB" or "RGBA".

    Pictures of more than 4 million pixels, or 4096 a side, are scaled down by a whole number. Numbers of 16 and more
    bits a pixel are stretched to 0-255.

    Args:
        image: a path, bytes, a file, a ``PIL.Image``, or an array (height, width[, 1 | 3 | 4]) of bool (True is black),
            uint8 or floats 0-1.
        max_pixels: largest width * height, checked before anything is decoded.
        formats: Pillow's names of those of ``FORMATS`` that may be opened; None for all.
        draft: "L" or "RGB", what a JPEG may be decoded to at a reduced size.
        moving: take the first frame of a moving picture; else refuse it.

    Raises:
        BadInput: it is no picture of these formats, damaged, moving, too large, or too thin (over 100 : 1).
    """
    return open_sized(image, max_pixels=max_pixels, formats=formats, draft=draft, moving=moving)[0]


def open_sized(
    image: Any,
    *,
    max_pixels: int = MAX_PIXELS,
    formats: Collection[str] | None = None,
    draft: str = "RGB",
    moving: bool = False,
    wanted: int = DRAFT,
) -> tuple[Image.Image, tuple[int, int]]:
    """As ``open_image``, with the size (width, height) that the picture has where it lies, upright.

    Args:
        wanted: pixels of the longer side that the caller has use for; a JPEG is not decoded at a smaller one, within
            what is kept.

    Raises:
        BadInput: as ``open_image``.
    """
    if isinstance(image, np.ndarray):
        array = _from_array(image, max_pixels)
        return _plain(array), array.size
    if isinstance(image, Image.Image):
        with _one_at_a_time, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _opened(image, "The picture", max_pixels, moving, wanted=wanted)
    source, name = _source(image)
    allowed = [one for one in FORMATS if formats is None or one in formats]
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata; what matters is checked below
        try:
            with ExitStack() as stack:
                file = stack.enter_context(files.open_plain(source)) if isinstance(source, Path) else source
                check_start(file)
                opened = stack.enter_context(Image.open(cast(Any, Metered(file)), formats=allowed))
                return _opened(opened, name, max_pixels, moving, draft, wanted)
        except BadInput:
            raise
        except FileNotFoundError as error:
            raise BadInput(f"There is no file '{shown(image)}'; give the path of a picture.") from error
        except UnidentifiedImageError as error:
            raise BadInput(_unknown(source, name, allowed)) from error
        except Image.DecompressionBombError as error:
            raise BadInput(f"{name} has too many pixels; at most {_millions(max_pixels)} are read.") from error
        except Exception as error:  # Pillow's plug-ins raise anything on damaged headers
            why = getattr(error, "strerror", None) or shown(error) or type(error).__name__
            raise BadInput(f"{name} cannot be read as a picture: {why}.") from error


def to_grey(image: Image.Image) -> NDArray[np.uint8]:
    """Brightness 0-255, shape (height, width). What is see-through is paper: white, or black where only that shows."""
    if not image.has_transparency_data:
        return np.asarray(image.convert("L"))
    layer = image.convert("RGBA")
    on_white, on_black = (
        np.asarray(Image.alpha_composite(Image.new("RGBA", layer.size, paper), layer).convert("L"))
        for paper in ("white", "black")
    )
    return on_white if on_white.std() >= on_black.std() or np.ptp(on_white) > 0 else on_black


# ------------------------------------------------------------------------------------------------ before decoding


def _source(image: Any) -> tuple[Any, str]:
    """What Pillow opens, and what to call it."""
    if isinstance(image, (bytes, bytearray, memoryview)):
        return io.BytesIO(bytes(image)), "The picture"
    if isinstance(image, (str, Path)):
        path = Path(image)
        return path, shown(path.name) or "The picture"
    if hasattr(image, "read"):
        return image, "The picture"
    raise BadInput(f"A picture is a path, bytes, a PIL image or an array, not {type(image).__name__}.")


def _unknown(source: Any, name: str, formats: Collection[str]) -> str:
    """Why a file is no picture, and what to do."""
    with source.open("rb") if isinstance(source, Path) else nullcontext(source) as stream:
        stream.seek(0)
        head = stream.read(200)
    if not head:
        return f"{name} is empty (0 bytes); save the picture again and retry."
    if head.startswith(b"version https://git-lfs"):
        return f"{name} is a Git LFS pointer and not the picture itself; run 'git lfs pull' first."
    if head[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftyphevc"):
        return f"{name} is a HEIC photo, which cannot be read; save it as JPEG and retry."
    *others, last = formats
    either = f"{', '.join(others)} or {last}" if others else last
    return f"{name} is not a picture and cannot be read; give a {either} file."


def _check_size(size: tuple[int, int], name: str, max_pixels: int) -> None:
    """The header alone decides."""
    width, height = size
    if width < 1 or height < 1:
        raise BadInput(f"{name} has no pixels; give one of at least 1 x 1.")
    if width * height > max_pixels:
        raise BadInput(
            f"{name} has {width} x {height} pixels; at most {_millions(max_pixels)} are read, so make it smaller."
        )
    if max(width, height) > THINNEST * min(width, height):
        raise BadInput(
            f"{name} is {width} x {height} pixels, which is too thin; the longer side may be {THINNEST} times the"
            " shorter one."
        )


def _check_weight(image: Image.Image, name: str, full: int) -> None:
    """Refuse what would take too much memory to decode, as measured; ``full`` is a JPEG's pixels before ``draft``."""
    pixels = image.width * image.height
    if image.format in ("JPEG", "MPO"):  # one of several scans is held as coefficients, at its full size
        layers = getattr(image, "layer", None) or [(0, 1, 1, 0)] * 3
        most = max(h for _, h, _, _ in layers) * max(v for _, _, v, _ in layers)
        check_scans(cast(Any, image).fp, full)
        weight = 4 * pixels + 2 * full * sum(h * v for _, h, v, _ in layers) // most
    else:
        own = 1 if image.mode in ("1", "L", "P") else 2 if image.mode.startswith("I;16") else 4
        weight = pixels * {"WEBP": 16, "AVIF": 16, "TIFF": own + 4, "GIF": 8}.get(image.format or "", own)
    if weight > MAX_BYTES:
        raise BadInput(
            f"{name} is a {image.format} of {_millions(full)}; of its kind at most"
            f" {_millions(full * MAX_BYTES // weight)} are read, so make it smaller."
        )


def _opened(
    image: Image.Image, name: str, max_pixels: int, moving: bool, draft: str = "", wanted: int = DRAFT
) -> tuple[Image.Image, tuple[int, int]]:
    """A picture that Pillow has identified, decoded, and its own size; without ``draft``, one that the caller holds."""
    size = image.size
    _check_size(image.size, name, max_pixels)
    # a phone's JPEG may carry a second picture (MPO), which is no movement
    if not moving and image.format != "MPO" and getattr(image, "is_animated", False):
        raise BadInput(f"{name} moves (it has several frames); save one frame of it as a picture and give that.")
    try:
        if draft:
            full = image.width * image.height
            image.draft(draft, _draft_size(size, wanted))
            _check_weight(image, name, full)
        image.load()
        turn = _TURNS.get(_orientation(image))
        plain = _plain(image)
        if turn is None:
            return plain, size
        return plain.transpose(turn), _as(turn, size)
    except BadInput:
        raise
    except Exception as error:  # decoders, too, raise anything on damaged data
        raise BadInput(f"{name} is damaged and cannot be decoded; save it again and retry.") from error


def _draft_size(size: tuple[int, int], wanted: int) -> tuple[int, int]:
    """What a JPEG is decoded to at least; more than is kept would be scaled down again."""
    if wanted <= DRAFT:
        return DRAFT, DRAFT
    share = min(1.0, wanted / max(size), (KEPT_PIXELS / (size[0] * size[1])) ** 0.5)
    return max(1, int(size[0] * share)), max(1, int(size[1] * share))


def _as(turn: Image.Transpose, size: tuple[int, int]) -> tuple[int, int]:
    """The size of a picture that was turned: on its side, width and height change places."""
    upright = (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM, Image.Transpose.ROTATE_180)
    return size if turn in upright else (size[1], size[0])


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # damaged metadata does not make a damaged picture
        return 1


def _millions(pixels: int) -> str:
    return f"{pixels / 1e6:.3g} million pixels" if pixels >= 1e6 else f"{pixels:,} pixels"


# ------------------------------------------------------------------------------------------------- after decoding


def _plain(image: Image.Image) -> Image.Image:
    """The picture in a mode that all can read, no larger than is kept, made band by band."""
    width, height = image.size
    by = 1
    while -(-width // by) * -(-height // by) > KEPT_PIXELS or -(-max(width, height) // by) > KEPT_SIDE:
        by += 1
    rows = max(1, _BAND // width // by) * by
    span = _span(image, rows)
    if height <= rows or by == 1:
        bands = [_reduced(_converted(image, span), by)]
    else:
        tops = range(0, height, rows)
        bands = [_reduced(_converted(image.crop((0, top, width, min(top + rows, height))), span), by) for top in tops]
    if len(bands) == 1:
        clean = bands[0].copy() if bands[0] is image else bands[0]
        clean.info = {}
        return clean
    whole = Image.new(bands[0].mode, (bands[0].width, sum(band.height for band in bands)))
    top = 0
    for band in bands:
        whole.paste(band, (0, top))
        top += band.height
    return whole


def _span(image: Image.Image, rows: int) -> tuple[float, float] | None:
    """(least, greatest) finite value of a picture of more than 8 bits; None for others."""
    if image.mode[0] not in "IF":
        return None
    low, high = np.inf, -np.inf
    for top in range(0, image.height, rows):
        values = np.asarray(image.crop((0, top, image.width, min(top + rows, image.height))), np.float64)
        values = values[np.isfinite(values)]
        if values.size:
            low, high = min(low, float(values.min())), max(high, float(values.max()))
    return low, high


def _converted(image: Image.Image, span: tuple[float, float] | None) -> Image.Image:
    """A picture, or a band of one, in mode "1", "L", "LA", "RGB" or "RGBA"."""
    if span is not None:  # Pillow would clip these instead of scaling
        low, high = span
        values = np.nan_to_num(np.asarray(image, np.float64), nan=low, posinf=high, neginf=low)
        scaled = (values - low) * (255 / (high - low)) if low < high < np.inf else np.zeros(values.shape)
        return Image.fromarray(np.round(scaled).astype(np.uint8))
    if image.mode == "LAB":
        from PIL import ImageCms

        srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
        assert converted is not None
        return converted
    if image.mode in ("LA", "RGBA"):
        return image
    if image.mode == "La":
        return image.convert("LA")
    if image.mode in ("RGBa", "PA") or image.has_transparency_data:
        return image.convert("RGBA")
    return image if image.mode in ("1", "L", "RGB") else image.convert("RGB")


def _reduced(image: Image.Image, by: int) -> Image.Image:
    if by == 1:
        return image
    if image.mode == "1":  # two values stay two values, and what is rarer, a line, does not vanish
        grey = image.convert("L").reduce(by)
        cut = 64 if np.asarray(grey).mean() < 128 else 192
        return grey.point([0] * cut + [255] * (256 - cut), "1")
    return image.reduce(by)


def _from_array(array: NDArray, max_pixels: int) -> Image.Image:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)) or not array.size:
        raise BadInput(f"An array must have the shape (height, width[, 1 | 3 | 4]), not {array.shape}.")
    _check_size((array.shape[1], array.shape[0]), "The array", max_pixels)
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
