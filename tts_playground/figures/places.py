"""One colour a thing, in every figure of every tab: which place in the palette belongs to a selector or a strategy."""

from __future__ import annotations

from collections.abc import Sequence

from tts_playground import registry
from tts_playground.figures.theme import COLOURS, SYMBOLS

SELECTORS = (
    ("any of n", "any is right"),
    ("verifier", "best score"),
    ("majority weighted", "weighted vote"),
    ("highest rating",),
    ("majority",),
    ("highest log-probability",),
)
"""how the labels of a selector's curves begin, in the order of the palette"""
STRATEGIES = (
    *("refine", "smc", "beam", "dvts", "mcts", "rebase", "parm", "gridar", "best-first", "stage-beam", "lookahead"),
    *("revision", "tournament", "zero-order", "path-search", "suffix"),
)
"""neighbours, which are compared most, differ in colour; no two have the same colour and the same symbol"""


def of_selector(label: str) -> int | None:
    """The place of a selector's curve; None for any other."""
    words = label.lower()
    return next((place for place, begins in enumerate(SELECTORS) if words.startswith(begins)), None)


def of_curves(labels: Sequence[str]) -> list[int]:
    """A place for each curve of a figure: a selector's own, and the first free ones for the others."""
    found: list[int | None] = []
    for place in map(of_selector, labels):
        found.append(None if place in found else place)
    free = (place for place in range(2 * len(labels) + len(SELECTORS)) if place not in found)
    return [next(free) if place is None else place for place in found]


def of_strategy(label: str, number: int) -> tuple[int, str]:
    """(place in the palette, symbol) of a strategy by its name or its title; the palette's first is best-of-N's."""
    names = registry.names("strategy")
    order = [*STRATEGIES, *(name for name in names if name not in STRATEGIES)]
    name = {registry.entry("strategy", one).title: one for one in names}.get(label, label)
    at = order.index(name) if name in order else len(order) + number
    return 1 + at % (len(COLOURS) - 1), SYMBOLS[at % len(SYMBOLS)]
