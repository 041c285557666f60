"""Problems as people type them: "12*7+5", "what is 1/2+1/3", "15%", "$12", without capitals or a mark at the end.

The arithmetic world writes "Calculate 12 × 7 + 5." A model that has read nothing else does not read "12*7+5", which is
the first thing that people ask it.
"""

from __future__ import annotations

import re
from random import Random

BARE = ("expressions", "fractions")
"""subjects whose problem is one expression"""
SAID = ("{}", "{}", "{}", "{} =", "{}=", "{} = ?", "{}?", "what is {}", "How much is {}?", "how much is {}", "Solve {}")
TIMES = ("*", "*", "x", "×")
OVER = ("/", "÷")
_EXPRESSION = re.compile(r"[\d(].*[\d)]")
_MONEY = re.compile(r"\b(\d+) dollars?\b")


def as_typed(told: str, subject: str, rng: Random) -> str:
    """A problem of the world as somebody may type it; four in five stay as they are."""
    if subject in BARE:
        return told if rng.random() < 0.5 else typed_expression(told, rng)
    if rng.random() < 0.3:
        told = told.replace(" percent", "%")
    if rng.random() < 0.15:
        told = _MONEY.sub(r"$\1", told)
    if rng.random() < 0.05:
        told = told.rstrip("?.")
    return told.lower() if rng.random() < 0.03 else told


def typed_expression(told: str, rng: Random) -> str:
    """The expression of a ``BARE`` problem with the signs that a keyboard has, mostly without spaces, and few words."""
    found = _EXPRESSION.search(told)
    assert found is not None, told
    text = found[0].replace("×", _one_of(rng, TIMES)).replace("÷", _one_of(rng, OVER))
    text = text.replace(" ", "") if rng.random() < 0.6 else text
    return _one_of(rng, SAID).format(text)


def _one_of(rng: Random, options: tuple[str, ...]) -> str:
    return options[int(rng.random() * len(options))]
