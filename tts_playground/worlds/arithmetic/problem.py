"""A word problem, and the arithmetic behind it as a graph of quantities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

Number = int | Fraction
"""exact; integers are plain ``int``"""
MARKS = {"+": " + ", "-": " - ", "*": " × ", "/": " ÷ "}
"""operation -> how solutions write it"""
_BINDS = {"+": 1, "-": 1, "*": 2, "/": 2}


@dataclass(frozen=True, slots=True)
class MathProblem:
    """One problem of the world, with the fields of MATH-500."""

    problem: str
    solution: str
    """the canonical one: "## Step k: ..." a calculation, blank lines between, the answer boxed"""
    answer: str
    """an integer, a decimal, or a fraction such as "3/4" """
    subject: str
    """the family it comes from, e.g. "shopping" """
    level: int
    """1 to 5: calculations that the canonical solution needs, 5 standing for five or more"""
    unique_id: str


class Quantity:
    """A quantity: given in the problem (no operation), or calculated from others."""

    __slots__ = ("op", "parts", "value")

    def __init__(self, value: Number, op: str = "", parts: tuple[Quantity, ...] = ()) -> None:
        self.value, self.op, self.parts = value, op, parts


def tidy(value: Number) -> Number:
    """An ``int`` where the value is whole."""
    return int(value) if isinstance(value, Fraction) and value.denominator == 1 else value


def calculate(op: str, values: list[Number]) -> Number:
    """``values`` joined by ``op`` from left to right, exactly.

    Raises:
        ZeroDivisionError: a divisor is 0.
    """
    first, *others = values
    for other in others:
        if op == "+":
            first = first + other
        elif op == "-":
            first = first - other
        elif op == "*":
            first = first * other
        else:
            first = tidy(Fraction(first) / other)
    return first


def written(value: Number, decimals: bool = False) -> str:
    """A number as problems write it: digits; else a fraction "a/b", or a decimal where those are wanted and it ends."""
    if isinstance(value, int) or value.denominator == 1:
        return str(int(value))
    if decimals and 1000 % value.denominator == 0:
        return as_decimal(value)
    return f"{value.numerator}/{value.denominator}"


def as_decimal(value: Number) -> str:
    """``value`` with at most three places after the point."""
    thousandths = int(Fraction(value) * 1000)
    sign, thousandths = ("-" if thousandths < 0 else ""), abs(thousandths)
    whole, rest = divmod(thousandths, 1000)
    return f"{sign}{whole}.{rest:03d}".rstrip("0").rstrip(".")


def expression(node: Quantity, shown: Mapping[Quantity, str], *, whole: bool = True) -> str:
    """The expression for ``node`` over numbers that are ``shown`` already.

    Args:
        shown: text of every given and of every quantity that a step has found; the others are written out in brackets.
        whole: ``node`` itself is written out.
    """
    if not whole and node in shown:
        return shown[node]
    bind, texts = _BINDS[node.op], []
    for place, part in enumerate(node.parts):
        text = expression(part, shown, whole=False)
        if part not in shown:
            inner = _BINDS[part.op]
            if inner < bind or (inner == bind and place and (node.op in "-/" or part.op != node.op)):
                text = f"({text})"
        texts.append(text)
    return MARKS[node.op].join(texts)
