"""Sprites ready to be pasted: cropped, tinted and scaled once, then kept, because a scene must cost microseconds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from tts_playground.worlds.vocabulary import ATLAS_COLUMNS, CELL, NAMES, NATURAL, TINTS

ATLAS = Path(__file__).parent / "data" / "stickers.png"


@dataclass(frozen=True, slots=True, eq=False)
class Sprite:
    """A sprite at its final size: paste with ``picture * keep / 256 + paint``."""

    paint: np.ndarray
    """uint8 [h, w, 3], colour already multiplied by opacity"""
    keep: np.ndarray
    """uint16 [h, w, 1], how much of the picture below stays, 0 to 256"""
    width: int
    height: int


@cache
def _atlas() -> Image.Image:
    return Image.open(ATLAS).convert("RGBA")


@cache
def _cropped(noun: str) -> Image.Image:
    row, column = divmod(NAMES.index(noun), ATLAS_COLUMNS)
    cell = _atlas().crop((column * CELL, row * CELL, (column + 1) * CELL, (row + 1) * CELL))
    return cell.crop(cell.getchannel("A").getbbox())


@cache
def _tinted(noun: str, color: str) -> Image.Image:
    """The sprite redrawn in shades of one hue, the commonest shade being the tint itself so that its name is plain."""
    image = _cropped(noun)
    if color == NATURAL:
        return image
    pixels = np.asarray(image, dtype=np.float32)
    light = pixels[..., :3] @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    middle = np.median(light[pixels[..., 3] > 128])
    shade = 1 + np.clip((light - middle)[..., None] / 160, -0.5, 0.45)
    tint = np.array(TINTS[color], dtype=np.float32)
    rgb = tint * np.minimum(shade, 1) + (255 - tint) * np.maximum(shade - 1, 0)
    out = np.concatenate([np.clip(rgb, 0, 255), pixels[..., 3:]], axis=-1)
    return Image.fromarray(out.astype(np.uint8))


@cache
def sprite(noun: str, color: str, size: int) -> Sprite:
    """The sprite of ``noun`` in ``color`` ("" is natural) with a long side of ``size`` pixels."""
    image = _tinted(noun, color)
    scale = size / max(image.size)
    width, height = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    small = image.convert("RGBa").resize((width, height), Image.Resampling.LANCZOS)
    pixels = np.frombuffer(small.tobytes(), dtype=np.uint8).reshape(height, width, 4)
    alpha = pixels[..., 3:].astype(np.uint16)
    return Sprite(
        np.ascontiguousarray(np.minimum(pixels[..., :3], alpha)).astype(np.uint8),
        256 - (alpha * 257 >> 8),
        width,
        height,
    )


@cache
def shape(noun: str, size: int) -> tuple[int, int]:
    """Width and height in pixels of ``noun`` at ``size``."""
    found = sprite(noun, NATURAL, size)
    return found.width, found.height
