"""Batches for tiny:sketch: programs as tokens, with drawings or with tables of shapes to draw. No torch in here."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from tts_playground.dsl.tree import Circle, Difference, Node, Program, Quad
from tts_playground.train.vlm.tokens import PackedTokens, Packer, Turn, code_tokenizer
from tts_playground.worlds.programs import PROMPT, batch, program
from tts_playground.worlds.shape_tables import table

LENGTH = 128
"""tokens a row: the picture's 66, the prompt and the program, of which 52 would be the longest"""
ANGLES = tuple(range(0, 360, 45))
_SHAPES = ("(+", "(-", "(Circle", "(Quad")


@cache
def tokenizer() -> Any:
    """One token a bracket with its word, one a number; everything else letter by letter, so that any text survives."""
    numbers = [f" {n}" for n in sorted({*range(16), *ANGLES})]
    return code_tokenizer([*_SHAPES, *(f" {shape}" for shape in _SHAPES), ")", *numbers], [PROMPT])


@cache
def _packer(visual_tokens: int) -> Packer:
    return Packer(tokenizer(), visual_tokens, LENGTH)


def make(index: int, *, seed: int, rows: int, visual_tokens: int) -> list[PackedTokens]:
    """Chunk ``index``: ``rows`` drawings in one batch."""
    images, programs = batch(seed, index * rows, rows)
    return [_packer(visual_tokens).pack(images, [[Turn(PROMPT, str(one))] for one in programs])]


def make_tables(index: int, *, seed: int, rows: int, visual_tokens: int, views: int = 1) -> list[PackedTokens]:
    """Chunk ``index``: the same programs, whose pictures are a table of shapes that somebody draws (``hand.draw``).

    Args:
        views: batches of this chunk, to be drawn differently.
    """
    programs = [program(seed, number) for number in range(index * rows, (index + 1) * rows)]
    return [_packer(visual_tokens).pack(table(programs), [[Turn(PROMPT, str(one))] for one in programs])] * views


# ------------------------------------------------------------------------------- what the eye learns first

PLACES, UNITS = 8, 16
"""places, and units of the canvas, a side"""
CLASSES = (3, 3, 3, 3, 17, 17, 3)
"""of the columns, 0 being nothing: circle or quad, drawn or cut out, x and y within the place, radius or width, height,
upright or turned"""


def _leaves(node: Node, cut: bool = False) -> Iterator[tuple[Circle | Quad, bool]]:
    """Each primitive, and whether it takes ink away."""
    if isinstance(node, (Circle, Quad)):
        yield node, cut
        return
    for place, operand in enumerate(node.operands):
        yield from _leaves(operand, cut ^ (isinstance(node, Difference) and place > 0))


def places(program: Program) -> np.ndarray:
    """Targets int16 [64, 7]: what stands with its centre in each place; of two in one place the first."""
    seen = np.zeros((PLACES, PLACES, len(CLASSES)), np.int16)
    step = UNITS // PLACES
    for leaf, cut in _leaves(program.root) if program.root else ():
        place = seen[PLACES - 1 - leaf.y // step, leaf.x // step]
        if place[0]:
            continue
        sides = (leaf.radius, -1, 0) if isinstance(leaf, Circle) else (leaf.width, leaf.height, leaf.angle % 90)
        place[:4] = 1 + isinstance(leaf, Quad), 1 + cut, 1 + leaf.x % step, 1 + leaf.y % step
        place[4:] = 1 + sides[0], 1 + sides[1], 1 + (sides[2] > 0)
    return seen.reshape(PLACES * PLACES, len(CLASSES))


def make_seen(index: int, *, seed: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Batch ``index`` for the eye: pictures uint8 [rows, 128, 128, 3] and targets int16 [rows, 64, 7]."""
    images, programs = batch(seed, index * rows, rows)
    return images, np.stack([places(one) for one in programs])
