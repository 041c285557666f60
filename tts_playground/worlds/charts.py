"""Drawing infographics with Pillow: one small function a chart kind."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from tts_playground.worlds.infographics import LABEL_SIZE, PALETTES, SIZE, Figure, font, text_width, value_size
from tts_playground.worlds.sprites import sprite

INK = (25, 25, 25)
PALE = (205, 205, 205)
TOP = 17
"""pixels that the title takes"""


class ChartCanvas:
    """A picture in the making, with the figure's fonts and colours at hand."""

    def __init__(self, figure: Figure) -> None:
        self.figure, self.style = figure, figure.style
        self.image = Image.new("RGB", (SIZE, SIZE), figure.style.paper)
        self.pen = ImageDraw.Draw(self.image)
        palette = PALETTES[figure.style.palette]
        self.fills = [palette[name] for name in figure.colors]
        self.digits = value_size(figure.style.font)
        self.written: list[tuple[str, float, float]] = []
        """every text with the x and y of its middle"""

    def said(self, word: str) -> str:
        """A word with or without a capital letter."""
        return word.capitalize() if self.style.capitals else word

    def text(
        self, at: tuple[float, float], text: str, size: int = LABEL_SIZE, anchor: str = "lm", halo: int = 0
    ) -> None:
        """Write in the figure's font, with a rim of ``halo`` pixels in the colour of the paper."""
        paper = self.style.paper if halo else None
        x, y = at
        half = text_width(self.style.font, size, text) / 2
        self.written.append((text, x + {"l": half, "m": 0.0, "r": -half}[anchor[0]], y - (anchor[1] == "d") * size / 2))
        self.pen.text(
            at, text, fill=INK, font=font(self.style.font, size), anchor=anchor, stroke_width=halo, stroke_fill=paper
        )

    def title(self) -> None:
        """Write the title at the top."""
        size = LABEL_SIZE if text_width(self.style.font, LABEL_SIZE, self.figure.title) <= SIZE - 4 else 10
        self.text((SIZE / 2, TOP / 2), self.said(self.figure.title), size, "mm")

    def rows(self, count: int, bottom: int = SIZE - 2) -> list[tuple[float, float]]:
        """``count`` equal strips below the title: top and bottom of each."""
        step = (bottom - TOP) / count
        return [(TOP + i * step, TOP + (i + 1) * step) for i in range(count)]


def _bar(canvas: ChartCanvas) -> None:
    figure = canvas.figure
    left, most = 48, max(figure.values)
    reach = SIZE - left - 22
    if canvas.style.gridlines:
        for part in (0.25, 0.5, 0.75, 1.0):
            canvas.pen.line([(left + reach * part, TOP), (left + reach * part, SIZE - 3)], fill=PALE)
    canvas.pen.line([(left, TOP), (left, SIZE - 3)], fill=INK)
    for i, (top, bottom) in enumerate(canvas.rows(len(figure.labels))):
        middle, half = (top + bottom) / 2, min(8.0, (bottom - top) / 2 - 2)
        end = left + max(2.0, reach * figure.values[i] / most)
        canvas.text((46, middle), canvas.said(figure.labels[i]), anchor="rm")
        canvas.pen.rectangle([left + 1, middle - half, end, middle + half], fill=canvas.fills[i])
        canvas.text((end + 2, middle), str(figure.values[i]), canvas.digits)


def _slots(count: int) -> list[float]:
    """Middles of ``count`` columns."""
    step = (SIZE - 4) / count
    return [2 + step * (i + 0.5) for i in range(count)]


def _heights(figure: Figure) -> list[float]:
    """y of the top of each column; the value is written above it."""
    low, high = SIZE - 16, TOP + 19
    most = max(figure.values)
    return [low - max(2.0, (low - high) * value / most) for value in figure.values]


def _floor(canvas: ChartCanvas) -> float:
    floor = SIZE - 16
    if canvas.style.gridlines:
        for part in (0.25, 0.5, 0.75, 1.0):
            y = floor - part * (floor - TOP - 15)
            canvas.pen.line([(2, y), (SIZE - 3, y)], fill=PALE)
    canvas.pen.line([(2, floor), (SIZE - 3, floor)], fill=INK)
    return floor


def _column(canvas: ChartCanvas) -> None:
    figure, floor = canvas.figure, _floor(canvas)
    half = min(11.0, 62 / len(figure.labels) - 3)
    for i, (x, y) in enumerate(zip(_slots(len(figure.labels)), _heights(figure), strict=True)):
        canvas.pen.rectangle([x - half, y, x + half, floor - 1], fill=canvas.fills[i])
        canvas.text((x, y - 1), str(figure.values[i]), canvas.digits, "md")
        canvas.text((x, SIZE - 8), canvas.said(figure.labels[i]), anchor="mm")


def _lollipop(canvas: ChartCanvas) -> None:
    figure, floor = canvas.figure, _floor(canvas)
    for i, (x, y) in enumerate(zip(_slots(len(figure.labels)), _heights(figure), strict=True)):
        canvas.pen.line([(x, y + 4), (x, floor)], fill=canvas.fills[i], width=2)
        canvas.pen.ellipse([x - 5, y + 1, x + 5, y + 11], fill=canvas.fills[i])
        canvas.text((x, y), str(figure.values[i]), canvas.digits, "md")
        canvas.text((x, SIZE - 8), canvas.said(figure.labels[i]), anchor="mm")


def _line(canvas: ChartCanvas) -> None:
    figure = canvas.figure
    _floor(canvas)
    points = list(zip(_slots(len(figure.labels)), (y - 2 for y in _heights(figure)), strict=True))
    canvas.pen.line(points, fill=canvas.fills[0], width=2)
    for i, (x, y) in enumerate(points):
        canvas.pen.ellipse([x - 3, y - 3, x + 3, y + 3], fill=canvas.fills[0])
        canvas.text((x, y - 3), str(figure.values[i]), canvas.digits, "md", halo=1)
        canvas.text((x, SIZE - 8), canvas.said(figure.labels[i]), anchor="mm")


def _pie(canvas: ChartCanvas) -> None:
    figure = canvas.figure
    total, turn = sum(figure.values), -90.0
    for value, fill in zip(figure.values, canvas.fills, strict=True):
        sweep = 360 * value / total
        canvas.pen.pieslice([38, TOP, 90, TOP + 52], turn, turn + sweep, fill=fill, outline=canvas.style.paper)
        turn += sweep
    step = 14
    first = SIZE - 2 - step * len(figure.labels)
    for i, label in enumerate(figure.labels):
        middle = first + step * (i + 0.5)
        canvas.pen.rectangle([14, middle - 4, 22, middle + 4], fill=canvas.fills[i])
        canvas.text((27, middle), canvas.said(label))
        canvas.text((118, middle), str(figure.values[i]), canvas.digits, "rm")


def _pictogram(canvas: ChartCanvas) -> None:
    figure = canvas.figure
    for i, (top, bottom) in enumerate(canvas.rows(len(figure.labels), SIZE - 18)):
        middle = (top + bottom) / 2
        canvas.text((2, middle), canvas.said(figure.labels[i]))
        for n in range(figure.values[i] // figure.unit):
            _paste(canvas.image, figure.icon, 50 + 13 * n, round(middle) - 6)
    _paste(canvas.image, figure.icon, 34, SIZE - 15)
    canvas.text((52, SIZE - 9), f"= {figure.unit}", canvas.digits)


def _paste(image: Image.Image, icon: str, x: int, y: int) -> None:
    drawn = sprite(icon, "", 12)
    box = (x, y, x + drawn.width, y + drawn.height)
    below = np.asarray(image.crop(box))
    image.paste(Image.fromarray(((below * drawn.keep >> 8) + drawn.paint).astype(np.uint8)), box)


def _table(canvas: ChartCanvas) -> None:
    figure = canvas.figure
    for i, (top, bottom) in enumerate(canvas.rows(len(figure.labels))):
        middle = (top + bottom) / 2
        if canvas.style.gridlines and i % 2:
            canvas.pen.rectangle([4, top, SIZE - 5, bottom], fill=PALE)
        canvas.pen.line([(4, top), (SIZE - 5, top)], fill=canvas.fills[0])
        canvas.text((8, middle), canvas.said(figure.labels[i]))
        canvas.text((SIZE - 10, middle), str(figure.values[i]), canvas.digits, "rm")


def _number(canvas: ChartCanvas) -> None:
    figure = canvas.figure
    for i, (top, bottom) in enumerate(canvas.rows(len(figure.labels))):
        canvas.pen.rectangle([6, top + 2, SIZE - 7, bottom - 2], outline=canvas.fills[i], width=2)
        middle = (top + bottom) / 2
        canvas.text((SIZE / 2, middle - 9), str(figure.values[i]), 26, "mm")
        canvas.text((SIZE / 2, middle + 14), canvas.said(figure.labels[i]), anchor="mm")


CHARTS: dict[str, Callable[[ChartCanvas], None]] = {
    "bar": _bar,
    "column": _column,
    "lollipop": _lollipop,
    "line": _line,
    "pie": _pie,
    "pictogram": _pictogram,
    "table": _table,
    "number": _number,
}


def drawn(figure: Figure) -> ChartCanvas:
    """The finished canvas: the picture, and where each text stands on it."""
    canvas = ChartCanvas(figure)
    canvas.title()
    CHARTS[figure.kind](canvas)
    return canvas


def draw(figure: Figure) -> Image.Image:
    """The picture of ``figure``: RGB, 128 x 128."""
    return drawn(figure).image
