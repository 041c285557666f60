"""Making programs longer: one primitive at a time, or two where no single one helps."""

from __future__ import annotations

import numpy as np

from tts_playground.dsl.tree import Node
from tts_playground.samplers import program_fitter
from tts_playground.samplers.program_fitter import Fitter, Option, TverskyWeights

SPREAD = 0.05
"""difference of worth that makes a proposal e times less likely at temperature 1"""
PAIRS = 3
"""pairs that are tried before a program counts as complete"""

REFITTED = 6
"""primitives of a long program that are refitted after a change; of a shorter one all are"""
WORK = 150_000_000
"""programs measured after which nothing more is added, about 2 s: in a texture every one is worth a little"""
PAIRS_FIRST = 0.3
"""how often pairs are tried before single primitives"""


def choose(options: list[Option], temperature: float, rng: np.random.Generator) -> Option:
    """Draw an option in proportion to exp(worth / (SPREAD * temperature)); the best one at temperature 0."""
    worth = np.array([program_fitter.worth(min(option.score, 1.0), 0) for option in options])
    if temperature > 0:
        worth += rng.gumbel(size=len(worth)) * (SPREAD * temperature)
    return options[int(worth.argmax())]


def generous(rng: np.random.Generator) -> TverskyWeights:
    """A taste for shapes that overshoot: too much ink, to be cut, or too large a cut, to be mended."""
    low = float(np.exp(rng.uniform(-3.5, -0.5)))
    return TverskyWeights(low, 1.0) if rng.random() < 0.7 else TverskyWeights(1.0, low)


def pair(fit: Fitter, root: Node | None, temperature: float, rng: np.random.Generator) -> Node | None:
    """Insert an overshooting primitive and the one that mends it best: rings and crescents need both at once."""
    options = fit.shortlist(fit.places(root, replace=False), 2, 0.0, generous(rng))
    if not options:
        return None
    once = fit.apply(root, choose(options, temperature, rng))
    second = fit.best(fit.places(once, replace=False))
    return None if second is None else fit.apply(once, second)


def mended(fit: Fitter, root: Node | None, rng: np.random.Generator) -> Node | None:
    """The program with its primitives refitted to each other, and the useless ones dropped."""
    return None if root is None else fit.prune(fit.refit(root, rng, REFITTED))


def by_pairs(fit: Fitter, root: Node | None, temperature: float, rng: np.random.Generator) -> Node | None:
    """A program that is better by a pair of primitives, or None when no pair that was tried is."""
    worth = fit.worth(root)
    for _ in range(PAIRS):
        grown = mended(fit, pair(fit, root, temperature, rng), rng)
        if grown is not None and fit.worth(grown) > worth:
            return grown
    return None


def grow(fit: Fitter, root: Node | None, temperature: float, rng: np.random.Generator) -> Node | None:
    """Add primitives, or pairs, as long as they are worth their price, and ``WORK`` allows."""
    begun = fit.scans
    while fit.scans - begun < WORK:
        grown = by_pairs(fit, root, temperature, rng) if rng.random() < PAIRS_FIRST else None
        if grown is None:
            option = fit.best(fit.places(root, replace=False))
            grown = None if option is None else mended(fit, fit.apply(root, option), rng)
        if grown is None or fit.worth(grown) <= fit.worth(root):
            grown = by_pairs(fit, root, temperature, rng)
        if grown is None:
            break
        root = grown
    return root
