"""Programs of related languages, read as programs of this one: CSGNet's postfix, and tree-diffusion's letters.

CSGNet (Sharma et al. 2018) writes ``c(32,32,16)s(32,24,8)-`` on a canvas of 64 x 64 with y pointing down: discs,
squares and triangles by centre and circumradius, then ``+``, ``-`` and ``*``. Tree diffusion (Kapur et al. 2024) writes
``(- (Circle 5 8 8) (Quad 8 A 3 3 H))``: digits to F, G to N for multiples of 45 degrees, y and angles pointing down.
A text that is a program of this language is always read as one; ``(Circle 3 4 5)`` alone could be either.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tts_playground.dsl.exact import CANVAS
from tts_playground.dsl.text import MAX_TEXT, error_at, parse
from tts_playground.dsl.tree import (
    FIELDS,
    MAX_PRIMITIVES,
    Circle,
    Difference,
    Node,
    Program,
    Quad,
    Union,
    check,
    highest,
    over_limit,
)
from tts_playground.errors import DSLError, plural

HIGHEST = highest("x")
_GRID = 64 // CANVAS
"""CSGNet's pixels a unit"""
_SIZES = {"c": 1.0, "s": math.sqrt(2), "t": math.sqrt(3)}
"""a disc's radius, and the sides of squares and triangles, for a circumradius of 1"""
_POSTFIX = re.compile(r"\s*[cst]\s*\(")
_TOKEN = re.compile(r"\s*(?:([cst])\s*\(\s*(\d{1,4})\s*,\s*(\d{1,4})\s*,\s*(\d{1,4})\s*\)|([-+*])|\$)")
_SHAPE = re.compile(r"\((Circle|Quad)((?:\s+[0-9A-Z]+)+)\s*\)")
_DIGITS, _ANGLES = "0123456789ABCDEF", "GHIJKLMN"


@dataclass(frozen=True, slots=True)
class Spelled:
    """A program, and how it was read."""

    program: Program
    note: str = ""
    """what was converted, in words; "" where nothing was"""


def read_spelled(text: str) -> Spelled:
    """A program in this language's spelling, CSGNet's or tree-diffusion's.

    Raises:
        DSLError: it is in none of them, or passes a limit.
    """
    try:
        return Spelled(parse(text))
    except DSLError:
        if len(text) > MAX_TEXT:
            raise
        if _POSTFIX.match(text):
            return _csgnet(text)
        shapes = list(_SHAPE.finditer(text))
        if shapes and any(re.search("[A-N]", shape[2]) for shape in shapes):
            return _tree_diffusion(text)
        raise


# --------------------------------------------------------------------------------------------- tree-diffusion


def _tree_diffusion(text: str) -> Spelled:
    moved = 0

    def spelled(match: re.Match[str]) -> str:
        nonlocal moved
        words, names = match[2].split(), FIELDS[Circle if match[1] == "Circle" else Quad]
        if len(words) != len(names):
            raise error_at(text, match.start(), f"a {match[1]} has {len(names)} numbers, not {len(words)}")
        values = {name: _value(text, match, name, word) for name, word in zip(names, words, strict=True)}
        moved += values["y"] == 0
        values["y"] = min(HIGHEST, CANVAS - values["y"])
        if "angle" in values:
            values["angle"] = -values["angle"] % 360
        return f"({match[1]} {' '.join(str(values[name]) for name in names)})"

    program = parse(_SHAPE.sub(spelled, text))
    said = ["letters are numbers, y and angles are turned to point up"]
    if moved:
        said.append(_moved(moved))
    if _folded_otherwise(program.root):
        said.append("operators apply as the brackets say, where the published renderer goes from left to right")
    return Spelled(program, f"Read in tree-diffusion's spelling: {'; '.join(said)}.")


def _value(text: str, shape: re.Match[str], name: str, word: str) -> int:
    """A letter or digit of tree-diffusion as a number."""
    allowed = _ANGLES if name == "angle" else _DIGITS
    if word not in list(allowed):
        wanted = f"the {name}, {allowed[0]}-{allowed[-1]}"
        problem = f"expected {wanted}, but found '{word[:20]}'"
        hint = "in tree-diffusion's spelling numbers are 0-9 and A-F, angles G-N"
        raise error_at(text, shape.start(), problem, (wanted,), hint)
    return allowed.index(word) * (45 if name == "angle" else 1)


def _folded_otherwise(root: Node | None) -> bool:
    """Whether going from left to right, whatever the brackets say, would mean something else."""
    stack = [] if root is None else [root]
    while stack:
        node = stack.pop()
        if isinstance(node, (Union, Difference)):
            stack += node.operands
            for operand in node.operands[1:]:
                if isinstance(operand, Difference) or (isinstance(operand, Union) and isinstance(node, Difference)):
                    return True
    return False


def _moved(number: int, furthest: float = 1.0) -> str:
    """Args: furthest: units that the furthest of them moved."""
    return f"{plural(number, 'shape')} moved by up to {_units(furthest)} to stay on the canvas"


def _units(number: float) -> str:
    """ "a unit", "2.5 units", "2,484 units", never less than it is."""
    tenths = math.ceil(number * 10 - 1e-9) / 10
    return "a unit" if tenths <= 1 else f"{tenths:,.1f} units".replace(".0 ", " ")


# ----------------------------------------------------------------------------------------------------- CSGNet


@dataclass(slots=True)
class _Postfix:
    """What is on CSGNet's stack, and what had to be changed."""

    stack: list[tuple[Node, int]] = field(default_factory=list)
    """shapes and how many primitives they have"""
    said: dict[str, None] = field(default_factory=dict)
    moved: int = 0
    furthest: float = 0.0
    """units that the one that moved furthest moved"""
    smaller: int = 0
    most: float = 0.0
    """units that the one whose size changed most lost"""

    def number(self, exact: float, low: int = 0) -> int:
        """The nearest number that a program may have."""
        if abs(exact - round(exact)) > 1e-9:
            self.said["numbers are rounded to whole units"] = None
        return min(HIGHEST, max(low, math.floor(exact + 0.5)))

    def shape(self, kind: str, x: float, y: float, radius: float) -> Node:
        """One of its shapes; x, y and its radius in units, y pointing up."""
        if not (0 <= x < HIGHEST + 0.5 and 0 <= y < HIGHEST + 0.5):
            self.moved += 1
            self.furthest = max(self.furthest, -x, x - HIGHEST, -y, y - HIGHEST)
        size = _SIZES[kind] * radius
        if size >= HIGHEST + 0.5:
            self.smaller += 1
            self.most = max(self.most, size - HIGHEST)
        if kind == "c":
            return Circle(self.number(radius), self.number(x), self.number(y))
        if kind == "s":
            self.said["a square's side is rounded"] = None
            side = min(HIGHEST, max(1, round(math.sqrt(2) * radius)))
            return Quad(self.number(x), self.number(y), side, side, 0)
        self.said["a triangle is a quad less two"] = None
        return triangle(x, y, radius)


def _csgnet(text: str) -> Spelled:
    state = _Postfix()
    for place, kind, numbers, sign in _tokens(text):
        if kind:
            x, y, radius = (number / _GRID for number in numbers)
            node = state.shape(kind, x, CANVAS - y, radius)
            state.stack.append((node, len(Program(node))))
        elif len(state.stack) < 2:
            raise error_at(text, place, f"'{sign}' needs two shapes before it", hint="as in c(32,32,16)s(32,32,8)-")
        else:
            _join(state, sign)
    if len(state.stack) > 1:
        problem = f"{len(state.stack)} shapes are left, and no operator joins them"
        raise error_at(text, len(text.rstrip()), problem, hint="add + after them")
    if state.moved:
        state.said[_moved(state.moved, state.furthest)] = None
    if state.smaller:
        shrunk = f"{plural(state.smaller, 'shape')} made smaller by up to {_units(state.most)}"
        state.said[f"{shrunk}, for no radius and no side is above {HIGHEST}"] = None
    said = "; ".join(["64 pixels are 16 units, y is turned to point up", *state.said])
    return Spelled(check(Program(state.stack[0][0])), f"Read in CSGNet's spelling: {said}.")


def _tokens(text: str) -> Iterator[tuple[int, str, tuple[int, ...], str]]:
    """(place, "c", "s", "t" or "", x, y and radius in pixels, sign)."""
    place = 0
    end = len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None:
            raise error_at(
                text, len(text) - len(text[place:].lstrip()), "expected c(x,y,r), s(x,y,r), t(x,y,r), +, - or *"
            )
        start, place = match.end() - len(match[0].lstrip()), match.end()
        if match[1]:
            yield start, match[1], tuple(int(match[group]) for group in (2, 3, 4)), ""
        elif match[5]:
            yield start, "", (), match[5]


def _join(state: _Postfix, sign: str) -> None:
    second, first = state.stack.pop(), state.stack.pop()
    number = first[1] * (2 if sign == "*" else 1) + second[1]
    if number > MAX_PRIMITIVES:
        raise over_limit("primitives", number, MAX_PRIMITIVES)
    node: Node
    if sign == "+":
        node = Union((first[0], second[0]))
    elif sign == "-":
        node = Difference((first[0], second[0]))
    else:
        state.said["what two shapes share is (- a (- a b))"] = None
        node = Difference((first[0], Difference((first[0], second[0]))))
    state.stack.append((node, number))


# -------------------------------------------------------------------------------------------------- triangles


def triangle(x: float, y: float, radius: float) -> Node:
    """An equilateral triangle that points up, by its centre and circumradius in units: a quad less two turned ones."""
    base = _edge(x, y, radius, 270, 2 * radius)
    return Difference((base, *(_edge(x, y, radius, angle, radius) for angle in (30, 150))))


def _edge(x: float, y: float, radius: float, angle: int, depth: float) -> Quad:
    """The quad of which one edge lies best on a triangle's side; ``angle`` is the side's normal.

    That of 270 degrees lies inside, and is to hold the triangle; the others lie outside, and are to hold the corners of
    that one. A length that is missing counts double.
    """
    inside = angle == 270
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    span, deep = math.sqrt(3) * radius, 1.5 * radius if inside else 0.75 * depth
    best, lowest = Quad(0, 0, 1, 1, 0), math.inf
    for column in range(HIGHEST + 1):
        for row in range(HIGHEST + 1):
            away, aside = (column - x) * cos + (row - y) * sin, abs((row - y) * cos - (column - x) * sin)
            length = min(HIGHEST, max(1, math.ceil(span + 2 * aside - 0.2)))
            short = max(0.0, span + 2 * aside - length) / 2
            for width in range(1, HIGHEST + 1):
                # from the centre of the triangle to the edge that lies on its side, half of its radius away
                off = abs(away + width / 2 - radius / 2) if inside else abs(away - width / 2 - radius / 2)
                cost = off + 2 * short + max(0.0, deep - width) + 0.01 * (length + width)
                if cost < lowest:
                    sides = (length, width, 0) if inside else (width, length, angle)
                    best, lowest = Quad(column, row, *sides), cost
    return best
