"""What answers say in words, to one question and to a set of them: short, and no more than the numbers support."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Sequence

from tts_playground.answers import groups
from tts_playground.errors import plural
from tts_playground.estimators.curves import Curve
from tts_playground.estimators.fits import coverage_law
from tts_playground.estimators.intervals import Interval, sign
from tts_playground.experiments.question_sets import Trust
from tts_playground.pages.percent import share
from tts_playground.pages.status import refusal
from tts_playground.pages.vqa.page_state import VqaPageState
from tts_playground.pages.vqa.view_settings import VqaView

TIMES = 4
"""how many times as many answers a trend is read off for"""


def mark_of(group: str) -> str:
    """The name under which everything about one answer lights up."""
    return "answer-" + hashlib.sha256(group.encode()).hexdigest()[:8]


def verdicts(work: VqaPageState) -> list[tuple[str, str, str]]:
    """(sentence, mark of the answer, mark of the curve) of the majority and of the verifier."""
    result = work.result
    if result is None:
        return []
    names, told = groups(result.answers), []
    for selector, line, who in (
        ("majority", "line-majority", "The majority says"),
        ("verifier", "line-verifier-highest-p-yes", "The verifier says"),
    ):
        if selector in result.picks:
            place = result.picks[selector]
            right = work.task.right(result.answers[place])
            end = "" if right is None else ", which is right" if right else ", which is wrong"
            said = result.answers[place]
            said = said if len(said) <= 60 else said[:59] + "…"
            told.append((f"{who} {f'“{said}”' if said else 'nothing'}{end}.", mark_of(names[place]), line))
    return told


def count_right(work: VqaPageState) -> str:
    """How many of the answers are right; "" where the truth is not known."""
    if work.result is None or not work.task.answers:
        return ""
    right = [bool(work.task.right(answer)) for answer in work.result.answers]
    n, hits = len(right), sum(right)
    if n == 1:
        return f"The one answer is {'right' if hits else 'wrong'}."
    if hits in (0, n):
        return f"{'None' if not hits else 'All'} of the {n} answers {'is' if not hits else 'are'} right."
    return f"{hits} of the {n} answers {'is' if hits == 1 else 'are'} right."


def headline(work: VqaPageState) -> str:
    """The line above the figures as HTML; each sentence lights its answer and its curve."""
    sentences = []
    for number, (words, answer, line) in enumerate(verdicts(work)):
        tag = "b" if number == 0 else "span"
        marks = f'tabindex="0" class="always" data-marks="{answer} {line}"'
        sentences.append(f"<{tag} {marks}>{html.escape(words)}</{tag}>")
    blank = " The model saw a blank picture." if work.view.blank else ""
    more = html.escape(f"{count_right(work)}{blank}")
    return f'<p class="headline" role="status" aria-live="polite">{" ".join(sentences)} {more}</p>'


def not_asked(error: Exception, before: VqaPageState | None) -> str:
    """What stands there after a refusal: why, and whose answers are still below."""
    below = "Below is the previous answer." if before is not None and before.samples else ""
    return refusal("Not asked", str(error), below)


def settings_line(work: VqaPageState) -> str:
    """What the answers on the page were drawn with."""
    return f"{plural(len(work.samples), 'answer')} by {asked_with(work.view)}."


def asked_with(view: VqaView) -> str:
    """The settings of answers in words."""
    line = f"{view.model} at temperature {view.temperature:g}"
    line += f", top-p {view.top_p:g}" if view.top_p < 1 else ""
    line += f", top-k {view.top_k}" if view.top_k else ""
    line += f", seed {view.seed}" if view.seed else ""
    return line + (", shown a blank picture" if view.blank else "")


# ------------------------------------------------------------------------------------------------- sets of questions


def supported(curve: Curve) -> int:
    """The largest N that is read off: half of the pool."""
    return max(1, min(int(curve.n[-1]), curve.pool_size // 2))


def choosing(name: str, curve: Curve, gain: Interval) -> str:
    """Whether choosing among more answers helps, read off where the pool supports it.

    Args:
        gain: accuracy with ``supported(curve)`` answers less that with one, paired by question.
    """
    last = supported(curve)
    if last == 1:
        return ""
    told = {1: "helps here", -1: "hurts here", 0: "makes no clear change here"}[sign(gain)]
    return f"{name} {told}: {share(curve.at(1))} right with one answer, {share(curve.at(last))} with {last}."


def trend(oracle: Curve) -> str:
    """What more answers would hold, if the trend goes on; "" where there is no law to go by."""
    law = coverage_law(oracle)
    if law is None:
        return ""
    last = int(oracle.n[-1])
    return (
        f"If the trend holds, {share(float(law(TIMES * last)))} of questions would have a right answer among"
        f" {TIMES * last}; among {last}, {share(float(oracle.mean[-1]))} have one."
    )


def trust_words(found: Trust) -> str:
    """How well P(yes) tells right answers from wrong ones."""
    if not found.auroc:
        return ""
    words = f"P(yes) ranks a right answer above a wrong one in {share(found.auroc.value)} of pairs"
    if found.within:
        words += f", and in {share(found.within.value)} of pairs within one question"
    return words + "."


def joined(parts: Sequence[str]) -> str:
    """Sentences one after the other, empty ones left out."""
    return " ".join(part for part in parts if part)
