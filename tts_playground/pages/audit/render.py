"""A report as a page shows it: the verdict, the strip of numbers, the figures and the pictures."""

from __future__ import annotations

import html
import io
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tts_playground.auditing import calibration_words, html_report
from tts_playground.auditing.effects import levels_of
from tts_playground.auditing.fair import fair_beside
from tts_playground.auditing.pictures import ChoicePicture
from tts_playground.auditing.report import AuditReport, bars, tempered
from tts_playground.auditing.rows import AuditRow
from tts_playground.auditing.verdict import VerdictLine, share
from tts_playground.errors import plural
from tts_playground.figures import audit as figures
from tts_playground.figures.audit import mark_of
from tts_playground.pages.audit.histogram import histogram
from tts_playground.pages.audit.page_state import AuditPageState
from tts_playground.pages.audit.view_settings import ORDER
from tts_playground.pages.made import made
from tts_playground.pages.status import status
from tts_playground.pages.thumbnails import picture_file

SHOWN = 24
"""pictures in the gallery"""
SIDE = 224
MORE = 20
"""layouts of each condition that a verdict of too few pictures offers to run"""


@dataclass(frozen=True, slots=True)
class Focus:
    """Which bars are shown, and which one was clicked."""

    factor: str = "digit"
    level: str = ""


def running(work: AuditPageState) -> str:
    """The status line while an audit runs."""
    return status(f"Asked about {len(work.rows)} of {work.total} pictures.", busy=True)


def summary(work: AuditPageState, report: AuditReport) -> str:
    """The status line and its strip of numbers, a fair chooser's beside each."""
    line = _asked(work, report) + (f", {work.seconds:.1f} s." if work.seconds else ".")
    return status(line, numbers(report.summary))


def _asked(work: AuditPageState, report: AuditReport) -> str:
    """Who chose, how often, and how it was asked, in words."""
    view, pictures = work.view, report.summary["images"]
    how = {
        "exact": "exact probabilities",
        "sampled": f"{work.drawn} draws each",
        "list": f"{work.drawn} picks in a list",
    }
    name = "A script that you are to guess" if work.secret else view.model
    line = f"{name}: {plural(pictures, 'picture')}, {how[view.protocol]}"
    line += ", digit and colour" if view.task == "color" and view.protocol != "list" else ""
    line += ", digits moved round" if view.permute else ""
    return f"{line}, temperature {view.temperature:g}, seed {view.seed}"


def made_of(work: AuditPageState, report: AuditReport) -> str:
    """The controls that the results depend on: exact chances are looked at anew at any N and temperature."""
    looks = () if work.drawn else ("n", "temperature")
    hidden = ORDER if work.secret else ()  # a riddle was asked for by its button, and names no settings
    of = {name: getattr(work.view, name) for name in ORDER if name not in (*looks, *hidden)}
    return made("audit", _asked(work, report), of)


def numbers(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The strip: (name, value, hint)."""
    if found["mean_entropy"] is None:
        return []
    n, k = found["n"], found["k"]
    exact = found["protocol"] == "exact"
    fair = fair_beside(found["protocol"], n, k)
    test = f"of {n:,} draws would reject" if exact else "rejects"
    off = share(found["mean_total_variation"])
    strip = [
        ("off even", off, share(fair.distance), "Picks that would have to go elsewhere to be fair; 0 is fair."),
        ("entropy", f"{found['mean_entropy']:.3f}", f"{fair.entropy:.3f}", "Over that of an even choice; 1 is even."),
        (
            "rejected",
            share(found["reject_rate_chi2"]),
            share(fair.rejected),
            f"Pictures on which a chi-square test {test}, at 1 %.",
        ),
        (
            "Cramer's V",
            f"{found['mean_cramers_v']:.3f}",
            f"{fair.v:.3f}",
            f"Effect size, 0 even, 1 fixed; without its noise {found['mean_cramers_v_corrected']:.3f}.",
        ),
        ("special", share(found["mean_p_special"]), share(1 / k), "How often the special digit is chosen."),
        ("valid", share(found["valid_rate"]), "100 %", "Replies that name a digit in the picture."),
    ]
    if found["mean_joint_accuracy_valid"] is not None:
        value = f"{share(found['mean_joint_accuracy_valid'])} / {share(found['mean_joint_accuracy_all'])}"
        strip.append(("digit + colour right", value, "", "Over valid replies, and over all."))
    beside = "Fair: a fair chooser's exact chances." if exact else f"Fair: a fair chooser's {n:,} draws a picture."
    return [
        (name, f"{value} · fair {even}" if even else value, f"{hint} {beside}") for name, value, even, hint in strip
    ]


def headline(report: AuditReport | None) -> str:
    """The first sentence, with the number that matters."""
    if report is None:
        return ""
    words = html.escape(report.said[0].text)
    strong = re.sub(NUMBER, r"<b>\1</b>", words, count=1)
    return f'<p class="headline" role="status">{strong}</p>'


NUMBER = r"(\d[\d.]* (?:of 100|%))"


def verdict(report: AuditReport | None) -> str:
    """The other sentences; one that speaks of bars is a button that shows them."""
    if report is None:
        return ""
    items = "".join(f"<li>{_said(said)}</li>" for said in report.said[1:])
    return f'<div class="verdict"><ul>{items}</ul></div>' if items else ""


def _said(said: VerdictLine) -> str:
    words = html.escape(said.text)
    if not said.about:
        return words
    factor, level = said.about[0]
    marks = " ".join(mark_of(*one) for one in said.about)
    return (
        f'<button type="button" data-marks="{html.escape(marks)}" data-factor="{html.escape(factor)}"'
        f' data-level="{html.escape(level)}">{words}</button>'
    )


def too_few(work: AuditPageState, report: AuditReport) -> bool:
    """Whether the verdict asks for more pictures, and more may be asked about."""
    return work.view.per_cond < MORE and any(said.few for said in report.said)


def reasons(report: AuditReport) -> str:
    """Why each calibration helped or hurt."""
    usable = [row for row in report.rows if row.valid > 0]
    told = calibration_words.sentences(report.calibrations, usable, report.blank, report.samples)
    items = "".join(
        f'<li data-marks="calibration-{name}" tabindex="0">{html.escape(words)}</li>' for name, words in told.items()
    )
    return f'<ul class="reasons">{items}</ul>' if items else ""


def bars_of(work: AuditPageState, focus: Focus, report: AuditReport | None = None) -> str:
    """The histogram of a work, finished or not; without its report no bar has a colour."""
    n = work.drawn or work.view.n
    return histogram(bars(_rows(work), focus.factor, n), focus.level, None if report is None else report.loud)


def _rows(work: AuditPageState) -> list[AuditRow]:
    """As the temperature slider would have them."""
    if work.drawn or work.view.temperature == 1.0:
        return list(work.pictures)
    return [tempered(row, work.view.temperature) for row in work.pictures]


def gallery(work: AuditPageState, focus: Focus) -> list[tuple[str, str]]:
    """(file, caption): pictures with the clicked level, in which it is chosen most first; else the least fair first."""
    return [(thumbnail(row), caption(row)) for row in _ranked(work, focus)]


def _ranked(work: AuditPageState, focus: Focus) -> list[AuditRow]:
    ranked = []
    for row in _rows(work):
        if row.valid <= 0 or row.picture.scene is None:
            continue
        cells = levels_of([row.picture.scene])[0]
        own = [float(p) for p, facts in zip(row.p, cells, strict=True) if facts.get(focus.factor) == focus.level]
        if own or not focus.level:
            ranked.append((max(own) if own else float(row.p.max()), row))
    ranked.sort(key=lambda item: -item[0])
    return [row for _, row in ranked[:SHOWN]]


def links(work: AuditPageState, focus: Focus) -> str:
    """An unseen element that says which bars belong to each picture of the gallery."""
    items = []
    for row in _ranked(work, focus):
        cells = levels_of([row.picture.scene])[0] if row.picture.scene else []
        items.append(sorted({mark_of(factor, level) for facts in cells for factor, level in facts.items()}))
    told = html.escape(json.dumps({"gallery": "audit-gallery", "items": items}, separators=(",", ":")), quote=True)
    return f"<span hidden data-linking='{told}'></span>"


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
    return f"{digit}: {share(p)}"


def about_gallery(focus: Focus) -> str:
    """The line above the pictures."""
    if not focus.level:
        return "The least even choices first; a bar shows its pictures."
    return f"Pictures with the {focus.factor} “{html.escape(focus.level)}”, in which it is chosen most first."


def pictures_of(report: AuditReport) -> tuple[Any, Any, Any, Any, Any]:
    """(effects, heat, draws, calibrations, confusion)."""
    confusion = (
        html_report.confusion_figure(report)
        if report.rows[0].colours
        else figures.empty("Run the task “choose a digit<br>and name its colour” to see this.")
    )
    return (
        html_report.effects_figure(report),
        html_report.heat_figure(report),
        html_report.draws_figure(report, report.samples).update_layout(height=290),
        html_report.calibrations_figure(report),
        confusion,
    )
