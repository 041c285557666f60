"""What a choice depends on: effects of digit, place, colour and condition from one conditional logit, with intervals.

Within a picture, cell c is chosen with probability proportional to exp(x_c . beta) (McFadden 1974). Every picture is
its own stratum, so that which digits happen to be shown cancels. Outcomes are probabilities or shares of picks. A level
is compared with the median of its factor's other levels, so that one beloved digit does not make all others look
disliked; a condition acts on its special cell, which is compared with an untouched one. Intervals come from refitting
with randomly weighted clusters of pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tts_playground.auditing.statistics import ALPHA, Floats, cluster_weights
from tts_playground.errors import BadInput
from tts_playground.worlds.choices import ChoiceScene

FACTORS = ("digit", "place", "colour", "condition")
PLACE_NAMES = (
    ("top left", "top", "top right"),
    ("left", "middle", "right"),
    ("bottom left", "bottom", "bottom right"),
)
RIDGE = 1e-4
"""penalty a picture on log-weights: keeps a level that is always or never picked finite"""
REFITS = 300
LARGEST = 12.0
"""log-weights beyond which nothing changes in a probability"""


@dataclass(frozen=True, slots=True)
class Effect:
    """What one level does to the chance of a cell that has it."""

    factor: str
    level: str
    estimate: float
    """how much more probable such a cell is than with a typical other level, -1 to 1, averaged over those cells"""
    low: float
    high: float
    """95 % interval of ``estimate``"""
    ratio: float
    """how many times as readily it is chosen as a cell with a typical other level: exp of the log-weight"""
    ratio_low: float
    ratio_high: float
    cells: int
    """cells that had this level"""
    sure_low: float
    sure_high: float
    """interval of ``estimate`` that holds for all levels of all factors at once, 99 % (Bonferroni)"""

    def as_dict(self) -> dict[str, float | str]:
        """The fields as plain values, for JSON."""
        names = ("factor", "level", "estimate", "low", "high", "ratio", "ratio_low", "ratio_high", "cells")
        return {name: getattr(self, name) for name in names}

    @property
    def sure(self) -> bool:
        """Whether the interval for all levels at once leaves out zero."""
        return self.sure_low > 0 or self.sure_high < 0


def levels_of(scenes: Sequence[ChoiceScene]) -> list[list[dict[str, str]]]:
    """For every cell of every picture its level of each factor that it has one of.

    A special cell that was moved to a middle which otherwise stays empty has no place: "center" is its condition.
    """
    empty_middle = not any(c.centered for s in scenes if s.condition != "center" for c in s.cells)
    rows = []
    for scene in scenes:
        row = []
        for position, cell in enumerate(scene.cells):
            facts = {"digit": str(cell.digit), "colour": cell.color}
            moved = position == 0 and scene.condition == "center" and empty_middle
            if not moved:
                facts["place"] = PLACE_NAMES[cell.row][cell.column]
            if position == 0 and (scene.condition != "center" or moved):
                facts["condition"] = scene.condition
            row.append(facts)
        rows.append(row)
    return rows


@dataclass(frozen=True)
class Design:
    """The cells of all pictures as a regression sees them."""

    x: Floats
    """[pictures, k, parameters]"""
    levels: tuple[tuple[str, str], ...]
    """(factor, level)"""
    basis: Floats
    """[levels, parameters]: a level's log-weight is basis @ beta"""
    has: NDArray[np.bool_]
    """[levels, pictures, k]"""


def design(scenes: Sequence[ChoiceScene]) -> Design:
    """Code digit, place and colour to sum to zero over the levels that occur, and condition against none."""
    cells = levels_of(scenes)
    names: list[tuple[str, str]] = []
    for factor in FACTORS:
        seen = {facts[factor] for row in cells for facts in row if factor in facts}
        ordered = sorted(seen, key=level_order(factor))
        names += [(factor, level) for level in ordered] if len(ordered) > 1 or factor == "condition" else []
    has = np.array([[[facts.get(f) == level for facts in row] for row in cells] for f, level in names], bool)
    has = has.reshape(len(names), len(scenes), len(cells[0]))
    from scipy.linalg import block_diag  # a third of a second to import, and the page waits for this module

    columns, bases = [], []
    for factor in FACTORS:
        own = [i for i, (f, _) in enumerate(names) if f == factor]
        if own:
            bases.append(np.eye(len(own)) if factor == "condition" else _zero_sum(len(own)))
            columns.append(np.einsum("lic,lp->icp", has[own].astype(np.float64), bases[-1]))
    return Design(np.concatenate(columns, axis=2), tuple(names), np.asarray(block_diag(*bases)), has)


def gains(plan: Design, betas: Floats) -> Floats:
    """[n, levels] log-weight of each level above the median of its factor's others, or above an untouched cell."""
    weights = betas @ plan.basis.T
    found = weights.copy()
    for number, (factor, _) in enumerate(plan.levels):
        others = [i for i, (f, _) in enumerate(plan.levels) if f == factor and i != number]
        if factor != "condition":
            found[:, number] -= np.median(weights[:, others], axis=1)
    return found


def level_order(factor: str) -> Callable[[str], int]:
    """The key that sorts the levels of a factor as people read them."""
    places = [name for row in PLACE_NAMES for name in row]
    conditions = ["sym", "center", "size", "contrast", "occlusion", "blur"]
    tables = {"place": places, "colour": list("RGBY"), "condition": conditions}
    return tables[factor].index if factor in tables else int


def _zero_sum(levels: int) -> Floats:
    """[levels, levels - 1] orthonormal columns that each sum to zero."""
    helmert = np.linalg.qr(np.eye(levels) - 1 / levels)[0]
    return helmert[:, : levels - 1]


def fit(x: Floats, shares: Floats, weights: Floats, start: Floats | None = None, steps: int = 50) -> Floats:
    """Coefficients [parameters] that maximise the weighted log-likelihood of a conditional logit, by Newton's method.

    Args:
        x: [pictures, k, parameters]. shares: [pictures, k], rows sum to 1 (or 0: no valid pick). weights: [pictures].
    """
    pictures, k, parameters = x.shape
    flat, beta = x.reshape(-1, parameters), np.zeros(parameters) if start is None else start.copy()
    penalty = RIDGE * weights.sum()
    total = weights * shares.sum(axis=1)
    for _ in range(steps):
        p = _softmax((flat @ beta).reshape(pictures, k))
        residual = (shares * weights[:, None] - p * total[:, None]).ravel()
        gradient = flat.T @ residual - penalty * beta
        spread = (p * total[:, None]).ravel()
        mean = np.matmul(p[:, None, :], x)[:, 0]
        hessian = flat.T @ (flat * spread[:, None]) - mean.T @ (mean * total[:, None])
        hessian[np.diag_indices(parameters)] += penalty + 1e-12
        step = np.linalg.solve(hessian, gradient)
        step *= min(1.0, 2.0 / max(1e-12, float(np.abs(step).max())))
        beta = np.clip(beta + step, -LARGEST, LARGEST)
        if np.abs(step).max() < 1e-7:
            break
    return beta


def _softmax(logits: Floats) -> Floats:
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def lifts(plan: Design, betas: Floats) -> Floats:
    """[n, levels] mean over a level's cells of: chance of the cell, less its chance if the level were a typical one."""
    p = _softmax(np.einsum("icp,np->nic", plan.x, betas))
    found = np.empty((len(betas), len(plan.levels)))
    for number, gain in enumerate(gains(plan, betas).T):
        own = p[:, plan.has[number]]
        factor = np.exp(-gain)[:, None]
        found[:, number] = (own - own * factor / (1 - own + own * factor)).mean(axis=1)
    return found


def effects(
    scenes: Sequence[ChoiceScene],
    shares: Floats,
    clusters: Sequence[int] | None = None,
    *,
    level: float = 0.95,
    refits: int = REFITS,
    seed: int = 0,
) -> list[Effect]:
    """The effect of every level that occurs, factors in the order digit, place, colour, condition.

    Args:
        shares: [pictures, k] probabilities or shares of picks over the cells of each picture, in the cells' order.
        clusters: pictures that belong together (permutations of one layout); by default each its own.

    Raises:
        BadInput: fewer than two clusters, or pictures of different k.
    """
    if len(scenes) != len(shares) or len({len(scene.cells) for scene in scenes}) != 1:
        raise BadInput("Effects need one row of shares a picture, and pictures with the same number of cells.")
    groups = np.arange(len(scenes)) if clusters is None else np.asarray(clusters)
    if len(np.unique(groups)) < 2:
        raise BadInput("Effects with intervals need at least two different pictures.")
    plan = design(scenes)
    beta = fit(plan.x, shares, np.ones(len(scenes)))
    weights = cluster_weights(groups, refits, seed, fractional=True)
    betas = np.array([fit(plan.x, shares, w, beta, steps=12) for w in weights])
    gain, lift = gains(plan, beta[None])[0], lifts(plan, beta[None])[0]
    gain_errors, lift_errors = (found(plan, betas).std(axis=0, ddof=1) for found in (gains, lifts))
    own = np.array([len(np.unique(groups[has.any(axis=1)])) for has in plan.has])
    # a level seen in few clusters has an error estimated from few: Student's t with that many, and nothing from one
    few = np.where(own > 1, np.sqrt(own / np.maximum(own - 1, 1)), np.inf)
    t = few * special.stdtrit(np.maximum(own - 1, 1), 0.5 + level / 2)
    sure = few * special.stdtrit(np.maximum(own - 1, 1), 1 - ALPHA / 2 / len(plan.levels))
    reach = [np.minimum(times * np.maximum(lift_errors, 1e-12), 1.0) for times in (t, sure)]
    spread = np.minimum(t * np.maximum(gain_errors, 1e-12), 2 * LARGEST)
    return [
        Effect(
            factor,
            name,
            float(lift[i]),
            float(max(-1.0, lift[i] - reach[0][i])),
            float(min(1.0, lift[i] + reach[0][i])),
            float(np.exp(gain[i])),
            float(np.exp(max(-LARGEST, gain[i] - spread[i]))),
            float(np.exp(min(LARGEST, gain[i] + spread[i]))),
            int(plan.has[i].sum()),
            float(lift[i] - reach[1][i]),
            float(lift[i] + reach[1][i]),
        )
        for i, (factor, name) in enumerate(plan.levels)
    ]
