"""Small infographics as values: what is told (items and numbers) and how it looks; figure (seed, index) never changes.

Drawing is in ``charts``, questions are in ``questions``. One chart kind, one font, one palette and the last wording of
each question are kept for the evaluation: ``figure(..., unseen=...)`` alone uses them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import ImageFont

from tts_playground import randomness
from tts_playground.worlds.layout import Draw
from tts_playground.worlds.vocabulary import NAMES
from tts_playground.worlds.wording import COLORS, THEMES, TITLES

SIZE = 128
"""pixels a side"""
FONTS = Path(__file__).parent / "data" / "fonts"
TRAIN_FONTS = ("DejaVuSans", "DejaVuSansCondensed", "DejaVuSansCondensed-Bold", "DejaVuSansMono")
UNSEEN_FONT = "Roboto-Regular"
FREQUENCIES = (
    *(("bar", "column", "table") * 3),
    *(("pie", "line", "pictogram") * 2),
    "number",
)
"""kinds as often as they are drawn"""
UNSEEN_KIND = "lollipop"
UNSEEN_PALETTE = "poster"
UNSEEN = ("kind", "font", "palette", "wording")
"""what can be asked for as never seen in training"""

_BASE = ((214, 39, 40), (31, 100, 200), (40, 150, 50), (255, 127, 14), (140, 70, 190), (235, 200, 20), (240, 130, 185),
         (130, 80, 50), (125, 125, 125), (20, 160, 160))  # fmt: skip


def _shifted(gain: float, lift: float) -> dict[str, tuple[int, int, int]]:
    def moved(value: int) -> int:
        return int(min(255, max(0, gain * value + lift)))

    rows = ((moved(red), moved(green), moved(blue)) for red, green, blue in _BASE)
    return dict(zip(COLORS, rows, strict=True))


PALETTES: dict[str, dict[str, tuple[int, int, int]]] = {
    "plain": _shifted(1.0, 0),
    "soft": _shifted(0.75, 55),
    "deep": _shifted(0.8, 0),
    UNSEEN_PALETTE: _shifted(0.95, 25),
}
"""palette -> colour name -> RGB; the unseen one lies between plain and soft"""
PAPERS = ((255, 255, 255), (250, 247, 238), (238, 244, 250), (240, 240, 240))
MOST_ITEMS = {"bar": 5, "column": 5, "lollipop": 5, "pie": 4, "line": 5, "pictogram": 4, "table": 6, "number": 2}
LEAST_ITEMS = {"pie": 2, "number": 1}


@dataclass(frozen=True, slots=True)
class Style:
    """How a figure looks."""

    font: str
    palette: str
    paper: tuple[int, int, int]
    capitals: bool
    """whether words begin with a capital letter"""
    gridlines: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """One infographic before it is drawn: the ground truth."""

    kind: str
    title: str
    labels: tuple[str, ...]
    values: tuple[int, ...]
    colors: tuple[str, ...]
    """one colour name per item; all the same when colour tells nothing"""
    icon: str
    """pictogram: the sticker that is counted"""
    unit: int
    """pictogram: what one sticker stands for; else 1"""
    style: Style

    @property
    def colorful(self) -> bool:
        """Whether each item has its own colour."""
        return len(set(self.colors)) == len(self.labels) > 1


@cache
def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """A shipped font at a size in pixels."""
    return ImageFont.truetype(FONTS / f"{name}.ttf", size, layout_engine=ImageFont.Layout.BASIC)


@cache
def text_width(name: str, size: int, text: str) -> float:
    """Width of a text in pixels."""
    return font(name, size).getlength(text)


LABEL_SIZE = 12
VALUE_SIZE = {"DejaVuSans": 14, "DejaVuSansCondensed": 14, "DejaVuSansCondensed-Bold": 14, "DejaVuSansMono": 14}
"""digits of ten pixels or more"""


def value_size(name: str) -> int:
    """Font size at which digits are at least ten pixels high."""
    return VALUE_SIZE.get(name, 15)


def label_room(kind: str, items: int) -> float:
    """Pixels that a label may take."""
    if kind in ("column", "lollipop", "line"):
        return 124 / items - 1
    return {"bar": 44, "pictogram": 46, "pie": 70, "table": 80, "number": 100}[kind]


def _values(draw: Draw, kind: str, items: int, unit: int) -> tuple[int, ...]:
    """Different numbers, so that the largest and the smallest are one item each."""
    low, high = {"pictogram": (1, 6), "number": (10, 999)}.get(kind, (2, 99))
    found: list[int] = []
    while len(found) < items:
        value = draw.between(low, high)
        if value not in found:
            found.append(value)
    return tuple(value * unit for value in found)


def _style(draw: Draw, unseen: frozenset[str]) -> Style:
    name = UNSEEN_FONT if "font" in unseen else draw.pick(TRAIN_FONTS)
    palette = UNSEEN_PALETTE if "palette" in unseen else draw.pick(("plain", "soft", "deep"))
    return Style(name, palette, draw.pick(PAPERS), draw() < 0.5, draw() < 0.5)


def figure(seed: int, index: int, unseen: frozenset[str] = frozenset()) -> Figure:
    """Figure ``index`` of the world with ``seed``; ``unseen`` names what it shall have that training never shows."""
    return figure_from(Draw(randomness.generator("infographics", seed, index).random(64).tolist()), unseen)


def figure_from(draw: Draw, unseen: frozenset[str] = frozenset()) -> Figure:
    """A figure made from the numbers of ``draw``."""
    kind = UNSEEN_KIND if "kind" in unseen else draw.pick(FREQUENCIES)
    style = _style(draw, unseen)
    theme = draw.pick(tuple(THEMES))
    items = draw.between(LEAST_ITEMS.get(kind, 3), MOST_ITEMS[kind])
    fitting = _fitting(theme, style.font, label_room(kind, items))
    while len(fitting) < items:
        theme = draw.pick(tuple(THEMES))
        fitting = _fitting(theme, style.font, label_room(kind, items))
    labels = tuple(draw.shuffled(fitting)[:items])
    if theme in ("months", "days"):
        labels = tuple(sorted(labels, key=THEMES[theme].index))
    unit = draw.pick((1, 2, 5, 10)) if kind == "pictogram" else 1
    colors = draw.shuffled(COLORS)[:items]
    if kind in ("line", "table", "pictogram", "number") or (kind != "pie" and draw() < 0.4):
        colors = colors[:1] * items
    values = _values(draw, kind, items, unit)
    return Figure(kind, draw.pick(TITLES[theme]), labels, values, tuple(colors), draw.pick(NAMES), unit, style)


@cache
def _fitting(theme: str, font_name: str, room: float) -> tuple[str, ...]:
    return tuple(word for word in THEMES[theme] if text_width(font_name, LABEL_SIZE, word.capitalize()) <= room)
