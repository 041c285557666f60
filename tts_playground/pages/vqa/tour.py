"""A guided tour of the questions about answers: each asks for a guess, and is answered with what is on the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from tts_playground.errors import plural
from tts_playground.estimators.intervals import sign
from tts_playground.figures.answers import reshape, softmax
from tts_playground.pages.percent import share
from tts_playground.pages.tour import JudgedAnswer, NotYet, TourCard, cards
from tts_playground.pages.vqa import sentences
from tts_playground.pages.vqa.page_state import SetWork, VqaPageState, curves_of, gains_of, opening_set, trust_of
from tts_playground.pages.vqa.render import BEFORE

MEASURE = "exact"


@dataclass(frozen=True)
class AnswerEvidence:
    """What a page holds when somebody guesses."""

    work: VqaPageState | None
    done: SetWork | None

    @property
    def asked(self) -> SetWork | None:
        """The set of questions: the one that was asked, or the one that ships."""
        return self.done if self.done is not None and self.done.asked else opening_set()


@dataclass(frozen=True, slots=True)
class AnswerStop:
    """One question."""

    key: str
    title: str
    question: str
    guesses: tuple[str, ...]
    answer: Callable[[AnswerEvidence], str]
    where: str
    """elem_id of the figure that shows it"""
    section: str = ""
    """which section opens"""
    changes: Mapping[str, float] = field(default_factory=dict)
    """settings that differ from the page's"""


NO_SET = NotYet("No set of questions has been asked yet: press “Ask them all N times”, then guess again.")


def two_ways(seen: AnswerEvidence) -> str:
    """1.1: what more answers cost and bring, with the same parameters."""
    if seen.asked is None:
        return NO_SET
    oracle = curves_of(seen.asked.asked, MEASURE)["oracle"]
    n, tokens = max(1, oracle.pool_size // 2), oracle.unit.get("tokens", 0.0)
    return JudgedAnswer(
        "Parameters are paid for once, in training, and then by every token; inference tokens are paid for question by"
        f" question, as many as one wants. Here the model stays the same: with {tokens:.0f} tokens a question"
        f" {share(oracle.at(1))} of answers are right, and among {n} answers, {n * tokens:,.0f} tokens,"
        f" {share(oracle.at(n))} of questions have a right one.",
        "tokens",
    )


def at_least_one(seen: AnswerEvidence) -> str:
    """1.2: 1 - 0.9^8."""
    words = f"1 - 0.9^8 = {1 - 0.9**8:.2f}: more than even, though each try is right only once in ten."
    return JudgedAnswer(words, "about 57 %")


def _logits(seen: AnswerEvidence) -> list[float]:
    return [value for _, value in seen.work.likely] if seen.work is not None and seen.work.likely else list(BEFORE[1])


def cut(seen: AnswerEvidence) -> str:
    """2.1: how many words top-p and top-k leave."""
    logits = _logits(seen)
    kept = [int((reshape(logits, 1.0, p, k) > 0).sum()) for p, k in ((0.9, 0), (1.0, 3))]
    return JudgedAnswer(
        f"Of the {len(logits)} words in the figure, top-p 0.9 keeps {kept[0]} and top-k 3 keeps {kept[1]}. Top-p keeps"
        " as many as it takes to reach its share, so it keeps few where the model is sure; top-k always keeps as many.",
        "top-p",
    )


def infinite(seen: AnswerEvidence) -> str:
    """2.2: the distribution flattens."""
    logits = _logits(seen)
    first, flat = float(softmax(logits).max()), float(reshape(logits, 1e6).max())
    return JudgedAnswer(
        f"It becomes uniform: dividing by infinity makes all logits equal. The likeliest word falls from"
        f" {share(first)} to {share(flat)}, one in {len(logits)}.",
        "uniform",
    )


def keeps_up(seen: AnswerEvidence) -> str:
    """3.1: verifier against oracle."""
    if seen.asked is None:
        return NO_SET
    curves = curves_of(seen.asked.asked, MEASURE)
    if "verifier" not in curves:
        return "This model cannot verify its answers."
    n = max(1, curves["oracle"].pool_size // 2)
    oracle, verifier, one = curves["oracle"].at(n), curves["verifier"].at(n), curves["oracle"].at(1)
    gained = (verifier - one) / (oracle - one) if oracle > one else 0.0
    _, found = trust_of(seen.asked.asked, MEASURE)
    clear = sign(gains_of(seen.asked.asked, MEASURE, n)["verifier"])
    part = f"it gains {share(max(0.0, gained))} of what a perfect choice would" if clear else "no clear change"
    right = "hardly" if not clear or gained < 0.25 else "about half of the gain" if gained < 0.75 else "yes"
    return JudgedAnswer(
        f"With {n} answers the oracle reaches {share(oracle)} and the verifier {share(verifier)},"
        f" from {share(one)} with one: {part}. {sentences.trust_words(found)}",
        right,
    )


def costs(seen: AnswerEvidence) -> str:
    """3.2: tokens and verifications, and where doubling stops to pay."""
    if seen.asked is None:
        return NO_SET
    curves = curves_of(seen.asked.asked, MEASURE)
    curve = curves.get("verifier", curves["majority"])
    n, most = 1, max(1, curve.pool_size // 2)
    while 2 * n <= most and curve.at(2 * n) - curve.at(n) >= 0.01:
        n *= 2
    saved, _ = trust_of(seen.asked.asked, MEASURE)
    return JudgedAnswer(
        f"N answers cost N times {curve.unit.get('tokens', 0.0):.0f} tokens, and each is verified. Draw as long as a"
        f" doubling adds a percent: here up to N = {n}, {share(curve.at(n))} right. Stopping once the vote is"
        f" settled saves {share(saved.value)} of the answers.",
        *(guess for guess in ("1", "4", "16") if int(guess) / 2 <= n <= 2 * int(guess)),
    )


def better(seen: AnswerEvidence) -> str:
    """3.3: verify each distinct answer once."""
    if seen.work is None or seen.work.result is None:
        return NotYet("Ask a question first, then guess again.")
    answers = seen.work.result.answers
    different = len(set(sentences.groups(answers)))
    return JudgedAnswer(
        "Yes: equal answers need one verification, and the picture is read once for all of them. Here"
        f" {plural(len(answers), 'answer')} are {different} different"
        f" {'one' if different == 1 else 'ones'}, so {different} of {len(answers)} verifications would do.",
        "yes",
    )


def flips(seen: AnswerEvidence) -> str:
    """How often the picks change with N on this question."""
    work = seen.work
    if work is None or work.result is None:
        return NotYet("Ask a question first, then guess again.")
    n, told, often = len(work.samples), [], 0
    for selector, name in (("majority", "the majority"), ("verifier", "the verifier")):
        said = [_pick(work.first(k), selector) for k in range(1, n + 1)]
        changes = int(np.sum([a != b for a, b in pairwise(said)]))
        often += changes
        times = "once" if changes == 1 else f"{changes} times"
        told.append(f"{name} changes its mind {times}" if changes else f"{name} never changes its mind")
    words = f"From N = 1 to {n}, {' and '.join(told)}. {sentences.count_right(work)}"
    return words if often else JudgedAnswer(words, "neither changes")


def _pick(work: VqaPageState, selector: str) -> str | None:
    result = work.result
    if result is None or selector not in result.picks:
        return None
    return sentences.groups(result.answers)[result.picks[selector]]


STOPS = (
    AnswerStop(
        "ways", "1.1 Two ways to scale", "More parameters, or more tokens per question: which of them can be chosen"
        " question by question, without training?",
        ("parameters", "tokens"), two_ways, "vqa-set-curve", "set",
    ),
    AnswerStop(
        "once", "1.2 At least one", "An answer is right once in ten tries (p = 0.1). How often is at least one of eight"
        " right?",
        ("about 10 %", "about 57 %", "about 80 %"), at_least_one, "vqa-theory-n", "theory",
    ),
    AnswerStop(
        "votes", "N live", "Move N and watch who picks which answer. Do more answers settle the vote and the verifier?",
        ("both settle", "one keeps changing", "neither changes"), flips, "vqa-gallery",
    ),
    AnswerStop(
        "cut", "2.1 Top-p and top-k", "Both cut off unlikely words. Which one keeps more of them where the model is"
        " unsure?",
        ("top-p", "top-k", "both the same"), cut, "vqa-theory-t", "theory",
    ),
    AnswerStop(
        "hot", "2.2 T to infinity", "What does the distribution of the next word become as the temperature grows"
        " without end?",
        ("one sure word", "uniform", "unchanged"), infinite, "vqa-theory-t", "theory", {"temperature": 5.0},
    ),
    AnswerStop(
        "verifier", "3.1 Verifier and oracle", "The oracle always finds a right answer if there is one. Does the"
        " verifier keep up with it?",
        ("yes", "about half of the gain", "hardly"), keeps_up, "vqa-set-curve", "set",
    ),
    AnswerStop(
        "cost", "3.2 Which N?", "Each doubling of N doubles the cost. Up to which N does a doubling still add"
        " one percent?",
        ("1", "4", "16"), costs, "vqa-set-curve", "set",
    ),
    AnswerStop(
        "cheaper", "3.3 Cheaper checks", "Can the verifier do with fewer looks at the picture than one per answer?",
        ("yes", "no"), better, "vqa-gallery",
    ),
)  # fmt: skip


def tour_cards() -> dict[str, TourCard]:
    """The questions as cards, by key."""
    return cards("vqa", [(stop.key, stop.title, stop.question, stop.guesses, stop.where) for stop in STOPS])


def named(key: object) -> AnswerStop | None:
    """The question of a key that a page sent."""
    return next((stop for stop in STOPS if stop.key == key), None)
