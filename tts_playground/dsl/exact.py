"""What a program means as a set of points, sampled at pixel centres: the ``exact`` mode.

Pixel (row r, column c) of a size x size raster is the point ((c + 1/2) * 16 / size, 16 - (r + 1/2) * 16 / size).
A circle is the true closed disc; a quad is half-open (it owns its left and bottom edge), so quads that share an edge
neither overlap nor leave a gap; a primitive with a zero radius or side is empty. Operators are the set operations, so
their order and nesting mean exactly what algebra says.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tts_playground.dsl.tree import Circle, Node, Primitive, Program, Quad, Union

CANVAS = 16
"""side of the canvas in units"""

Bits = TypeVar("Bits")


def canonical(primitive: Primitive) -> Primitive:
    """The same set of points said in one way: a quad's angle is brought under 90 by swapping its sides."""
    if isinstance(primitive, Circle) or primitive.angle < 90:
        return primitive
    turns, angle = divmod(primitive.angle, 90)
    width, height = (primitive.height, primitive.width) if turns % 2 else (primitive.width, primitive.height)
    return Quad(primitive.x, primitive.y, width, height, angle)


def membership(primitive: Primitive, size: int) -> NDArray[np.bool_]:
    """Which pixel centres lie in the primitive: a bool array (size, size), row 0 at the top."""
    step = CANVAS / size
    centres = (np.arange(size) + 0.5) * step
    dx = centres[None, :] - primitive.x
    dy = (CANVAS - centres)[:, None] - primitive.y
    if isinstance(primitive, Circle):
        return (dx * dx + dy * dy <= primitive.radius**2) & (primitive.radius > 0)
    quad = canonical(primitive)
    assert isinstance(quad, Quad)
    turn = math.radians(quad.angle)
    along = dx * math.cos(turn) + dy * math.sin(turn)
    across = dy * math.cos(turn) - dx * math.sin(turn)
    half_width, half_height = quad.width / 2, quad.height / 2
    return (along >= -half_width) & (along < half_width) & (across >= -half_height) & (across < half_height)


@lru_cache(maxsize=2048)
def packed(primitive: Primitive, size: int) -> NDArray[np.uint64]:
    """``membership`` as a read-only row of 64-bit words, padded with zeros: what set operations run on."""
    bits = np.packbits(membership(primitive, size))
    words = np.zeros(-(-bits.size // 8), np.uint64)
    words.view(np.uint8)[: bits.size] = bits
    words.setflags(write=False)
    return words


def unpacked(words: NDArray[np.uint64], size: int) -> NDArray[np.bool_]:
    """The (size, size) bool array of a row of words."""
    return np.unpackbits(words.view(np.uint8), count=size * size).view(bool).reshape(size, size)


def empty(size: int) -> NDArray[np.uint64]:
    """No pixel at all, as words."""
    return np.zeros(-(-size * size // 64), np.uint64)


def evaluate(
    node: Node,
    leaf: Callable[[Primitive], Bits],
    union: Callable[[Bits, Bits], Bits],
    difference: Callable[[Bits, Bits], Bits],
) -> Bits:
    """Fold a tree: ``leaf`` of every primitive, joined from left to right by the operators."""
    if isinstance(node, (Circle, Quad)):
        return leaf(node)
    join = union if isinstance(node, Union) else difference
    result = evaluate(node.operands[0], leaf, union, difference)
    for operand in node.operands[1:]:
        result = join(result, evaluate(operand, leaf, union, difference))
    return result


def words(node: Node | None, size: int) -> NDArray[np.uint64]:
    """The packed pixels of a tree (``None`` is the empty program)."""
    if node is None:
        return empty(size)
    return evaluate(node, lambda leaf: packed(leaf, size), np.bitwise_or, lambda a, b: a & ~b)


def mask(program: Program, size: int = 256) -> NDArray[np.bool_]:
    """Which pixel centres the program covers: a bool array (size, size), row 0 at the top."""
    return unpacked(words(program.root, size), size)


def coverage(program: Program, size: int = 64) -> float:
    """The share of the canvas that the program covers, 0-1, counted at size x size pixel centres."""
    return count(words(program.root, size)) / size**2


def count(row: NDArray[np.uint64]) -> int:
    """How many pixels are set in a row of words."""
    return int(np.bitwise_count(row).sum())
