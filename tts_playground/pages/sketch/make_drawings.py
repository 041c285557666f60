"""Draw the hand-drawn examples that the sketch tab offers.

``python -m tts_playground.pages.sketch.make_drawings FOLDER``

Strokes wander and vary in width the way a quick hand does; everything follows from a fixed seed. The drawings are made
four times too large and scaled down, so their edges are as soft as a brush's.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from tts_playground import files
from tts_playground.randomness import generator

SIDE, SCALE = 256, 4
UNIT = SIDE / 16
Points = Sequence[tuple[float, float]]


def circle(x: float, y: float, radius: float, sweep: float = 1.03) -> Points:
    """Points round a circle, in units, y up; a hand goes a little further than once round."""
    turn = np.linspace(0.4, 0.4 + 2 * np.pi * sweep, 240)
    return list(zip(x + radius * np.cos(turn), y + radius * np.sin(turn), strict=True))


def walk(corners: Points) -> Points:
    """Points along straight edges from corner to corner, in units."""
    parts = [np.linspace(a, b, 80) for a, b in pairwise(corners)]
    return [(float(x), float(y)) for x, y in np.concatenate(parts)]


def wobble(points: Points, noise: np.random.Generator, size: float = 0.11) -> np.ndarray:
    """The points moved by smooth noise of ``size`` units rms, as pixels, y down; shape (points, 2)."""
    steps = noise.normal(size=(len(points) + 80, 2))
    kernel = np.hanning(61) / np.linalg.norm(np.hanning(61))
    smooth = np.stack([np.convolve(steps[:, axis], kernel, "valid") for axis in (0, 1)], axis=1)[: len(points)]
    moved = np.asarray(points) + size * smooth
    return np.stack([moved[:, 0], 16 - moved[:, 1]], axis=1) * UNIT * SCALE


def draw(strokes: Sequence[tuple[Points, bool]], name: str, width: float = 0.42) -> Image.Image:
    """Strokes, filled ones first scribbled solid, black on white."""
    noise = generator(7, name)
    picture = Image.new("L", (SIDE * SCALE, SIDE * SCALE), 255)
    pen = ImageDraw.Draw(picture)
    for points, filled in strokes:
        line = wobble(points, noise)
        if filled:
            pen.polygon([tuple(p) for p in line], fill=0)
        radii = UNIT * SCALE * width / 2 * (1 + 0.18 * np.sin(np.linspace(0, 5, len(line)) + noise.uniform(0, 6)))
        for (x, y), radius in zip(line, radii, strict=True):
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=0)
        pen.line([tuple(p) for p in line], fill=0, width=round(UNIT * SCALE * width * 0.9), joint="curve")
    return picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def photo(drawing: Image.Image) -> Image.Image:
    """The drawing as a phone would take it: uneven light, grain, a soft focus."""
    noise = generator(7, "photo")
    side = 480
    ink = np.asarray(drawing.resize((side, side), Image.Resampling.LANCZOS), dtype=float) / 255
    down, across = np.mgrid[0:side, 0:side] / side
    light = 0.62 + 0.30 * across - 0.14 * down
    grain = noise.normal(scale=0.016, size=(side, side))
    paper = np.stack([light * tint for tint in (1.0, 0.97, 0.90)], axis=2)
    marker = np.stack([light * tint for tint in (0.16, 0.18, 0.30)], axis=2)
    taken = marker + (paper - marker) * ink[:, :, None] + grain[:, :, None]
    return Image.fromarray((np.clip(taken, 0, 1) * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(1.1))


def drawings() -> dict[str, Image.Image]:
    """Every example by name."""
    house = [
        (walk([(3, 2), (13, 2), (13, 9), (3, 9), (3, 2)]), True),
        (walk([(8, 13.2), (12.6, 9), (3.4, 9), (8, 13.2)]), True),
    ]
    snowman = [(circle(8, 5, 4), True), (circle(8, 11.5, 2.6), True), (walk([(5.6, 13.6), (10.4, 13.6)]), False)]
    ring = [(circle(8, 8, 5.5), False)]
    key = [
        (circle(4.5, 8, 2.6), False),
        (walk([(7, 8), (14, 8)]), False),
        (walk([(12, 8), (12, 5.6)]), False),
        (walk([(14, 8), (14, 5.6)]), False),
    ]
    window = [
        (walk([(3, 3), (13, 3), (13, 13), (3, 13), (3, 3)]), False),
        (walk([(8, 3), (8, 13)]), False),
        (walk([(3, 8), (13, 8)]), False),
    ]
    made = {
        "house": draw(house, "house"),
        "snowman": draw(snowman, "snowman"),
        "ring": draw(ring, "ring", 1.2),
        "key": draw(key, "key", 1.1),
        "window": draw(window, "window", 1.2),
    }
    marked = [(circle(6, 9, 3), True), (walk([(9, 3), (13.5, 3), (13.5, 7), (9, 7), (9, 3)]), True)]
    return {**made, "photo": photo(draw(marked, "photo"))}


def main(folder: Path) -> None:
    """Write them all as small PNGs."""
    files.make_folder(folder)
    for name, picture in drawings().items():
        small = picture.quantize(32) if picture.mode == "RGB" else picture.quantize(16)
        with files.whole(folder / f"{name}.png") as partial:
            small.save(partial, "PNG", optimize=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Name the folder that the drawings go to, and nothing else.")
    main(Path(sys.argv[1]))
