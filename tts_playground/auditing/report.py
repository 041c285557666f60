"""From rows to what an audit found: summary by condition, effects, calibrations, and a verdict in words."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tts_playground import files
from tts_playground.auditing import calibration
from tts_playground.auditing.calibration import Calibrated
from tts_playground.auditing.effects import FACTORS, REFITS, Effect, effects, level_order, levels_of
from tts_playground.auditing.picked import Picked
from tts_playground.auditing.rows import AuditRow
from tts_playground.auditing.statistics import (
    ALPHA,
    Floats,
    binomial_quantile,
    chi_square,
    cluster_mean,
    cramers_v,
    entropy,
    holm,
    noise_floor,
    power,
    total_variation,
    true_v,
)
from tts_playground.auditing.verdict import SMALL, VerdictLine, loud, sentences
from tts_playground.errors import BadInput

BAND = 1 - ALPHA
"""share of fair choosers whose bar lies within the acceptance band"""


@dataclass(frozen=True, slots=True)
class Bar:
    """How often cells of one level were chosen."""

    factor: str
    level: str
    share: float
    """mean probability, or share of picks, of the cells that have it"""
    fair: float
    """1/k"""
    low: float
    high: float
    """where ``share`` lies for 99 % of fair choosers, given N picks a picture"""
    cells: int


class Summaries:
    """Summaries by condition, as a CSV file."""

    conditions: tuple[dict[str, Any], ...]
    """one summary a condition, and one of all; the columns of the CSV file"""

    @property
    def summary(self) -> dict[str, Any]:
        """The summary over all pictures."""
        return self.conditions[-1]

    def csv(self) -> str:
        """The summaries as CSV, a row a condition."""
        text = io.StringIO()
        table = csv.DictWriter(text, list(self.summary), lineterminator="\n")
        table.writeheader()
        # a name of another program that a spreadsheet would run as a formula gets a mark before it
        table.writerows({name: _harmless(value) for name, value in one.items()} for one in self.conditions)
        return text.getvalue()

    def write(self, file: Path) -> Path:
        """Write ``csv`` to a file."""
        files.make_folder(file.parent)
        files.write_text(file, self.csv(), "The summary")
        return file


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value


@dataclass(frozen=True)
class AuditReport(Summaries):
    """What an audit found."""

    rows: tuple[AuditRow, ...]
    """without the control"""
    blank: AuditRow | None
    """the control: a white picture"""
    samples: int
    """picks a picture, or the N that power is stated for"""
    conditions: tuple[dict[str, Any], ...]
    """one summary a condition, and one of all; the columns of the CSV file"""
    effects: tuple[Effect, ...]
    calibrations: tuple[Calibrated, ...]
    verdict: tuple[str, ...]
    """sentences, the most important first"""
    said: tuple[VerdictLine, ...] = ()
    """the same sentences, with the bars that they speak of"""

    @property
    def loud(self) -> dict[tuple[str, str], int]:
        """(factor, level) of the adjusted effects that the verdict speaks of -> 1 for more readily, -1 for less."""
        return {(e.factor, e.level): 1 if e.estimate > 0 else -1 for e in loud(self.effects, SMALL / self.k)}

    @property
    def k(self) -> int:
        """Number of cells in a picture."""
        return len(self.rows[0].shown)

    def as_dict(self) -> dict[str, Any]:
        """For JSON: the summary's fields, effects, conditions, calibrations and the verdict."""
        return {
            **self.summary,
            "effects": [effect.as_dict() for effect in self.effects],
            "conditions": list(self.conditions),
            "calibrations": [one.as_dict() for one in self.calibrations],
            "verdict": list(self.verdict),
        }


def analyze(
    rows: Iterable[AuditRow], samples: int = 1000, *, temperature: float = 1.0, refits: int = REFITS, seed: int = 0
) -> AuditReport:
    """The report of an audit's rows.

    Args:
        samples: for exact rows, the N that power and acceptance bands are stated for.
        temperature: for exact rows: what they would be under restricted output at this temperature.

        refits: of the effects, for their intervals.

    Raises:
        BadInput: no rows, or rows that cannot stand in one report.
    """
    given = list(rows)
    pictures = [row for row in given if row.picture.scene is not None]
    blank = next((row for row in given if row.picture.scene is None), None)
    if not pictures:
        raise BadInput("There are no pictures in this audit yet.")
    if len({(len(row.shown), row.protocol, row.n, bool(row.colours)) for row in pictures}) > 1:
        raise BadInput("These rows differ in k, protocol, N or task; analyse one audit at a time.")
    if not pictures[0].n and temperature != 1.0:
        pictures = [tempered(row, temperature) for row in pictures]
        blank = tempered(blank, temperature) if blank else None
    n = pictures[0].n or samples
    names = list(dict.fromkeys(row.picture.scene.condition for row in pictures if row.picture.scene))
    parts = [(name, [r for r in pictures if r.picture.scene and r.picture.scene.condition == name]) for name in names]
    summaries = tuple(summary(name, part, n) for name, part in [*parts, ("all", pictures)])
    usable = [row for row in pictures if row.valid > 0]
    found: tuple[Effect, ...] = ()
    if len({row.picture.layout for row in usable}) > 1:
        found = tuple(effects(_scenes(usable), _shares(usable), _clusters(usable), refits=refits, seed=seed))
    judged = tuple(calibration.judge(usable, blank, n)) if usable else ()
    words = sentences(summaries[-1], found, usable)
    return AuditReport(tuple(pictures), blank, n, summaries, found, judged, tuple(said.text for said in words), words)


def tempered(row: AuditRow, temperature: float) -> AuditRow:
    """An exact row at another temperature, over the digits that are shown; the valid share stays what it was."""
    shown = list(row.shown)
    before = row.picks
    logs = np.log(np.maximum(before, 1e-300)) / temperature
    after = np.exp(logs - logs.max())
    after *= before.sum() / after.sum()
    digits = np.array(row.digits)
    scale = np.ones(10)
    scale[shown] = np.divide(after, before, out=np.ones(len(after)), where=before > 0)
    digits[shown] = after
    colours = tuple(tuple(float(v) * scale[d] for v in pair) for d, pair in enumerate(row.colours))
    return replace(row, digits=tuple(map(float, digits)), colours=colours)


def summary(name: str, rows: Sequence[Picked], n: int) -> dict[str, Any]:
    """The fields of the proof of concept's CSV files, and what repairs them; means over pictures.

    Where probabilities are exact, ``reject_rate_chi2`` is the chance that the test of n draws rejects, and Cramer's V
    is that of the probabilities themselves, without noise.
    """
    usable = [row for row in rows if row.valid > 0]
    found: dict[str, Any] = {"condition": name, "images": len(rows), "k": len(rows[0].shown)}
    found |= {"protocol": rows[0].protocol, "n": n, "valid_rate": float(np.mean([row.valid for row in rows]))}
    if not usable:
        return found | dict.fromkeys(FIELDS)
    p, k = _shares(usable), len(usable[0].shown)
    found |= dict(zip(FIELDS, _uniformity(usable, p, n), strict=False))
    found |= {"noise_floor": float(noise_floor(n, k)), "mean_entropy": float(entropy(p).mean())}
    found |= {"mean_total_variation": float(total_variation(p).mean())} | _special(usable)
    joint = [(row.joint, row.joint * row.valid) for row in usable if row.joint is not None]
    told = np.array(joint) if len(joint) == len(usable) else None
    found["mean_joint_accuracy_valid"] = None if told is None else float(told[:, 0].mean())
    found["mean_joint_accuracy_all"] = None if told is None else float(told[:, 1].sum() / len(rows))
    return found


def _special(rows: Sequence[Picked]) -> dict[str, float | None]:
    """Mean share of the special digit over the pictures that have one, with its interval."""
    told = [(row.p_special, row.cluster) for row in rows if row.p_special is not None]
    names = ("mean_p_special", "p_special_low", "p_special_high")
    if not told:
        return dict.fromkeys(names)
    found = cluster_mean([share for share, _ in told], [cluster for _, cluster in told])
    return dict(zip(names, (found.value, found.low, found.high), strict=True))


FIELDS = (
    "reject_rate_chi2",
    "reject_rate_holm",
    "mean_cramers_v",
    "mean_cramers_v_corrected",
    "noise_floor",
    "mean_entropy",
    "mean_total_variation",
    "mean_p_special",
    "p_special_low",
    "p_special_high",
    "mean_joint_accuracy_valid",
    "mean_joint_accuracy_all",
)


def _uniformity(rows: Sequence[Picked], p: Floats, n: int) -> tuple[float, float | None, float, float]:
    if not rows[0].n:
        v = float(true_v(p).mean())
        return float(power(p, n).mean()), None, v, v
    counts = np.array([row.picks for row in rows])
    statistic, p_values = chi_square(counts)
    size, k = counts.sum(axis=1), counts.shape[1]
    raw, corrected = (float(cramers_v(statistic, size, k, corrected=c).mean()) for c in (False, True))
    return float((p_values < ALPHA).mean()), float(holm(p_values).mean()), raw, corrected


def bars(rows: Sequence[AuditRow], factor: str, n: int) -> list[Bar]:
    """How often cells of each level of a factor were chosen, beside what fair choosers would show.

    Args:
        n: picks a picture that the acceptance band stands for.

    Raises:
        BadInput: there is no such factor.
    """
    usable = [row for row in rows if row.valid > 0 and row.picture.scene is not None]
    if factor not in FACTORS:
        raise BadInput(f"There is no factor {factor!r}; choose one of: {', '.join(FACTORS)}.")
    if not usable:
        return []
    cells = levels_of(_scenes(usable))
    shares: dict[str, list[float]] = {}
    for row, levels in zip(usable, cells, strict=True):
        for p, facts in zip(row.p, levels, strict=True):
            if factor in facts:
                shares.setdefault(facts[factor], []).append(float(p))
    k = len(usable[0].shown)
    return [_bar(factor, level, shares[level], k, n) for level in sorted(shares, key=level_order(factor))]


def _bar(factor: str, level: str, shares: Sequence[float], k: int, n: int) -> Bar:
    size = n * len(shares)
    low, high = (binomial_quantile(q, size, 1 / k) / size for q in ((1 - BAND) / 2, (1 + BAND) / 2))
    return Bar(factor, level, float(np.mean(shares)), 1 / k, float(low), float(high), len(shares))


def heat(rows: Sequence[AuditRow]) -> tuple[Floats, Floats]:
    """(ratio, cells), both [3, 3]: how often a cell there is chosen over fair (NaN: none stood there), and how many."""
    total, cells = np.zeros((3, 3)), np.zeros((3, 3))
    for row in rows:
        if row.picture.scene is not None and row.valid > 0:
            for p, cell in zip(row.p, row.picture.scene.cells, strict=True):
                total[cell.row, cell.column] += float(p) * len(row.shown)
                cells[cell.row, cell.column] += 1
    return np.divide(total, cells, out=np.full((3, 3), np.nan), where=cells > 0), cells


def _scenes(rows: Sequence[AuditRow]) -> list[Any]:
    return [row.picture.scene for row in rows]


def _shares(rows: Sequence[Picked]) -> Floats:
    return np.array([row.p for row in rows])


def _clusters(rows: Sequence[AuditRow]) -> list[int]:
    return [row.picture.layout for row in rows]
