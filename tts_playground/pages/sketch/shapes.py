"""A program as shapes that light up: every shape in its text, and every shape on the picture it draws."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator

from tts_playground.dsl import Circle, Program
from tts_playground.dsl.exact import CANVAS
from tts_playground.dsl.tree import Difference, Node, Primitive, Union


def cuts(program: Program) -> list[bool]:
    """For every shape, from left to right, whether it takes ink away."""
    return [cut for _, cut in _shapes(program.root, cut=False)]


def _shapes(node: Node | None, *, cut: bool) -> Iterator[tuple[Primitive, bool]]:
    if node is None:
        return
    if isinstance(node, (Union, Difference)):
        for place, operand in enumerate(node.operands):
            yield from _shapes(operand, cut=cut != (isinstance(node, Difference) and place > 0))
    else:
        yield node, cut


def text(program: Program) -> str:
    """The program, on which every shape is a button with the mark "shape-I"."""
    if program.root is None:
        return ""
    return f'<p class="shapes" aria-label="The program, shape by shape">{_text(program.root, [0])}</p>'


def _text(node: Node, count: list[int]) -> str:
    if isinstance(node, (Union, Difference)):
        inside = " ".join(_text(operand, count) for operand in node.operands)
        return f"({'+' if isinstance(node, Union) else '-'} {inside})"
    number, count[0] = count[0], count[0] + 1
    words = html.escape(str(Program(node)))
    return f'<button type="button" data-marks="shape-{number}">{words}</button>'


def overlay(program: Program) -> str:
    """The shapes over the program's picture, unseen until lit; small ones lie on top, to be pointed at."""
    found = [(shape, cut, number) for number, (shape, cut) in enumerate(_shapes(program.root, cut=False))]
    found.sort(key=lambda one: -_area(one[0]))
    drawn = "".join(_outline(*one) for one in found)
    return f'<svg class="shapes-over" viewBox="0 0 {CANVAS} {CANVAS}" aria-hidden="true">{drawn}</svg>' if drawn else ""


def _area(shape: Primitive) -> float:
    return math.pi * shape.radius**2 if isinstance(shape, Circle) else shape.width * shape.height


def _outline(shape: Primitive, cut: bool, number: int) -> str:
    marks = f'data-marks="shape-{number}"' + (' class="cut"' if cut else "")
    x, y = shape.x, CANVAS - shape.y
    if isinstance(shape, Circle):
        return f'<circle {marks} cx="{x}" cy="{y}" r="{shape.radius}"/>'
    wide, high = shape.width, shape.height
    turn = f' transform="rotate({-shape.angle} {x} {y})"' if shape.angle else ""
    return f'<rect {marks} x="{x - wide / 2}" y="{y - high / 2}" width="{wide}" height="{high}"{turn}/>'
