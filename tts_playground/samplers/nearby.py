"""Programs that lie near a program: all single edits, then larger neighbourhoods by destroying and repairing.

The single edits cover coordinate descent: a scan finds the best radius, place, sides and angle of a primitive together.
Destroy and repair (large neighbourhood search, Shaw 1998) gets out of what no single edit can improve.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tts_playground.dsl import edits
from tts_playground.dsl.tree import Circle, Node, Quad
from tts_playground.samplers import fitting
from tts_playground.samplers.fitting import Fitter, Taste

MARGIN = 0.05
"""an edit this much worse on the coarse raster may still be better in the end"""
SINGLE = 8
"""most single edits that are offered"""
KICKS = 40
"""most repairs that are tried"""
VARIETY = 1.2
"""spread of the logarithms of taste in a repair"""


def nearby(fit: Fitter, root: Node | None, rng: np.random.Generator, *, perfect: bool) -> Iterator[Node | None]:
    """Distinct programs near ``root``, most promising first; of a ``perfect`` one only shorter ones are looked for."""
    seen = {root}
    now = fit.worth(root)
    for _, near in single_edits(fit, root, now - MARGIN)[:SINGLE]:
        if near not in seen:
            seen.add(near)
            yield near
    for _ in range(2 * (edits.length(root) - 1) if perfect else KICKS):
        near = rebuild(fit, root, rng)
        if near not in seen and fit.worth(near) >= now - MARGIN:
            seen.add(near)
            yield near


def single_edits(fit: Fitter, root: Node | None, least: float) -> list[tuple[float, Node | None]]:
    """(worth, program) of every kind of single edit whose worth is at least ``least``, best first."""
    found: dict[Node | None, float] = {}
    size = edits.length(root)
    for primitives, places in (
        (size, fit.places(root, insert=False)),
        (size + 1, fit.places(root, replace=False)),
    ):
        for option in fit.shortlist(places, 2, fitting.needed(least, primitives)):
            found[fit.apply(root, option)] = float(fitting.worth(min(option.score, 1.0), primitives))
    if root is not None:
        for near in structural(root):
            worth = fit.worth(near)
            if worth >= least:
                found[near] = worth
    return sorted(((worth, near) for near, worth in found.items()), key=lambda pair: (-pair[0], str(pair[1])))


def structural(root: Node) -> Iterator[Node | None]:
    """Deletions of any part, and operators swapped."""
    stack: list[tuple[edits.Steps, Node]] = [((), root)]
    while stack:
        path, node = stack.pop()
        if path:
            yield edits.remove(root, path)
        if not isinstance(node, (Circle, Quad)):
            yield edits.replace(root, path, edits.swap_operator(node))
            stack.extend(((*path, i), operand) for i, operand in enumerate(node.operands))


def rebuild(fit: Fitter, root: Node | None, rng: np.random.Generator) -> Node | None:
    """Take some primitives away at random, or all of them, and build up again greedily."""
    paths = [path for path, _ in edits.leaves(root)]
    away = int(rng.integers(1, len(paths) + 1)) if paths else 0
    for _ in range(away):
        assert root is not None
        paths = [path for path, _ in edits.leaves(root)]
        root = edits.remove(root, paths[rng.integers(len(paths))])
        if root is None:
            break
    return grow(fit, root, rng)


def grow(fit: Fitter, root: Node | None, rng: np.random.Generator) -> Node | None:
    """Insert a primitive, refit the others, drop the useless, until two in a row are not worth having.

    The first primitive is chosen with a random taste, because the shape that fits best by itself is often the wrong
    one to cut from.
    """
    best, worth, failures = root, fit.worth(root), 0
    taste = Taste(*map(float, np.exp(rng.normal(0, VARIETY, 2))))
    while failures < 2:
        option = fit.best(fit.places(root, replace=False), taste)
        if option is None:
            break
        grown: Node | None = fit.apply(root, option)
        if root is not None:
            grown = fit.refit(grown, rng)
        better = fit.worth(grown)
        if better > worth:
            grown = fit.prune(grown)
            best, worth, failures = grown, fit.worth(grown), 0
        else:
            failures += 1
        root, taste = grown, fitting.IOU
    return best
