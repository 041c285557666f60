"""Many programs as one table of numbers, so that a whole batch can be drawn at once (see ``train.sketch.hand``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tts_playground.dsl.exact import canonical
from tts_playground.dsl.tree import Circle, Difference, Node, Program, Quad

CIRCLE, QUAD, UNION, DIFFERENCE, RESULT = range(5)
COLUMNS = 7


@dataclass(frozen=True, slots=True, eq=False)
class ShapeTable:
    """Primitives, operators and results of a batch; a picture has a number: primitives first, then operators."""

    shapes: NDArray[np.int16]
    """[primitives, 7]: kind, row of the batch, x, y, radius or width, height, angle"""
    joins: NDArray[np.int16]
    """[operators, 7]: kind, left picture, right picture, wave, 0, 0, 0; those of a wave need only earlier ones"""
    results: NDArray[np.int16]
    """[n]: the picture of every program"""

    @classmethod
    def of(cls, table: NDArray[np.int16]) -> ShapeTable:
        """What ``table`` packed."""
        kinds = table[:, 0]
        return cls(table[kinds <= QUAD], table[(kinds > QUAD) & (kinds < RESULT)], table[kinds == RESULT, 1])


def table(programs: Sequence[Program]) -> NDArray[np.int16]:
    """``ShapeTable`` as one array int16 [primitives + operators + n, 7], which ``ShapeTable.of`` takes apart.

    Programs must not be empty, and hold at most 32,767 primitives and operators together.
    """
    shapes: list[tuple[int, ...]] = []
    joins: list[tuple[int, int, int, int]] = []

    def visit(node: Node, row: int) -> tuple[int, int]:
        """(picture, wave) of a node: primitives are numbered from 0 up, operators from -1 down until all are known."""
        if isinstance(node, (Circle, Quad)):
            shapes.append(_numbers(node, row))
            return len(shapes) - 1, 0
        left, wave = visit(node.operands[0], row)
        for operand in node.operands[1:]:
            right, other = visit(operand, row)
            wave = max(wave, other) + 1
            joins.append((DIFFERENCE if isinstance(node, Difference) else UNION, left, right, wave))
            left = -len(joins)
        return left, wave

    found = [visit(program.root, row)[0] for row, program in enumerate(programs) if program.root is not None]
    order = sorted(range(len(joins)), key=lambda number: joins[number][3])
    place = {-1 - number: len(shapes) + rank for rank, number in enumerate(order)}
    rows = [
        (kind, place.get(left, left), place.get(right, right), wave, 0, 0, 0)
        for kind, left, right, wave in (joins[number] for number in order)
    ]
    ends = [(RESULT, place.get(one, one), 0, 0, 0, 0, 0) for one in found]
    return np.array([*shapes, *rows, *ends], np.int16).reshape(-1, COLUMNS)


def _numbers(node: Circle | Quad, row: int) -> tuple[int, ...]:
    if isinstance(node, Circle):
        return CIRCLE, row, node.x, node.y, node.radius, 0, 0
    quad = canonical(node)
    assert isinstance(quad, Quad)
    return QUAD, row, quad.x, quad.y, quad.width, quad.height, quad.angle
