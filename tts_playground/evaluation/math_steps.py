"""How well a process reward knows which steps are right, on drawn solutions whose truth the world tells.

step_auroc over all steps; ProcessBench's F1 (Zheng et al. 2024, arXiv:2412.06559): the harmonic mean of
first_error_found (wrong solutions whose first wrong step is named) and right_kept (right ones in which none is), a step
below a threshold counting as wrong; step_ece, the gap between what is said and how often it is true. Intervals are over
problems. As there, the threshold is the one that is best on other, easier problems: theirs is chosen on GSM8K, ours on
problems of the training kind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from tts_playground.estimators.calibration import auroc, reliability
from tts_playground.estimators.intervals import Interval, of_resamples
from tts_playground.randomness import generator

Scores = Sequence[Sequence[float]]
Labels = Sequence[Sequence[bool]]
THRESHOLD = 0.5
"""a step below it counts as wrong, where none was chosen"""
THRESHOLDS = tuple(round(0.05 * place, 2) for place in range(1, 20))
"""among which one is chosen"""
DRAWS = 400
"""resamples of problems behind an interval"""


def first_wrong(scores: Sequence[float], threshold: float = THRESHOLD) -> int | None:
    """The place of the first step that is said to be wrong; None where none is."""
    return next((place for place, score in enumerate(scores) if score < threshold), None)


def chosen_threshold(scores: Sequence[Scores], labels: Sequence[Labels]) -> float:
    """The one of ``THRESHOLDS`` with the highest F1; of equals the one nearest to 0.5, which also stands for none.

    Args:
        scores, labels: as for ``judging``, of problems that nothing else is measured on.
    """
    found = {}
    for threshold in sorted(THRESHOLDS, key=lambda one: abs(one - THRESHOLD)):
        f1 = _f1([_Told(said, true, threshold) for said, true in zip(scores, labels, strict=True)])
        found[threshold] = -1.0 if f1 is None else f1
    return max(found, key=lambda one: found[one])


def judging(
    scores: Sequence[Scores], labels: Sequence[Labels], seed: int = 0, threshold: float = THRESHOLD
) -> dict[str, Interval]:
    """The numbers of one process reward; those are left out for which one kind of step or solution is missing.

    Args:
        scores: for each problem, for each of its solutions, one number in [0, 1] a step.
        labels: the same of whether everything up to the step is right.
        threshold: a step below it counts as wrong.
    """
    told = [_Told(said, true, threshold) for said, true in zip(scores, labels, strict=True)]
    copies = generator(seed, "problems").integers(0, len(told), size=(DRAWS, len(told)))
    found: dict[str, Interval] = {}
    for name, measure in _MEASURES.items():
        value = measure(told)
        if value is None:
            continue
        again = [measure([told[place] for place in some]) for some in copies]
        found[name] = _bounded(of_resamples(value, [one for one in again if one is not None], len(told)))
    return found


def _bounded(one: Interval) -> Interval:
    """Within [0, 1], where all of these numbers lie."""
    if one.low is None or one.high is None:
        return one
    return replace(one, low=max(0.0, one.low), high=min(1.0, one.high))


class _Told:
    """What one problem adds to every number."""

    def __init__(self, scores: Scores, labels: Labels, threshold: float) -> None:
        self.scores = np.array([score for said in scores for score in said])
        self.labels = np.array([label for true in labels for label in true], bool)
        self.hits: dict[bool, list[bool]] = {True: [], False: []}
        for said, true in zip(scores, labels, strict=True):
            wanted = next((place for place, label in enumerate(true) if not label), None)
            self.hits[wanted is None].append(first_wrong(said, threshold) == wanted)


def _steps(told: Sequence[_Told]) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([one.scores for one in told]), np.concatenate([one.labels for one in told])


def _auroc(told: Sequence[_Told]) -> float | None:
    return auroc(*_steps(told))


def _ece(told: Sequence[_Told]) -> float | None:
    scores, labels = _steps(told)
    return reliability(scores, labels).ece if len(scores) else None


def _share(right: bool) -> Callable[[Sequence[_Told]], float | None]:
    def share(told: Sequence[_Told]) -> float | None:
        hits = [hit for one in told for hit in one.hits[right]]
        return float(np.mean(hits)) if hits else None

    return share


def _f1(told: Sequence[_Told]) -> float | None:
    kept, named = _share(True)(told), _share(False)(told)
    if kept is None or named is None:
        return None
    return 2 * kept * named / (kept + named) if kept + named else 0.0


_MEASURES: dict[str, Callable[[Sequence[_Told]], float | None]] = {
    "step_auroc": _auroc,
    "first_error_f1": _f1,
    "right_kept": _share(True),
    "first_error_found": _share(False),
    "step_ece": _ece,
}
