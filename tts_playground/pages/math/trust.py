"""Whether the process reward can be trusted, where every step can be checked; and how hard problems are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from tts_playground.errors import PlaygroundError
from tts_playground.estimators.calibration import Reliability, reliability
from tts_playground.estimators.intervals import Interval
from tts_playground.evaluation.math_steps import THRESHOLD, first_wrong, judging
from tts_playground.experiments.compute_optimal import BINS
from tts_playground.models.hub import cards
from tts_playground.models.hub.embedded_models import where
from tts_playground.pages.math.solution_pool import Solution, SolutionPool


@dataclass(frozen=True)
class StepTrust:
    """What the scores of steps are worth."""

    numbers: dict[str, Interval]
    """"step_auroc", "first_error_f1", "right_kept", "first_error_found", "step_ece", as far as they are known"""
    reliability: Reliability | None
    steps: int
    solutions: int


def known(pools: Sequence[SolutionPool]) -> list[list[Solution]]:
    """The solutions of each problem whose steps have scores and a truth."""
    own = [[one for one in pool.solutions if one.scores and len(one.scores) == len(one.labels)] for pool in pools]
    return [some for some in own if some]


@cache
def threshold(prm: str = "tiny:prm") -> float:
    """Below which score a step of a process reward counts as wrong: what its card says, or 0.5."""
    try:
        told = cards.known(Path(where(prm))).get("threshold", THRESHOLD)
    except PlaygroundError:
        return THRESHOLD
    return float(told["value"] if isinstance(told, dict) else told)


def trust(pools: Sequence[SolutionPool], below: float = THRESHOLD) -> StepTrust | None:
    """Over all of them, a step of a score under ``below`` counting as wrong; None where nothing is known."""
    if not (some := known(pools)):
        return None
    scores = [[one.scores for one in own] for own in some]
    labels = [[one.labels for one in own] for own in some]
    said = [score for own in scores for one in own for score in one]
    true = [label for own in labels for one in own for label in one]
    return StepTrust(judging(scores, labels, threshold=below), reliability(said, true), len(said), sum(map(len, some)))


def first_error(one: Solution, below: float = THRESHOLD) -> tuple[int | None, int | None]:
    """(the step that is wrong first, the one that the reward says is), counted from 0; None for none."""
    truth = next((place for place, label in enumerate(one.labels) if not label), None)
    return truth, first_wrong(one.scores, below)


@dataclass(frozen=True, slots=True)
class DifficultyBin:
    """Problems about as hard."""

    number: int
    """0 is the hardest"""
    problems: int
    ease: float
    """mean share of right solutions"""
    accuracy: dict[str, float]
    """selector -> share of problems whose pick among all is right"""


def difficulty_bins(pools: Sequence[SolutionPool], aggregation: str = "last", bins: int = BINS) -> list[DifficultyBin]:
    """Problems in ``bins`` equally large groups by how often one solution is right (Snell et al. 2024)."""
    some = [pool for pool in pools if pool.solutions and all(one.right is not None for one in pool.solutions)]
    if not some:
        return []
    ease = [float(np.mean([bool(one.right) for one in pool.solutions])) for pool in some]
    order = np.argsort(ease, kind="stable")
    found = []
    for number, places in enumerate(np.array_split(order, min(bins, len(some)))):
        own = [some[place] for place in places]
        picks = [(pool, pool.picks(len(pool.solutions), aggregation)) for pool in own]
        names = list(picks[0][1])
        accuracy = {
            name: float(np.mean([bool(pool.solutions[picked[name]].right) for pool, picked in picks if name in picked]))
            for name in names
        }
        found.append(DifficultyBin(number, len(own), float(np.mean([ease[place] for place in places])), accuracy))
    return found
