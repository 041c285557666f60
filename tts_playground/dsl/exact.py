"""What a program means as a set of points, sampled at pixel centres: the ``exact`` mode.

Pixel (row r, column c) of a size x size raster is the point ((c + 1/2) * 16 / size, 16 - (r + 1/2) * 16 / size).
A circle is the true closed disc; a quad is half-open (it owns its left and bottom edge), so quads that share an edge
neither overlap nor leave a gap; a primitive with a zero radius or side is empty. Operators are the set operations, so
their order and nesting mean exactly what algebra says.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from tts_playground.dsl.tree import Circle, Node, Primitive, Program, Quad, Union

CANVAS = 16
"""side of the canvas in units"""

Shape = TypeVar("Shape")


def canonical(primitive: Primitive) -> Primitive:
    """The same set of points said in one way: a quad's angle is brought under 90 by swapping its sides."""
    if isinstance(primitive, Circle) or primitive.angle < 90:
        return primitive
    turns, angle = divmod(primitive.angle, 90)
    width, height = (primitive.height, primitive.width) if turns % 2 else (primitive.width, primitive.height)
    return Quad(primitive.x, primitive.y, width, height, angle)


def membership(primitive: Primitive, size: int) -> NDArray[np.bool_]:
    """Which pixel centres lie in the primitive: a bool array (size, size), row 0 at the top."""
    starts, stops = spans(primitive, size)
    columns = np.arange(size, dtype=np.int16)
    return (columns >= starts[:, None]) & (columns < stops[:, None])


def spans(primitive: Primitive, size: int) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """The columns of the primitive in each row, as first and one past the last: two arrays (size,), row 0 at the top.

    Every primitive is convex, so a row holds one run. Lengths are in pixels here: multiples of size / 32, hence exact.
    """
    scale = size / CANVAS
    dy = size - (np.arange(size) + 0.5) - primitive.y * scale
    centre = primitive.x * scale - 0.5
    if isinstance(primitive, Circle):
        inside = (primitive.radius * scale) ** 2 - dy * dy
        rows = (inside >= 0) & (primitive.radius > 0)
        reach = np.sqrt(np.maximum(inside, 0))
        starts, stops = np.ceil(centre - reach), np.floor(centre + reach) + 1
    else:
        rows, low, high = _quad_rows(canonical(primitive), dy, scale)
        starts, stops = np.ceil(centre + low), np.ceil(centre + high)
    return np.clip(starts, 0, size).astype(np.int16), np.where(rows, np.clip(stops, 0, size), 0).astype(np.int16)


def _quad_rows(quad: Primitive, dy: NDArray[np.floating], scale: float) -> tuple[Any, Any, Any]:
    """For rows ``dy`` above the centre: which have columns, and where these begin and end right of the centre."""
    assert isinstance(quad, Quad)
    half_width, half_height = quad.width / 2 * scale, quad.height / 2 * scale
    if quad.angle == 0:
        width = np.full_like(dy, half_width)
        return (dy >= -half_height) & (dy < half_height), -width, width
    turn = math.radians(quad.angle)
    cos, sin = math.cos(turn), math.sin(turn)
    low = np.maximum((-half_width - dy * sin) / cos, (dy * cos - half_height) / sin)
    high = np.minimum((half_width - dy * sin) / cos, (dy * cos + half_height) / sin)
    return low < high, low, high


def evaluate(
    node: Node,
    leaf: Callable[[Primitive], Shape],
    union: Callable[[Shape, Shape], Shape],
    difference: Callable[[Shape, Shape], Shape],
) -> Shape:
    """Fold a tree: ``leaf`` of every primitive, joined from left to right by the operators."""
    if isinstance(node, (Circle, Quad)):
        return leaf(node)
    join = union if isinstance(node, Union) else difference
    result = evaluate(node.operands[0], leaf, union, difference)
    for operand in node.operands[1:]:
        result = join(result, evaluate(operand, leaf, union, difference))
    return result


def mask(program: Program, size: int = 256) -> NDArray[np.bool_]:
    """Which pixel centres the program covers: a bool array (size, size), row 0 at the top."""
    if program.root is None:
        return np.zeros((size, size), bool)
    return evaluate(program.root, lambda leaf: membership(leaf, size), np.bitwise_or, lambda a, b: a & ~b)
