"""Programs made of programs: the left of one drawing's program and the right of another's, or a start from nothing.

Local search ends where no neighbour is better. What two such ends have each got right in different places of the canvas
is worth more together: the crossing of genetic programming (Koza 1992), with parts that are told apart by place.
"""

from __future__ import annotations

import math

import numpy as np

from tts_playground.dsl import edits
from tts_playground.dsl.masks import Packed, count
from tts_playground.dsl.tree import Circle, Difference, Node, Quad, Union
from tts_playground.samplers.grow_program import grow, mended
from tts_playground.samplers.program_fitter import Fitter


def crossed(fit: Fitter, first: Node | None, second: Node | None, rng: np.random.Generator) -> Node | None:
    """The terms of ``first`` on one side of a random line through the ink, those of ``second`` on the other, mended."""
    side = _half(fit, rng)
    picked = [term for term in terms(fit, first) if _share(fit, term, side) >= 0.5]
    picked += [term for term in terms(fit, second) if _share(fit, term, side) < 0.5]
    picked = list(dict.fromkeys(picked))
    if not picked:
        return None
    root = picked[0] if len(picked) == 1 else edits.flatten(Union(tuple(picked)))
    return grow(fit, mended(fit, root, rng), 1.0, rng)


def terms(fit: Fitter, root: Node | None) -> list[Node]:
    """A program as a union of terms: cuts are written behind those terms only that they touch."""
    if root is None:
        return []
    if isinstance(root, (Circle, Quad)):
        return [root]
    if isinstance(root, Union):
        return [term for operand in root.operands for term in terms(fit, operand)]
    body, *cuts = root.operands
    found: list[Node] = []
    for term in terms(fit, body):
        mask = fit.engine.evaluate(term)
        touching = tuple(cut for cut in cuts if (fit.engine.evaluate(cut) & mask).any())
        found.append(edits.flatten(Difference((term, *touching))) if touching else term)
    return found


def _half(fit: Fitter, rng: np.random.Generator) -> Packed:
    """One side of a random line through a random pixel of the ink."""
    size = fit.engine.size
    ink = np.flatnonzero(fit.engine.unpack(fit.target))
    row, column = divmod(int(rng.choice(ink)), size)
    turn = rng.uniform(0, 2 * math.pi)
    rows, columns = np.indices((size, size))
    return fit.engine.pack((rows - row) * math.sin(turn) + (columns - column) * math.cos(turn) >= 0)


def _share(fit: Fitter, term: Node, side: Packed) -> float:
    """How much of a term's picture lies on a side."""
    mask = fit.engine.evaluate(term)
    return count(mask & side) / max(1, count(mask))
