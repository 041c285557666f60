"""A guided tour of the audit: each question asks for a guess, and is answered with what is on the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from tts_playground.auditing import calibration_words, statistics
from tts_playground.auditing.fair import fair_numbers
from tts_playground.auditing.html_report import DRAWS
from tts_playground.auditing.report import AuditReport
from tts_playground.auditing.scripted import SCRIPTS
from tts_playground.auditing.verdict import FACTOR_WORDS, name_of, points, share
from tts_playground.pages.audit.page_state import AuditPageState
from tts_playground.pages.tour import JudgedAnswer, TourCard, cards

SURE = 0.9
"""chance of being noticed that counts as noticed"""
QUIZ = "script"


@dataclass(frozen=True, slots=True)
class AuditStop:
    """One question."""

    key: str
    title: str
    question: str
    guesses: tuple[str, ...]
    answer: Callable[[AuditPageState, AuditReport], str]
    where: str
    """elem_id of the figure that shows it"""
    changes: Mapping[str, float] = field(default_factory=dict)
    """settings that differ from the page's"""


def even(work: AuditPageState, report: AuditReport) -> str:
    """How far from even it is, beside a fair chooser."""
    found = report.summary
    if found["mean_total_variation"] is None:
        return report.verdict[0]
    fair, ten = (fair_numbers(n, report.k).distance for n in (report.samples, 10))
    exact = "" if work.drawn else " by exact chances, of which a fair chooser's are even"
    end = f", {share(ten)} at ten" if report.samples != 10 else ""
    off = found["mean_total_variation"]
    return JudgedAnswer(
        f"{share(off)} off even{exact}. Draws of a fair chooser are not quite even either:"
        f" {share(fair)} off at {report.samples:,} draws a picture{end}.",
        "less than 1 %" if off < 0.01 else "1 to 10 %" if off <= 0.1 else "more than 10 %",
    )


def cause(work: AuditPageState, report: AuditReport) -> str:
    """The factor with the largest effect that is sure."""
    if not report.loud:
        none = "Nothing stands out: no effect is sure and large enough to be named. " + report.verdict[0]
        return none if any(said.few for said in report.said) else JudgedAnswer(none, "nothing")
    loud = [e for e in report.effects if (e.factor, e.level) in report.loud]
    first = max(loud, key=lambda e: abs(e.estimate))
    way = "higher" if first.estimate > 0 else "lower"
    return JudgedAnswer(
        f"{FACTOR_WORDS[first.factor].capitalize()}: the chance of {name_of(first)} is {points(abs(first.estimate))}"
        f" {way} than that of a typical other, with all factors considered at once.",
        FACTOR_WORDS[first.factor],
    )


def noticed(work: AuditPageState, report: AuditReport) -> str:
    """How many draws a test needs."""
    usable = [row for row in report.rows if row.valid > 0]
    if not usable:
        return report.verdict[0]
    p = np.array([row.p for row in usable])
    power = statistics.power(p, np.array(DRAWS)).mean(axis=1)
    enough = next((n for n, chance in zip(DRAWS, power, strict=True) if chance >= SURE), None)
    few = float(power[0])
    sure = f"From {enough:,} draws a picture on" if enough else f"Not even with {DRAWS[-1]:,} draws a picture"
    v = fair_numbers(DRAWS[0], report.k).v
    return JudgedAnswer(
        f"{sure} the test notices it in {share(SURE)} of pictures; with {DRAWS[0]} draws, in {share(few)}. Cramer's V"
        f" of {DRAWS[0]} fair draws is {v:.2f} already: small samples look unfair.",
        "1,000 or more" if enough is None or enough >= 400 else "about 100" if enough >= 30 else "about 10",
    )


def colder(work: AuditPageState, report: AuditReport) -> str:
    """What temperature does to a bias."""
    if work.drawn:
        return "These replies were drawn; run the protocol “exact”, whose chances can be looked at at any temperature."
    off = [work.looked_at(work.view.n, t).report().summary["mean_total_variation"] for t in (0.2, 1.0, 5.0)]
    if None in off:
        return report.verdict[0]
    told = [share(one) for one in off]
    if off[1] < 0.005:
        return JudgedAnswer("This chooser is even, and stays so at every temperature.", "the same")
    if len(set(told)) == 1:
        return JudgedAnswer(f"It is as far off even at every temperature: {told[0]}.", "the same")
    way = "less fair" if off[0] > off[1] else "fairer"
    words = f"A low one sharpens what it likes: {told[0]} off even at 0.2, {told[1]} at 1 and {told[2]} at 5."
    return JudgedAnswer(words, *(() if told[0] == told[1] else (way,)))


def blank(work: AuditPageState, report: AuditReport) -> str:
    """Contextual calibration."""
    usable = [row for row in report.rows if row.valid > 0]
    told = calibration_words.sentences(report.calibrations, usable, report.blank, report.samples)
    words = told.get("contextual", "There are too few pictures to judge a calibration.")
    heard = {"helps": "it helps", "hurts": "it hurts", "changes": "no change", "makes": "no change"}
    right = heard.get(words.split()[1].rstrip(":"))
    return JudgedAnswer(words, right) if right else words


def which(work: AuditPageState, report: AuditReport) -> str:
    """Which script it is."""
    model = work.view.model
    words = f"the script “{SCRIPTS[model][0]}”" if model in SCRIPTS else f"no script but {model}"
    said = " ".join(report.verdict[:2])
    return JudgedAnswer(f"It is {words}. {said}", *([SCRIPTS[model][0]] if model in SCRIPTS else []))


STOPS = (
    AuditStop(
        "even", "1 How even", "It is asked to pick a digit at random. How far from even are its picks?",
        ("less than 1 %", "1 to 10 %", "more than 10 %"), even, "audit-histogram",
    ),
    AuditStop(
        "cause", "2 Why", "Digits stand in places, have colours, and one is special. What matters most for being"
        " picked?",
        ("the digit", "the place", "the colour", "the condition", "nothing"), cause, "audit-effects",
    ),
    AuditStop(
        "draws", "3 How many draws", "How many draws a picture does it take until a test notices?",
        ("about 10", "about 100", "1,000 or more"), noticed, "audit-curve",
    ),
    AuditStop(
        "temperature", "4 Temperature", "Does a low temperature make a choice fairer?",
        ("fairer", "less fair", "the same"), colder, "audit-histogram", {"temperature": 0.2},
    ),
    AuditStop(
        "blank", "5 A blank picture", "Contextual calibration divides by what it says of a blank picture. Does that"
        " make it fairer?",
        ("it helps", "it hurts", "no change"), blank, "audit-calibration",
    ),
    AuditStop(
        QUIZ, "6 Which script", "One of six scripts was just audited, and is not named. Look at the bars and at the"
        " verdict: which one is it?",
        tuple(words for words, _ in SCRIPTS.values()), which, "audit-histogram",
    ),
)  # fmt: skip


def tour_cards() -> dict[str, TourCard]:
    """The questions as cards, by key."""
    return cards("audit", [(stop.key, stop.title, stop.question, stop.guesses, stop.where) for stop in STOPS])


def named(key: object) -> AuditStop | None:
    """The question of a key that a page sent."""
    return next((stop for stop in STOPS if stop.key == key), None)
