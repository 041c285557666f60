"""Programs that lie near a program: all single edits, then larger neighbourhoods by destroying and repairing.

The single edits cover coordinate descent: a scan finds the best radius, place, sides and angle of a primitive together.
Destroy and repair (large neighbourhood search, Shaw 1998) gets out of what no single edit can improve.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tts_playground.dsl import edits
from tts_playground.dsl.drawings import effort
from tts_playground.dsl.tree import Circle, Node, Quad
from tts_playground.samplers import program_fitter
from tts_playground.samplers.from_contour import from_contour
from tts_playground.samplers.grow_program import grow
from tts_playground.samplers.program_fitter import Fitter, TverskyWeights

MARGIN = 0.05
"""an edit this much worse on the coarse raster may still be better in the end"""
SINGLE = 8
"""most single edits that are offered"""
PLACES = 48
"""most places of a long program at which single edits are looked for, drawn at random: a step stays short"""
KICKS = 40
"""most repairs that are tried"""
LONG = 6
"""primitives above which a repair takes only a few away"""
BY_CONTOUR = 0.3
"""how often a repair begins with shapes that the contour shows"""
VARIETY = 1.2
"""spread of the logarithms of taste in a repair"""


def nearby(fit: Fitter, root: Node | None, rng: np.random.Generator, *, perfect: bool) -> Iterator[Node | None]:
    """Programs near ``root``, most promising first; of a ``perfect`` one only shorter ones are looked for.

    Single edits are distinct. Every repair is handed out, also one that leads back, so that a taker can stop in time.
    """
    seen = {root}
    now = fit.worth(root)
    for _, near in single_edits(fit, root, now - MARGIN, rng)[:SINGLE]:
        if near not in seen:
            seen.add(near)
            yield near
    for _ in range(2 * (edits.length(root) - 1) if perfect else KICKS):
        yield rebuild(fit, root, rng)


def single_edits(
    fit: Fitter, root: Node | None, least: float, rng: np.random.Generator
) -> list[tuple[float, Node | None]]:
    """(worth, program) of every kind of single edit whose worth is at least ``least``, best first."""
    found: dict[Node | None, float] = {}
    size = effort(root)
    for primitives, places in (
        (size, fit.places(root, insert=False)),
        (size + 1, fit.places(root, replace=False)),
    ):
        if len(places) > PLACES:
            places = [places[i] for i in sorted(rng.choice(len(places), PLACES, replace=False))]
        for option in fit.shortlist(places, 2, program_fitter.needed(least, primitives, fit.price)):
            found[fit.apply(root, option)] = program_fitter.worth(min(option.score, 1.0), primitives, fit.price)
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
    if len(paths) > LONG:  # what is right about a long program is not found again in time
        away = min(away, int(rng.geometric(0.4)))
    for _ in range(away):
        assert root is not None
        paths = [path for path, _ in edits.leaves(root)]
        root = edits.remove(root, paths[rng.integers(len(paths))])
        if root is None:
            break
    if rng.random() < BY_CONTOUR:
        root = from_contour(fit, root, 1.0, rng)
    if root is None or rng.random() < 0.5:
        # The shape that fits best by itself is often the wrong one to go on from.
        option = fit.best(
            fit.places(root, replace=False), TverskyWeights(*map(float, np.exp(rng.normal(0, VARIETY, 2))))
        )
        root = root if option is None else fit.apply(root, option)
    return grow(fit, root, 1.0, rng)
