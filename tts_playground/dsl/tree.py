"""The typed syntax tree of the graphics DSL: frozen values, compared and hashed by what they say.

A program is ``None``-free: the empty program is ``Program(None)``, every other one holds one node. The canvas is
16 x 16 units with y pointing up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


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


@dataclass(frozen=True, slots=True)
class Program:
    """A whole program; ``root`` is None for the empty one (a white canvas). ``str(program)`` is its text."""

    root: Node | None = None

    def __str__(self) -> str:
        from tts_playground.dsl.text import unparse

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
