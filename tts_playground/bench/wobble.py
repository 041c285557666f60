"""Programs as a hand would draw them: contours that wander, as filled shapes or as strokes that do not quite close."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tts_playground.dsl import reference
from tts_playground.dsl.tree import Program
from tts_playground.randomness import generator

JITTER = 0.15
"""root mean square distance from the true contour, in units"""
WAVELENGTH = 2.0
"""shortest wave of the wandering, in units"""
GAP = 0.4
"""widest gap that a stroke leaves between its two ends, in units of bare paper"""
PEN = 0.375
"""width of a stroke, in units"""
SIDE, DETAIL = 256, 4
_STEP = 0.02


def wobbly(program: Program, seed: int, index: int, *, stroke: bool = False) -> Image.Image:
    """A 256 x 256 grey drawing of the program with smooth edges.

    ``stroke`` draws the same wobbly contours with a pen, each with one gap; what lies beyond the paper is not seen.
    """
    noise, gaps = generator(seed, index, "wobble"), generator(seed, index, "gaps")
    scale = SIDE * DETAIL / 16
    image = Image.new("L", (SIDE * DETAIL, SIDE * DETAIL), 255)
    draw = ImageDraw.Draw(image)
    for polygon in reference.polygons(reference.geometry(program.root)):
        for number, ring in enumerate((polygon.exterior, *polygon.interiors)):
            points = _wander(np.asarray(ring.segmentize(_STEP).coords)[:-1], noise)
            pixels = np.stack([points[:, 0] * scale, image.height - points[:, 1] * scale], 1)
            if stroke:
                first = int(gaps.integers(len(pixels)))
                _pen(draw, np.roll(pixels, -first, 0), PEN * scale, gaps.uniform(0, GAP) * scale)
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


def _pen(draw: ImageDraw.ImageDraw, pixels: NDArray[np.float64], width: float, gap: float) -> None:
    """Stroke a closed contour with round ends, ``gap`` pixels of paper between them; ``width`` is in pixels too."""
    apart = np.linalg.norm(pixels - pixels[0], axis=1)
    middle = len(pixels) // 2
    far = np.flatnonzero(apart[middle:] >= width + gap)
    kept = pixels[: middle + 1 + (int(far[-1]) if len(far) else 0)]
    draw.line([tuple(p) for p in kept], fill=0, width=round(width), joint="curve")
    for x, y in (kept[0], kept[-1]):
        draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=0)
