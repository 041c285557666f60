"""Calculations as they stand in a text: "4 × 12 = 30 + 18 = 48", read exactly and never evaluated as code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_TOKEN = re.compile(
    r"(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,30}(?:\.\d{1,30})?)(?:/(?P<under>\d{1,30})(?![\d/]))?"
    r"|(?P<op>[-+*/×÷−·])|(?P<bracket>[()])|(?P<equal>=)|(?P<space>\s+|\\times|\\cdot|\\div)|(?P<word>.)",
    re.DOTALL,
)
_SAME = {"×": "*", "·": "*", "÷": "/", "−": "-", "\\times": "*", "\\cdot": "*", "\\div": "/"}
MOST = 64
"""tokens of one side of a calculation; what is longer is not read"""


@dataclass(frozen=True, slots=True)
class Term:
    """An expression as read: a number (no operation) or two expressions and what joins them."""

    value: Fraction
    op: str = ""
    left: Term | None = None
    right: Term | None = None

    def numbers(self) -> list[Fraction]:
        """The numbers that it is written with."""
        if self.left is None or self.right is None:
            return [self.value]
        return [*self.left.numbers(), *self.right.numbers()]


@dataclass(frozen=True, slots=True)
class Calculation:
    """Sides that are said to be equal, in order; a side that cannot be read is None."""

    sides: tuple[Term | None, ...]

    @property
    def readable(self) -> bool:
        """Whether every side could be read."""
        return None not in self.sides

    @property
    def holds(self) -> bool:
        """Whether all sides are equal."""
        values = [side.value for side in self.sides if side is not None]
        return self.readable and all(value == values[0] for value in values)

    @property
    def result(self) -> Fraction | None:
        """What it comes to, as written last."""
        last = self.sides[-1]
        return None if last is None else last.value


def calculations(text: str) -> list[Calculation]:
    """Every calculation in ``text``: a run of numbers, signs and brackets with an equals sign in it."""
    found, run = [], []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind == "word":
            _close(run, found)
        elif kind == "space":
            if match[0].startswith("\\"):
                run.append(("op", _SAME[match[0]]))
        elif match["number"]:
            run.append(("number", match[0].replace(",", "")))
        else:
            run.append((kind, _SAME.get(match[0], match[0])))
    _close(run, found)
    return found


def _close(run: list[tuple[str | None, str]], found: list[Calculation]) -> None:
    sides: list[list[tuple[str | None, str]]] = [[]]
    for token in run:
        if token[0] == "equal":
            sides.append([])
        else:
            sides[-1].append(token)
    run.clear()
    said = [side for side in sides if side]
    if len(said) > 1:
        found.append(Calculation(tuple(_read(side) for side in said)))


def _read(tokens: list[tuple[str | None, str]]) -> Term | None:
    if len(tokens) > MOST:
        return None
    try:
        reader = _Reader(tokens)
        term = reader.sum()
        return term if reader.place == len(tokens) else None
    except (_Unreadable, ZeroDivisionError):
        return None


class _Unreadable(Exception):
    pass


class _Reader:
    """Recursive descent over one side: sums of products of numbers and brackets."""

    def __init__(self, tokens: list[tuple[str | None, str]]) -> None:
        self.tokens, self.place = tokens, 0

    def _next(self, options: str) -> str:
        if self.place < len(self.tokens) and self.tokens[self.place][0] == "op":
            op = self.tokens[self.place][1]
            if op in options:
                self.place += 1
                return op
        return ""

    def sum(self) -> Term:
        left = self.product()
        while op := self._next("+-"):
            right = self.product()
            value = left.value + right.value if op == "+" else left.value - right.value
            left = Term(value, op, left, right)
        return left

    def product(self) -> Term:
        left = self.atom()
        while op := self._next("*/"):
            right = self.atom()
            value = left.value * right.value if op == "*" else left.value / right.value
            left = Term(value, op, left, right)
        return left

    def atom(self) -> Term:
        if self.place >= len(self.tokens):
            raise _Unreadable
        kind, text = self.tokens[self.place]
        self.place += 1
        if kind == "number":
            return Term(Fraction(text))
        if (kind, text) == ("bracket", "("):
            inner = self.sum()
            if self.place >= len(self.tokens) or self.tokens[self.place] != ("bracket", ")"):
                raise _Unreadable
            self.place += 1
            return inner
        if (kind, text) == ("op", "-"):
            inner = self.atom()
            return Term(-inner.value)
        raise _Unreadable
