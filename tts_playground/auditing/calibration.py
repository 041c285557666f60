"""Training-free calibrations of a choice, fitted on some layouts and judged on others.

A prior over the ten digits is estimated and divided out: q ~ p / prior, within each picture. *Contextual* takes it from
a blank picture (Zhao et al. 2021), *batch* from the mean over pictures (Zhou et al. 2024), which draws a prior
towards 1 since a digit's share depends on its company, *PriDe* from log-probabilities over cyclic permutations of the
digits, in which places cancel (Zheng et al. 2024). The *oracle* takes each picture's own distribution as its prior: it
is uniform by construction, a ceiling and not a finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tts_playground.auditing.colour import joint_accuracy
from tts_playground.auditing.rows import AuditRow
from tts_playground.auditing.statistics import Floats, cluster_mean, entropy, power, total_variation
from tts_playground.estimators.intervals import Interval

NAMES = ("none", "contextual", "batch", "pride", "oracle")
SMALLEST = 1e-6
"""lowest probability that is divided by"""


UNKNOWN = Interval(0.0, None, None, 0)


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What one calibration does on pictures that it was not fitted on."""

    name: str
    distance: Interval
    """total variation from uniform, mean over pictures: 0 is fair"""
    entropy: Interval
    """over log k: 1 is fair"""
    rejected: Interval
    """chance that the chi-square test of N draws rejects"""
    accuracy: Interval | None
    """of digit and colour over valid replies, when the colour was asked for"""
    ceiling: bool
    """True for the oracle, which looks at the answer"""
    change: Interval = UNKNOWN
    """of the distance, paired with that of no calibration: below 0 is fairer"""

    def as_dict(self) -> dict[str, object]:
        """The fields as plain values, for JSON."""
        return {
            "name": self.name,
            "total_variation": self.distance.as_dict(),
            "entropy": self.entropy.as_dict(),
            "reject_rate_chi2": self.rejected.as_dict(),
            "joint_accuracy_valid": self.accuracy.as_dict() if self.accuracy else None,
            "ceiling": self.ceiling,
            "change": self.change.as_dict(),
        }


def prior(name: str, rows: Sequence[AuditRow], blank: AuditRow | None) -> Floats | None:
    """[10] prior over digits, mean 1; None where it cannot be had from these rows ("oracle" has none either)."""
    if name == "none":
        return np.ones(10)
    if name == "contextual" and blank is not None and sum(blank.digits) > 0:
        return _mean_one(np.asarray(blank.digits, np.float64))
    if name == "batch" and rows:
        return _batch(rows)
    if name == "pride" and any(row.picture.shift for row in rows):
        return _pride(rows)
    return None


def _batch(rows: Sequence[AuditRow]) -> Floats:
    total, seen = np.zeros(10), np.zeros(10)
    for row in rows:
        total[list(row.shown)] += row.p * len(row.shown)
        seen[list(row.shown)] += 1
    return _mean_one(np.divide(total, seen, out=np.ones(10), where=seen > 0))


def _pride(rows: Sequence[AuditRow]) -> Floats:
    """Digits and layouts solved together, by least squares on log-probabilities.

    Within a layout every digit stands once in every place, so the mean of its logs is the digit's own, plus what the
    layout's normalisation adds to all of its digits. Layouts show different digits, so that part does not cancel in a
    plain mean; with it eliminated, ten normal equations are left. Digits that no chain of layouts compares stay at 1.
    """
    normal, wanted = np.zeros((10, 10)), np.zeros(10)
    for layout in {row.picture.layout for row in rows}:
        group = [row for row in rows if row.picture.layout == layout]
        logs = np.array([np.log(np.maximum(row.p[np.argsort(row.shown)], SMALLEST)) for row in group]).mean(axis=0)
        digits = sorted(group[0].shown)
        normal[np.ix_(digits, digits)] += np.eye(len(digits)) - 1 / len(digits)
        wanted[digits] += logs - logs.mean()
    return _mean_one(np.exp(np.linalg.lstsq(normal, wanted, rcond=1e-9)[0]))


def _mean_one(values: Floats) -> Floats:
    floored = np.maximum(values, SMALLEST * values.sum())
    return floored / floored.mean()


def apply(name: str, row: AuditRow, digits: Floats | None) -> Floats:
    """[k] the picture's probabilities after a calibration."""
    p = np.maximum(row.p, SMALLEST)
    divided = p / p if name == "oracle" or digits is None else p / digits[list(row.shown)]
    return divided / divided.sum()


def split(rows: Sequence[AuditRow]) -> tuple[list[AuditRow], list[AuditRow]]:
    """Two halves of whole layouts, with every condition in both where it has two layouts."""
    layouts = sorted({(row.picture.key.partition("/")[0], row.picture.layout) for row in rows})
    side = {layout: place % 2 for place, (_, layout) in enumerate(layouts)}
    first, second = ([row for row in rows if side[row.picture.layout] == half] for half in (0, 1))
    return first, second


def judge(
    rows: Sequence[AuditRow], blank: AuditRow | None, samples: int, *, names: Sequence[str] = NAMES
) -> list[Calibrated]:
    """Every calibration that these rows allow: fitted on half of the layouts, judged on the other, and swapped.

    Args:
        rows: without the control. blank: the control, for the contextual one. samples: N of the chi-square test.
    """
    halves = split(rows)
    if not all(halves):
        return []
    found = []
    for name in names:
        fitted = [prior(name, half, blank) for half in halves]
        if name != "oracle" and any(one is None for one in fitted):
            continue
        pairs = [(row, apply(name, row, fitted[1 - side])) for side in (0, 1) for row in halves[side]]
        own, p = [row for row, _ in pairs], np.array([p for _, p in pairs])
        before = total_variation(np.array([apply("none", row, np.ones(10)) for row in own]))
        change = cluster_mean(total_variation(p) - before, [row.picture.layout for row in own])
        found.append(replace(_judged(name, own, p, samples), change=change))
    return found


def _judged(name: str, rows: list[AuditRow], p: Floats, samples: int) -> Calibrated:
    clusters = [row.picture.layout for row in rows]
    accuracy, ceiling = None, name == "oracle"
    distance, even = cluster_mean(total_variation(p), clusters), cluster_mean(entropy(p), clusters)
    if ceiling:  # uniform by construction: nothing was estimated
        distance, even = (replace(one, low=None, high=None) for one in (distance, even))
    if all(row.colours for row in rows):
        accuracy = cluster_mean(joint_accuracy(rows, list(p))[0], clusters)
    return Calibrated(
        name,
        distance,
        even,
        cluster_mean(power(p, samples), clusters),
        accuracy,
        ceiling,
    )
