"""What an expression that somebody types comes to: "12*7+5", "what is 1/2 + 1/3?", "15% of 80"."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from fractions import Fraction

LONGEST = 200
"""characters that are read"""
DIGITS = 400
"""of a power's top and bottom together; beyond it nothing is worked out"""
_ASKED = re.compile(
    r"^(?:what\s+is|what's|whats|how\s+much\s+is|calculate|compute|evaluate|solve|work\s+out|find(?:\s+the\s+value\s+of)?)\b",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*(?:%|per\s?cent)\s*of\b", re.IGNORECASE)
_SIGNS = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "^": "**", "[": "(", "]": ")"})
_TIMES = re.compile(r"(?<=[\d)])\s*[xX]\s*(?=[\d(.+-])")
_THOUSANDS = re.compile(r"(?<![\d,.])\d{1,3}(?:,\d{3})+(?![\d,])")
_WORKS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def sum_of(problem: str) -> Fraction | None:
    """The exact value of a problem that is one expression with at least one sign; None for any other. Never raises.

    + - * / and powers with whole exponents, brackets, decimals, fractions, "x", "×", "÷", "15% of 80"; a question
    around it, as "what is ...?" or "... = ?", does not count.
    """
    text = _ASKED.sub("", " ".join(problem.split())[: LONGEST + 1]).strip()
    if len(text) > LONGEST:
        return None
    text = re.sub(r"\s*=?\s*[?.]?$", "", text)
    text = _THOUSANDS.sub(lambda found: found[0].replace(",", ""), text)
    text = _PERCENT.sub(r"(\1/100)*", text).translate(_SIGNS)
    text = _TIMES.sub("*", text)
    if not re.fullmatch(r"[\d.+\-*/() ]+", text) or re.search(r"\d{16}|//|\d\s+[\d.]|[\d.]\s+\.|\b0\d", text):
        return None
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        return _value(tree) if isinstance(tree, ast.BinOp) else None
    except (SyntaxError, ValueError, ArithmeticError, RecursionError, MemoryError):
        return None


def _value(node: ast.expr) -> Fraction:
    """Raises ValueError for what is no sum."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return Fraction(str(node.value))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd | ast.USub):
        value = _value(node.operand)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left), _value(node.right)
        if isinstance(node.op, ast.Pow):
            return _power(left, right)
        if work := _WORKS.get(type(node.op)):
            return work(left, right)
    raise ValueError("no sum")


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    size = len(str(base.numerator)) + len(str(base.denominator))
    if exponent.denominator != 1 or abs(exponent) * size > DIGITS:
        raise ValueError("no power that is worked out here")
    return base ** int(exponent)
