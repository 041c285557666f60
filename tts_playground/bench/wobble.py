"""Programs as a hand would draw them: contours that wander, as filled shapes or as strokes that do not quite close."""

from __future__ import annotations

import math

import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from shapely.geometry import box

from tts_playground.dsl import reference
from tts_playground.dsl.tree import Program
from tts_playground.randomness import generator

JITTER = 0.15
"""root mean square distance from the true contour, in units"""
WAVELENGTH = 2.0
"""shortest wave of the wandering, in units"""
GAP = 0.4
"""widest gap of a stroke, in units"""
PEN = 0.375
"""width of a stroke, in units"""
MARGIN = 0.75
"""between a stroke's middle and the edge of the paper, in units"""
SIDE, DETAIL = 256, 4
_STEP = 0.1


def wobbly(program: Program, seed: int, index: int, *, stroke: bool = False) -> Image.Image:
    """A 256 x 256 grey drawing of the program with smooth edges; ``stroke`` draws contours only, each with a gap."""
    noise = generator(seed, index, "wobble")
    scale = SIDE * DETAIL / 16
    image = Image.new("L", (SIDE * DETAIL, SIDE * DETAIL), 255)
    draw = ImageDraw.Draw(image)
    shape = reference.geometry(program.root)
    if stroke:  # a hand does not draw beyond the paper: it closes the contour along the margin
        shape = shapely.intersection(shapely.make_valid(shape), box(MARGIN, MARGIN, 16 - MARGIN, 16 - MARGIN))
    for polygon in reference.polygons(shape):
        for number, ring in enumerate((polygon.exterior, *polygon.interiors)):
            points = _wander(np.asarray(ring.segmentize(_STEP).coords)[:-1], noise)
            pixels = np.stack([points[:, 0] * scale, image.height - points[:, 1] * scale], 1)
            if stroke:
                _pen(draw, pixels, round(PEN * scale), noise.uniform(0, GAP) + PEN, scale)
            else:
                draw.polygon([tuple(p) for p in pixels], fill=255 if number else 0)
    return image.resize((SIDE, SIDE), Image.Resampling.BOX)


def _wander(points: NDArray[np.float64], noise: np.random.Generator) -> NDArray[np.float64]:
    """Move a closed contour along its normals by a random sum of waves no shorter than ``WAVELENGTH``."""
    ahead, behind = np.roll(points, -1, 0), np.roll(points, 1, 0)
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(ahead - points, axis=1))])
    tangent = (ahead - behind) / np.maximum(np.linalg.norm(ahead - behind, axis=1, keepdims=True), 1e-9)
    waves = np.arange(1, max(2, math.floor(along[-1] / WAVELENGTH) + 1))
    phase = noise.uniform(0, 2 * math.pi, len(waves))
    size = noise.normal(0, 1, len(waves))
    size *= JITTER * math.sqrt(2) / np.linalg.norm(size)
    shift = (size * np.sin(2 * math.pi * waves * (along[:-1, None] / along[-1]) + phase)).sum(1)
    return points + shift[:, None] * np.stack([tangent[:, 1], -tangent[:, 0]], 1)


def _pen(draw: ImageDraw.ImageDraw, pixels: NDArray[np.float64], width: int, gap: float, scale: float) -> None:
    """Stroke a closed contour, leaving out ``gap`` units between the centres of the pen's first and last place."""
    skipped = min(round(gap / _STEP), len(pixels) - 2)
    kept = pixels[: len(pixels) - skipped]
    draw.line([tuple(p) for p in kept], fill=0, width=width, joint="curve")
    for x, y in (kept[0], kept[-1]):
        draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=0)
