"""The figures of a report, by name: the same ones on the command line, in notebooks and in the app."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from scipy import special

from tts_playground.auditing import statistics
from tts_playground.auditing.colour import confusion
from tts_playground.auditing.effects import FACTORS, PLACE_NAMES
from tts_playground.auditing.fair import fair_beside, fair_reach
from tts_playground.auditing.report import AuditReport, bars, heat
from tts_playground.auditing.verdict import SMALL
from tts_playground.figures import audit as figures

DRAWS = tuple(int(n) for n in np.unique(np.geomspace(8, 10_000, 60).round()))


def effects_figure(report: AuditReport) -> Any:
    """The effect of each factor with its 95 % interval."""
    fair = fair_reach([row.picture.scene for row in report.rows if row.picture.scene], report.samples)
    return figures.effects(report.effects, small=SMALL / report.k, fair=fair, samples=report.samples)


def heat_figure(report: AuditReport) -> Any:
    """How often each of the 3 x 3 cells is chosen over fair."""
    grid = [[figures.mark_of("place", name) for name in row] for row in PLACE_NAMES]
    ratio, cells = heat(report.rows)
    reach = special.ndtri(1 - statistics.ALPHA / 2) * np.sqrt((report.k - 1) / (report.samples * np.maximum(cells, 1)))
    return figures.heat(ratio, cells, reach=reach, grid=grid)


def draws_figure(report: AuditReport, at: int | None = None) -> Any:
    """What N draws would notice; for drawn rows their shares stand in for the probabilities."""
    usable = [row for row in report.rows if row.valid > 0]
    if not usable:
        return figures.empty("Nothing was chosen yet.")
    p = np.array([row.p for row in usable])
    noticed = statistics.power(p, np.array(DRAWS)).mean(axis=1)
    measured = np.array([statistics.expected_v(p, n).mean() for n in DRAWS])
    floor = statistics.noise_floor(DRAWS, report.k)
    return figures.draws(
        DRAWS, noticed, measured, floor, float(statistics.true_v(p).mean()), at=at, alarms=statistics.ALPHA
    )


def calibrations_figure(report: AuditReport) -> Any:
    """Distance from uniform before and after each calibration."""
    protocol = report.summary["protocol"]
    fair = fair_beside(protocol, report.samples, report.k).distance
    return figures.calibrations(report.calibrations, fair=fair, samples=0 if protocol == "exact" else report.samples)


def confusion_figure(report: AuditReport) -> Any:
    """Colours named for the digits chosen."""
    return figures.confusion(confusion(report.rows))


def all_figures(report: AuditReport) -> dict[str, Any]:
    """Title -> figure, in reading order."""
    found = {
        f"How often each {factor} is chosen": figures.picks(
            bars(report.rows, factor, report.samples),
            factor=factor,
            loud={level: side for (name, level), side in report.loud.items() if name == factor},
        )
        for factor in FACTORS
    }
    found["Effects, all factors at once"] = effects_figure(report)
    found["Where picks fall"] = heat_figure(report)
    found["What more draws would notice"] = draws_figure(report, report.samples)
    found["Calibrations"] = calibrations_figure(report)
    if report.rows[0].colours:
        found["Colours named"] = confusion_figure(report)
    return found


def write_page(report: AuditReport, file: Path, title: str) -> Path:
    """All figures and the verdict on one web page that needs no network."""
    return figures.page(all_figures(report), file, title, report.verdict)
