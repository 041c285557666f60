"""Programs put together from the shapes that a drawing's contour shows (``contour_shapes``), by bitwise operations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tts_playground.dsl import edits
from tts_playground.dsl.drawings import effort
from tts_playground.dsl.masks import Packed
from tts_playground.dsl.tree import Difference, Node, Primitive, Union
from tts_playground.samplers import program_fitter
from tts_playground.samplers.program_fitter import Fitter

TRIES = 6
"""shapes that are cut in the end, none being the first; the best program is taken"""
EXTRA = (1.0, 6.0)
"""what ink that is too much weighs while shapes are put together"""
IMPURE = 0.04
"""share of ink within a shape that counts as none"""
STEPS = 16
"""most terms and cuts of a program"""
SPREAD = 0.1
"""difference of worth that makes a term e times less likely in all tries but the first"""


@dataclass(frozen=True, slots=True, eq=False)
class _Terms:
    """What may be added: a shape, or one less another; and what may be cut."""

    nodes: tuple[Node, ...]
    masks: NDArray[np.uint64]
    """[terms, words]"""
    prices: NDArray[np.float64]
    """[terms]: of their primitives"""
    added: int
    """terms that are added; those behind them are cut"""


def from_contour(fit: Fitter, root: Node | None, temperature: float, rng: np.random.Generator) -> Node | None:
    """A program, grown from ``root`` by terms of the contour's shapes as long as they are worth it.

    It is put together for every shape without ink that may be cut in the end, and for none; each time once by what is
    worth most, and once with ink that is too much weighing more, which waits with large shapes.
    """
    terms = _terms(fit)
    if terms is None:
        return root
    last = [None, *_without_ink(fit)[: TRIES - 1]]
    found = [
        _put_together(fit, terms, root, cut, extra, SPREAD * temperature if turn else 0.0, rng)
        for turn, cut in enumerate(last)
        for extra in EXTRA
    ]
    return fit.prune(max(found, key=fit.worth))


def _without_ink(fit: Fitter) -> list[Primitive]:
    """Shapes among the cuts that hold next to no ink."""
    shapes = () if fit.contour is None else fit.contour.cut
    masks = [(one, fit.engine.mask(one)) for one in shapes]
    return [one for one, mask in masks if fit.weigh(mask & fit.target) < IMPURE * fit.weigh(mask)]


def _terms(fit: Fitter) -> _Terms | None:
    """All terms whose picture is not empty."""
    shapes = fit.contour
    if shapes is None or not shapes.full:
        return None
    kept = fit.kept_terms
    if kept is not None:
        return kept
    full = [fit.engine.mask(one) for one in shapes.full]
    cuts = [fit.engine.mask(one) for one in shapes.cut]
    nodes: list[Node] = list(shapes.full)
    masks: list[Packed] = list(full)
    for one, mask in zip(shapes.full, full, strict=True):
        for other, cut in zip(shapes.cut, cuts, strict=True):
            if other != one and (mask & cut).any() and (rest := mask & ~cut).any():
                nodes.append(Difference((one, other)))
                masks.append(rest)
    added = len(nodes)
    nodes += shapes.cut
    masks += cuts
    prices = np.array([fit.price * effort(one) for one in nodes])
    fit.kept_terms = _Terms(tuple(nodes), np.stack(masks), prices, added)
    return fit.kept_terms


def _put_together(
    fit: Fitter,
    terms: _Terms,
    root: Node | None,
    last: Primitive | None,
    extra: float,
    spread: float,
    rng: np.random.Generator,
) -> Node | None:
    """Add the term, or make the cut, that is worth most, again and again; ``last`` is cut in the end."""
    away = fit.engine.empty() if last is None else fit.engine.mask(last)
    kept = terms.masks & ~away
    mask = fit.engine.evaluate(root) & ~away
    worth = _worths(fit, mask[None], extra)[0]
    for _ in range(STEPS):
        drawn = np.concatenate([mask | kept[: terms.added], mask & ~kept[terms.added :]])
        gains = _worths(fit, drawn, extra) - terms.prices - worth
        fit.scans += len(drawn)
        noisy = gains + spread * rng.gumbel(size=len(gains)) if spread else gains
        place = int(np.where(gains > 1e-9, noisy, -np.inf).argmax())
        if gains[place] <= 1e-9:
            break
        node = terms.nodes[place]
        join = Union if place < terms.added else Difference
        root = node if root is None else edits.flatten(join((root, node)))
        mask, worth = drawn[place], worth + float(gains[place]) + float(terms.prices[place])
    if root is None or last is None:
        return root
    return edits.flatten(Difference((root, last)))


def _worths(fit: Fitter, masks: NDArray[np.uint64], extra: float) -> NDArray[np.float64]:
    """``program_fitter.worth`` of many pictures, without the price; ink that is too much weighs ``extra``."""
    index = fit.weigh_all(masks & fit.target) / (fit.ink + extra * fit.weigh_all(masks & fit.blank))
    return np.log((program_fitter.FLOOR + index) / (program_fitter.FLOOR + 1.0 - index))
