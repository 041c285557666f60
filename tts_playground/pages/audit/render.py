"""A report as a page shows it: the verdict, the strip of numbers, the figures and the pictures."""

from __future__ import annotations

import html
import io
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tts_playground.auditing import html_report
from tts_playground.auditing.effects import levels_of
from tts_playground.auditing.pictures import ChoicePicture
from tts_playground.auditing.report import AuditReport, bars, tempered
from tts_playground.auditing.rows import AuditRow
from tts_playground.figures import audit as figures
from tts_playground.pages.audit.histogram import histogram
from tts_playground.pages.audit.page_state import AuditPageState
from tts_playground.pages.status import status
from tts_playground.pages.thumbnails import picture_file

SHOWN = 24
"""pictures in the gallery"""
SIDE = 224


@dataclass(frozen=True, slots=True)
class Focus:
    """Which bars are shown, and which one was clicked."""

    factor: str = "digit"
    level: str = ""


def running(work: AuditPageState) -> str:
    """The status line while an audit runs."""
    return status(f"Asked about {len(work.rows)} of {work.total} pictures.", busy=True)


def summary(work: AuditPageState, report: AuditReport) -> str:
    """The status line and its strip of numbers."""
    view, found = work.view, report.summary
    how = {
        "exact": "exact probabilities",
        "sampled": f"{work.drawn} draws each",
        "list": f"{work.drawn} picks in a list",
    }
    line = f"{view.model}: {found['images']} pictures, {how[view.protocol]}, temperature {view.temperature:g}"
    line += f", {work.seconds:.1f} s." if work.seconds else "."
    return status(line, numbers(found))


def numbers(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The strip: (name, value, hint)."""
    if found["mean_entropy"] is None:
        return []
    test = "of N draws would reject" if found["protocol"] == "exact" else "rejects"
    strip = [
        ("distance", f"{found['mean_total_variation']:.1%}", "Picks that would have to move to be fair; 0 is fair."),
        ("entropy", f"{found['mean_entropy']:.3f}", "Of the choice, over that of a fair one; 1 is fair."),
        ("rejected", f"{found['reject_rate_chi2']:.0%}", f"Pictures on which a chi-square test {test}, at 1 %."),
        (
            "Cramer's V",
            f"{found['mean_cramers_v_corrected']:.3f}",
            "Bias-corrected effect size; 0 fair, 1 fixed.",
        ),
        ("noise floor", f"{found['noise_floor']:.3f}", "The raw V that a fair chooser shows at this N."),
        ("special", f"{found['mean_p_special']:.1%}", "How often the special digit is chosen."),
        ("valid", f"{found['valid_rate']:.0%}", "Replies that name a digit in the picture."),
    ]
    if found["mean_joint_accuracy_valid"] is not None:
        value = f"{found['mean_joint_accuracy_valid']:.0%} / {found['mean_joint_accuracy_all']:.0%}"
        strip.append(("digit + colour right", value, "Over valid replies, and over all."))
    return strip


def verdict(report: AuditReport | None) -> str:
    """The sentences."""
    if report is None:
        return ""
    first, *rest = (html.escape(line) for line in report.verdict)
    items = "".join(f"<li>{line}</li>" for line in rest)
    return f'<div class="verdict"><p><b>{first}</b></p><ul>{items}</ul></div>'


def bars_of(work: AuditPageState, focus: Focus) -> str:
    """The histogram of a work, finished or not."""
    n = work.drawn or work.view.n
    return histogram(bars(_rows(work), focus.factor, n), focus.level)


def _rows(work: AuditPageState) -> list[AuditRow]:
    """As the temperature slider would have them."""
    if work.drawn or work.view.temperature == 1.0:
        return list(work.pictures)
    return [tempered(row, work.view.temperature) for row in work.pictures]


def gallery(work: AuditPageState, focus: Focus) -> list[tuple[str, str]]:
    """(file, caption): pictures with the clicked level, in which it is chosen most first; else the least fair first."""
    ranked = []
    for row in _rows(work):
        if row.valid <= 0 or row.picture.scene is None:
            continue
        cells = levels_of([row.picture.scene])[0]
        own = [float(p) for p, facts in zip(row.p, cells, strict=True) if facts.get(focus.factor) == focus.level]
        if own or not focus.level:
            ranked.append((max(own) if own else float(row.p.max()), row))
    ranked.sort(key=lambda item: -item[0])
    return [(thumbnail(row), caption(row)) for _, row in ranked[:SHOWN]]


def thumbnail(row: AuditRow) -> str:
    """The picture as a file."""
    return picture_file(_png(row.picture))


@lru_cache(maxsize=2048)
def _png(picture: ChoicePicture) -> bytes:
    """Kept, because a slider shows the same pictures again and again."""
    stream = io.BytesIO()
    picture.image(SIDE).save(stream, "PNG")
    return stream.getvalue()


def caption(row: AuditRow) -> str:
    """The likeliest pick."""
    p, digit = max(zip(row.p, row.shown, strict=True))
    return f"{digit}: {p:.0%}"


def about_gallery(focus: Focus) -> str:
    """The line above the pictures."""
    if not focus.level:
        return "The pictures with the least even choice first. Click a bar above to see its pictures."
    return f"Pictures with the {focus.factor} “{html.escape(focus.level)}”, in which it is chosen most first."


def pictures_of(report: AuditReport) -> tuple[Any, Any, Any, Any, Any]:
    """(effects, heat, draws, calibrations, confusion)."""
    confusion = (
        html_report.confusion_figure(report)
        if report.rows[0].colours
        else figures.empty("Ask for colours to see this.")
    )
    return (
        html_report.effects_figure(report),
        html_report.heat_figure(report),
        html_report.draws_figure(report, report.samples),
        html_report.calibrations_figure(report),
        confusion,
    )
