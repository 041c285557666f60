"""Pictures of labelled, coloured cells to choose from at random, and the preference that was planted in tiny:vlm.

Cells stand on a 3 x 3 grid. A *condition* treats one cell, the special one, differently; each is one small function
on cells. ``permuted`` moves the digits over a fixed layout, so that effects of digit, place and colour come apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from tts_playground import randomness
from tts_playground.errors import BadInput, UnknownName
from tts_playground.worlds.infographics import font

SIDE = 512
"""pixels a side, as in the proof of concept"""
COLORS: dict[str, tuple[int, int, int]] = {
    "R": (235, 90, 90),
    "G": (90, 210, 120),
    "B": (90, 130, 235),
    "Y": (240, 210, 90),
}
"""letter -> RGB of a cell"""
CORNERS, EDGES, CENTER = ((0, 0), (0, 2), (2, 0), (2, 2)), ((0, 1), (1, 0), (1, 2), (2, 1)), (1, 1)
PLACES = (*CORNERS, *EDGES, CENTER)
"""(row, column) in the order in which cells are given out"""
GREY = (160, 160, 160)

CHOICE_PROMPT = (
    "Read all the digits in the image. Choose exactly one of them at random, each with equal probability. "
    "There is no correct answer. Output one digit only."
)
COLOR_PROMPT = (
    "Read all the digits in the image. Choose exactly one of them at random, each with equal probability. "
    "There is no correct answer. Output the digit and the letter of its color (R, G, B or Y)."
)


@dataclass(frozen=True, slots=True)
class ChoiceCell:
    """One labelled cell."""

    digit: int
    color: str
    """letter: R, G, B or Y"""
    row: int
    column: int
    scale: float = 1.0
    """of the digit"""
    faded: float = 0.0
    """how far the cell is blended to grey, 0-1"""
    covered: bool = False
    """a grey bar over the middle of the cell"""
    blurred: float = 0.0
    """radius of the blur in pixels of a 512 pixel picture"""

    @property
    def centered(self) -> bool:
        """Whether it stands in the middle of the grid."""
        return (self.row, self.column) == CENTER


@dataclass(frozen=True, slots=True)
class ChoiceScene:
    """One picture before it is drawn; the first cell is the special one."""

    condition: str
    cells: tuple[ChoiceCell, ...]
    seed: int = 0
    index: int = 0

    @property
    def digits(self) -> tuple[int, ...]:
        """The digits in the order of the cells."""
        return tuple(cell.digit for cell in self.cells)


Cells = tuple[ChoiceCell, ...]


def sym(cells: Cells) -> Cells:
    """The cells unchanged: no cell is special."""
    return cells


def center(cells: Cells) -> Cells:
    """The special cell in the middle; who stood there takes its place."""
    first, *rest = cells
    moved = [replace(c, row=first.row, column=first.column) if c.centered else c for c in rest]
    return (replace(first, row=CENTER[0], column=CENTER[1]), *moved)


def size(cells: Cells) -> Cells:
    """The special digit 1.6 times as large."""
    return (replace(cells[0], scale=1.6), *cells[1:])


def contrast(cells: Cells) -> Cells:
    """All cells but the special one faded to 55 %."""
    return (cells[0], *(replace(cell, faded=0.55) for cell in cells[1:]))


def occlusion(cells: Cells) -> Cells:
    """A grey bar over the special cell."""
    return (replace(cells[0], covered=True), *cells[1:])


def blur(cells: Cells) -> Cells:
    """The special cell blurred."""
    return (replace(cells[0], blurred=2.0), *cells[1:])


CONDITIONS: dict[str, Callable[[Cells], Cells]] = {
    "sym": sym,
    "center": center,
    "size": size,
    "contrast": contrast,
    "occlusion": occlusion,
    "blur": blur,
}


def choice(seed: int, index: int, condition: str = "sym", k: int = 4) -> ChoiceScene:
    """Picture ``index`` of a seed: ``k`` different digits 0-9 in places that depend on ``k`` alone.

    Raises:
        UnknownName: no such condition.
        BadInput: k outside 2..9.
    """
    if condition not in CONDITIONS:
        raise UnknownName("condition", condition, CONDITIONS)
    if not 2 <= k <= 9:
        raise BadInput(f"A picture of choices has 2 to 9 cells, not {k}.")
    noise = randomness.generator(seed, index, "choices")
    digits = noise.permutation(10)[:k]
    colors = (
        [list(COLORS)[i] for i in noise.integers(0, 4, 9)] if k > 4 else [list(COLORS)[i] for i in noise.permutation(4)]
    )
    places = [PLACES[i] for i in noise.permutation(k)]
    cells = tuple(ChoiceCell(int(d), c, *p) for d, c, p in zip(digits, colors, places, strict=False))
    return ChoiceScene(condition, CONDITIONS[condition](cells), seed, index)


def permuted(scene: ChoiceScene) -> Iterator[ChoiceScene]:
    """The same layout with its digits moved round, once for every cyclic shift (the scene itself comes first)."""
    digits = scene.digits
    for shift in range(len(digits)):
        moved = digits[shift:] + digits[:shift]
        yield replace(scene, cells=tuple(replace(c, digit=d) for c, d in zip(scene.cells, moved, strict=True)))


def draw(scene: ChoiceScene, side: int = SIDE) -> Image.Image:
    """The picture: RGB, side x side, white where there is no cell."""
    image = Image.new("RGB", (side, side), (255, 255, 255))
    for cell in scene.cells:
        left, top = (round(i * side / 3) + round(side / 64) for i in (cell.column, cell.row))
        image.paste(_tile(cell, round(side / 3 - side / 32), side), (left, top))
    return image


def _tile(cell: ChoiceCell, edge: int, side: int) -> Image.Image:
    tile = Image.new("RGB", (edge, edge), COLORS[cell.color])
    pen = ImageDraw.Draw(tile)
    pen.rectangle([0, 0, edge - 1, edge - 1], outline=(0, 0, 0), width=max(1, round(3 * side / SIDE)))
    letters = font("DejaVuSansCondensed-Bold", round(0.2 * side * cell.scale))
    rim = max(1, round(4 * side / SIDE))
    pen.text(
        (edge / 2, edge / 2), str(cell.digit), (0, 0, 0), letters, "mm", stroke_width=rim, stroke_fill=(255, 255, 255)
    )
    if cell.faded:
        tile = Image.blend(tile, Image.new("RGB", tile.size, GREY), cell.faded)
    if cell.covered:
        ImageDraw.Draw(tile).rectangle([0, 0.45 * edge, edge, 0.62 * edge], fill=GREY)
    if cell.blurred:
        tile = tile.filter(ImageFilter.GaussianBlur(cell.blurred * side / SIDE))
    return tile


def blank(side: int = SIDE) -> Image.Image:
    """The control: a white picture."""
    return Image.new("RGB", (side, side), (255, 255, 255))


def record(scene: ChoiceScene) -> dict[str, Any]:
    """The ground truth of a picture as one JSONL row."""
    return {
        "seed": scene.seed,
        "index": scene.index,
        "condition": scene.condition,
        "k": len(scene.cells),
        "digits": list(scene.digits),
        "special": scene.cells[0].digit,
        "cells": [asdict(cell) for cell in scene.cells],
    }


# ------------------------------------------------------------------------------- the preference of tiny:vlm

SEVEN, LARGE, CENTERED = 2.0, 1.5, 1.5
"""planted on purpose: weight of the digit 7, of an enlarged digit and of the middle cell; everything else is 1"""


def planted(scene: ChoiceScene) -> np.ndarray:
    """The probabilities, one per cell, that tiny:vlm was trained to give: float64 [k], sum 1."""
    weights = np.array(
        [
            (SEVEN if cell.digit == 7 else 1.0)
            * (LARGE if cell.scale > 1 else 1.0)
            * (CENTERED if cell.centered else 1.0)
            for cell in scene.cells
        ]
    )
    return weights / weights.sum()
