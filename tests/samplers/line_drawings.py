"""Line drawings as people make them, for tests: strokes of half a unit, thinner than any quad."""

import math

import numpy as np
from PIL import Image, ImageDraw

from tts_playground.tasks.sketch import SketchTask

SIDE = 256


def drawn(paint, detail: int = 4) -> SketchTask:
    """What ``paint(draw, scale)`` draws on a canvas of 16 units, with smooth edges shrunk to ink or none."""
    image = Image.new("L", (SIDE * detail, SIDE * detail))
    paint(ImageDraw.Draw(image), SIDE * detail / 16)
    return SketchTask(np.packbits(np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX)) >= 128).tobytes())


def _line(draw, scale, *places, width=0.45):
    draw.line([(x * scale, y * scale) for x, y in places], fill=255, width=round(width * scale), joint="curve")


def _ring(draw, scale, x, y, radius, width=0.45):
    box = [(v + sign * radius) * scale for sign in (-1, 1) for v in (x, y)]
    draw.ellipse(box, outline=255, width=round(width * scale))


def stick_figure(draw, scale):
    _ring(draw, scale, 8, 3.4, 1.6)
    _line(draw, scale, (8, 5), (8, 10.3))
    _line(draw, scale, (4.7, 7.5), (11.3, 6.6))
    _line(draw, scale, (5.6, 14.7), (8, 10.3), (10.6, 14.7))


def letter(draw, scale):
    _line(draw, scale, (2.8, 14), (8, 1.9), (13.1, 14))
    _line(draw, scale, (5, 9.4), (11.1, 9.4))


def star(draw, scale):
    radius = [6.2 if k % 2 == 0 else 2.5 for k in range(12)]
    turn = [math.pi * k / 5 for k in range(12)]
    _line(draw, scale, *((8 + r * math.sin(t), 8 - r * math.cos(t)) for r, t in zip(radius, turn, strict=True)))


def spiral(draw, scale):
    turns = np.linspace(0, 7 * math.pi, 400)
    _line(draw, scale, *((8 + (0.4 + 0.27 * t) * math.cos(t), 8 + (0.4 + 0.27 * t) * math.sin(t)) for t in turns))


def face(draw, scale):
    _ring(draw, scale, 8, 8, 5.5)
    for x in (5.7, 10.2):
        draw.ellipse([(x - 0.55) * scale, 5.9 * scale, (x + 0.55) * scale, 7.0 * scale], fill=255)
    draw.arc([5.3 * scale, 7.5 * scale, 10.6 * scale, 11.2 * scale], 20, 160, fill=255, width=round(0.45 * scale))


DRAWINGS = {"A": letter, "star": star, "spiral": spiral, "stick figure": stick_figure, "face": face}
