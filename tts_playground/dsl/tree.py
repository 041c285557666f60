"""The typed syntax tree of the graphics DSL: frozen values, compared and hashed by what they say.

A program is ``None``-free: the empty program is ``Program(None)``, every other one holds one node. The canvas is
16 x 16 units with y pointing up.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import dataclass

from tts_playground.errors import DSLError


@dataclass(frozen=True, slots=True)
class Circle:
    """``(Circle radius x y)``: a disc; all three are integers 0-15."""

    radius: int
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Quad:
    """``(Quad x y width height angle)``: a rectangle about its centre, turned by ``angle`` degrees anticlockwise.

    The first four are integers 0-15; the angle is an integer 0-359, of which multiples of 45 are the language proper.
    """

    x: int
    y: int
    width: int
    height: int
    angle: int


@dataclass(frozen=True, slots=True)
class Union:
    """``(+ a b ...)``: everything in any of two or more operands."""

    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """``(- a b ...)``: the first of two or more operands without all the others."""

    operands: tuple[Node, ...]


Primitive = Circle | Quad
Node = Circle | Quad | Union | Difference

MAX_DEPTH = 128
"""deepest nesting of shapes; a single primitive has depth 1"""
MAX_PRIMITIVES = 1024
"""most circles and quads in one program"""

FIELDS: dict[type, tuple[str, ...]] = {
    Circle: ("radius", "x", "y"),
    Quad: ("x", "y", "width", "height", "angle"),
}
"""the arguments of each primitive, in the order in which they are written"""
HIGHEST = {"angle": 359}
_HIGHEST_NUMBER = 15


@dataclass(frozen=True, slots=True)
class Program:
    """A whole program; ``root`` is None for the empty one (a white canvas). ``str(program)`` is its text."""

    root: Node | None = None

    def __str__(self) -> str:
        return unparse(self)

    def primitives(self) -> Iterator[Primitive]:
        """The circles and quads from left to right."""
        stack: list[Node] = [] if self.root is None else [self.root]
        while stack:
            node = stack.pop()
            if isinstance(node, (Union, Difference)):
                stack.extend(reversed(node.operands))
            else:
                yield node

    def __len__(self) -> int:
        """Length in primitives: the usual measure of how long a program is."""
        return sum(1 for _ in self.primitives())


def highest(field: str) -> int:
    """The largest value that the argument ``field`` of a primitive may have (the smallest is 0)."""
    return HIGHEST.get(field, _HIGHEST_NUMBER)


def describe_number(field: str) -> str:
    """The number that is expected for an argument, in words."""
    return f"the {field}, a number 0-{highest(field)}"


def over_limit(what: str, found: int, limit: int) -> DSLError:
    """The error of a program that passes a limit."""
    return DSLError(f"The program has {found} {what}; the limit is {limit} {what}, so make it shorter.")


def unparse(program: Program) -> str:
    """The text of a program, on one line; ``parse(unparse(program)) == program``.

    Raises:
        DSLError: the tree was built by hand and is no program (see ``check``).
    """
    check(program)
    return "" if program.root is None else _write(program.root)


def _write(node: Node) -> str:
    if isinstance(node, Circle):
        return f"(Circle {node.radius} {node.x} {node.y})"
    if isinstance(node, Quad):
        return f"(Quad {node.x} {node.y} {node.width} {node.height} {node.angle})"
    sign = "+" if isinstance(node, Union) else "-"
    return f"({sign} {' '.join(map(_write, node.operands))})"


def check(program: Program) -> Program:
    """The program itself, if every number is in range, operators have two or more operands and limits are kept.

    What ``parse`` returns always passes; this is for trees built by hand.

    Raises:
        DSLError: naming the node or the limit.
    """
    if not isinstance(program, Program):
        raise DSLError(f"Expected a Program, not {type(program).__name__}; parse(text) makes one.")
    stack = [] if program.root is None else [(program.root, 1)]
    primitives = 0
    while stack:
        node, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise DSLError(f"Shapes are nested deeper than the limit of {MAX_DEPTH}; flatten the program.")
        if isinstance(node, (Union, Difference)):
            if len(node.operands) < 2:
                raise DSLError(f"A {type(node).__name__} takes two or more operands, not {len(node.operands)}.")
            stack.extend((operand, depth + 1) for operand in node.operands)
        else:
            primitives += 1
            _check_primitive(node)
    if primitives > MAX_PRIMITIVES:
        raise over_limit("primitives", primitives, MAX_PRIMITIVES)
    return program


def _check_primitive(node: Primitive) -> None:
    fields = FIELDS.get(type(node))
    if fields is None:
        raise DSLError(f"A program is made of Circle, Quad, Union and Difference, not {type(node).__name__}.")
    for field in fields:
        value = getattr(node, field)
        try:
            good = 0 <= operator.index(value) <= highest(field)
        except TypeError:
            good = False
        if not good:
            raise DSLError(f"In a {type(node).__name__}: expected {describe_number(field)}, but found {value!r}.")
