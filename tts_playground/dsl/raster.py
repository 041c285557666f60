"""Programs as pictures, in either of two modes.

``reference`` is how data sets of this language were made (see ``reference.py``); ``exact`` is set membership at pixel
centres (see ``exact.py``). ``differs`` tells where the choice matters.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageFilter

from tts_playground.dsl import exact, reference
from tts_playground.dsl.text import parse
from tts_playground.dsl.tree import Program, check
from tts_playground.errors import BadInput, DSLError

if TYPE_CHECKING:
    from typing import Literal

    Mode = Literal["reference", "exact"]

MIN_SIZE, MAX_SIZE = 16, 2048
"""smallest and largest raster side, in pixels"""


def read(program: Program | str) -> Program:
    """A checked program from a program or its text."""
    return parse(program) if isinstance(program, str) else check(program)


def render(program: Program | str, size: int = 256, mode: Mode = "reference") -> Image.Image:
    """A program as a size x size RGB picture, black on white. A program that parses always renders.

    Raises:
        DSLError: the text does not parse, or ``size`` is outside 16..2048.
        BadInput: no such mode.
    """
    return draw(read(program), size, mode)


def check_size(size: int) -> int:
    """The raster side as an int.

    Raises:
        DSLError: it is no whole number in 16..2048.
    """
    try:
        side = operator.index(size)
    except TypeError:
        side = 0
    if not MIN_SIZE <= side <= MAX_SIZE:
        raise DSLError(f"The raster size {size!r} is outside the limit: a whole number {MIN_SIZE}..{MAX_SIZE} pixels.")
    return side


def draw(program: Program, size: int, mode: Mode) -> Image.Image:
    """``render`` for a program that is known to be good; raises BadInput where there is no such mode or size."""
    size = check_size(size)
    if mode == "reference":
        return reference.paint(program.root, size)
    if mode == "exact":
        return Image.fromarray(~exact.mask(program, size)).convert("RGB")
    raise BadInput(f"There is no render mode {mode!r}; choose 'reference' or 'exact'.")


def differs(program: Program | str, size: int = 256) -> float:
    """How much of the canvas (0-1) the two modes disagree about beyond a border; 0.0 when only edges differ.

    A border is anything thinner than 5/256 of the side: fat edges, 64-gons for circles, and the line that a rectangle
    of no width leaves. What remains are real differences, such as a disc erased by a ring painted after it.
    """
    program = read(program)
    return disagreement(draw(program, size, "reference"), draw(program, size, "exact"))


def disagreement(a: Image.Image, b: Image.Image) -> float:
    """The share of pixels (0-1) in which two black and white pictures of one size differ beyond a border."""
    width = max(3, round(a.width * 5 / 256) | 1)
    # Opening (erosion, then dilation) deletes whatever a width x width square does not fit into.
    differing = ImageChops.difference(a.convert("L"), b.convert("L"))
    solid = differing.filter(ImageFilter.MinFilter(width)).filter(ImageFilter.MaxFilter(width))
    return 1 - solid.histogram()[0] / (a.width * a.height)
