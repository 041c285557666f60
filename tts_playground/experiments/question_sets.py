"""Experiments over a set of questions: N answers each, scored and judged, kept in the store; and what N buys.

Everything is resumable: a question whose answers are in the store is not asked again, and scores neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tts_playground import registry
from tts_playground.answers import MEASURES, groups
from tts_playground.core import Cost, Progress, Reward, Sampler, Selector
from tts_playground.errors import BadInput, Cancelled, CannotDo, ModelUnavailable, StoreError
from tts_playground.estimators import curves
from tts_playground.estimators.calibration import Reliability, auroc, auroc_within, reliability
from tts_playground.estimators.curves import Curve
from tts_playground.estimators.intervals import Interval, mean, of_resamples, paired
from tts_playground.estimators.selection import Rule, selection_curve
from tts_playground.estimators.voting import expected_majority, majority_curve
from tts_playground.store.pool import PoolView
from tts_playground.store.store import Store
from tts_playground.tasks.vqa import VqaTask, answer_rounds
from tts_playground.verifiers.selectors import settled

NOTHING = Cost()
TROUBLES = 3
"""questions one after another that cannot be answered before a run gives up"""


@dataclass(frozen=True)
class AskedQuestion:
    """One question with its answers, in order of drawing."""

    question: str
    truths: tuple[str, ...]
    answers: tuple[str, ...]
    scores: Mapping[str, tuple[float, ...]]
    """"p_yes", "rating", "logprob": one number an answer; what the model cannot say is missing"""
    unit: Mapping[str, float] = field(default_factory=dict)
    """mean cost of one answer with its verification"""

    def right(self, measure: str = "exact") -> list[float]:
        """How right each answer is, 0 to 1."""
        return [MEASURES[measure](answer, self.truths) for answer in self.answers]

    def first(self, n: int) -> AskedQuestion:
        """The same question with its first ``n`` answers only."""
        scores = {name: values[:n] for name, values in self.scores.items()}
        return AskedQuestion(self.question, self.truths, self.answers[:n], scores, self.unit)


def run(
    tasks: Iterable[Any], sampler: Sampler, rewards: Sequence[Reward], n: int, *, store: Store, seed: int = 0
) -> Iterator[Progress[AskedQuestion]]:
    """Draw and score ``n`` answers to every question; reports each, and why a row was skipped in ``note``.

    Args:
        tasks: ``VqaTask``s, or anything with ``number`` and ``why`` for rows that cannot be used.
        rewards: what cannot judge these samples (an endpoint without log-probabilities) is left out.

    Raises:
        CannotDo: the model or the store is not there, or three questions one after another could not be answered (an
            endpoint that is down); what was answered before is in the store.
    """
    trouble = 0
    for done, task in enumerate(tasks, 1):
        if not isinstance(task, VqaTask):
            yield Progress(done=done, note=f"Row {task.number} was skipped: {task.why}")
            continue
        try:
            asked, trouble = ask(task, sampler, rewards, n, store=store, seed=seed), 0
        except (ModelUnavailable, StoreError, Cancelled):
            raise
        except (BadInput, CannotDo) as error:
            trouble = trouble + 1 if isinstance(error, CannotDo) else 0
            if trouble == TROUBLES:
                raise
            yield Progress(done=done, note=f"“{task.question[:60]}” was skipped: {error}")
        else:
            yield Progress((asked,), done=done)


def ask(
    task: VqaTask, sampler: Sampler, rewards: Sequence[Reward], n: int, *, store: Store, seed: int = 0
) -> AskedQuestion:
    """Draw and verify one question's answers; what the store holds already is not drawn again."""
    pool, spent = draw_and_score(task, sampler, rewards, n, store=store, seed=seed)
    return of_pool(pool, task.answers, [reward.name for reward in rewards], n, spent, seed=seed)


def draw_and_score(
    task: VqaTask, sampler: Sampler, rewards: Sequence[Reward], n: int, *, store: Store, seed: int = 0
) -> tuple[PoolView, Cost]:
    """(the pool of one question's answers, what scoring one of them costs); of rewards those that can score them."""
    for _ in answer_rounds(task, sampler, n=n, seed=seed, store=store):
        pass
    pool = store.pool(task, sampler)
    spent = Cost()
    for reward in rewards:
        try:
            pool.score(reward, n, seed=seed)
        except CannotDo:
            continue
        spent = spent + reward.unit_cost
    return pool, spent


def of_pool(
    pool: PoolView, truths: Sequence[str], rewards: Sequence[str], n: int, spent: Cost = NOTHING, *, seed: int = 0
) -> AskedQuestion:
    """The answers of a pool that is drawn and scored; scores that it does not have are left out."""
    samples = pool.samples(n, seed=seed)
    known = {name for name, _ in pool.rewards()}
    scores = {name: tuple(pool.scores(name, n, seed=seed)) for name in rewards if name in known}
    answers = tuple(str(sample.info.get("answer", sample.content)) for sample in samples)
    unit = {name: value + getattr(spent, name) for name, value in pool.unit(seed=seed).items()}
    question = str(pool.task_key.get("question", ""))
    return AskedQuestion(question, tuple(truths), answers, scores, unit)


def accuracy_curves(
    asked: Sequence[AskedQuestion], measure: str = "exact", ns: ArrayLike | None = None
) -> dict[str, Curve]:
    """ "oracle", "verifier", "majority", "weighted", "logprob", "single" -> accuracy against N with 95 % bands.

    Exact for every N up to the size of the pools. Those that need scores which are not there are left out. Selectors
    that were registered from outside follow under their names, asked about random orders of the answers.

    Raises:
        BadInput: no question was asked.
    """
    if not asked:
        raise BadInput("No question could be asked, so there is no curve.")
    gold = [one.right(measure) for one in asked]
    names = [groups(one.answers) for one in asked]
    unit = {key: float(np.mean([one.unit.get(key, 0.0) for one in asked])) for key in asked[0].unit}
    shared: dict[str, Any] = {"ns": ns, "measure": f"accuracy ({measure})", "unit": unit}
    draws = max(100, min(1000, 20_000 // len(asked)))  # orders a question: their noise averages out over questions
    found = {"oracle": curves.curve(gold, label="any of N is right", oracle=True, **shared)}

    def by(score: str) -> list[tuple[float, ...]] | None:
        rows = [one.scores.get(score) for one in asked]
        return None if any(row is None for row in rows) else [row for row in rows if row is not None]

    p_yes, rating, logprob = by("p_yes"), by("rating"), by("logprob")
    if p_yes is not None:
        found["verifier"] = curves.curve(p_yes, gold, label="verifier: highest P(yes)", **shared)
        found["weighted"] = majority_curve(
            names, gold, weights=p_yes, label="majority weighted by P(yes)", draws=draws, **shared
        )
    if rating is not None:
        found["rating"] = curves.curve(rating, gold, label="highest rating", **shared)
    found["majority"] = majority_curve(names, gold, label="majority", draws=draws, **shared)
    if logprob is not None:
        found["logprob"] = curves.curve(logprob, gold, label="highest log-probability", **shared)
    flat = [[0.0] * len(row) for row in gold]
    found["single"] = curves.curve(flat, gold, label="mean of single answers", **shared)
    return found | _of_selectors(asked, gold, by, shared)


ESTIMATED = ("oracle", "verifier", "majority", "weighted", "rating", "logprob", "single")
"""those whose expectation has a closed form or an estimator of its own"""


def _of_selectors(
    asked: Sequence[AskedQuestion],
    gold: Sequence[Sequence[float]],
    by: Callable[[str], list[tuple[float, ...]] | None],
    shared: Mapping[str, Any],
) -> dict[str, Curve]:
    """The curves of all other registered selectors whose scores are there."""
    found = {}
    for row in registry.entries("selector", "vqa"):
        scores = by(row.needs) if row.needs else [()] * len(asked)
        if row.name in ESTIMATED or scores is None:
            continue
        selector = registry.resolve("selector", row.name)
        rules = [_rule(selector, one.answers, own) for one, own in zip(asked, scores, strict=True)]
        draws = max(20, min(200, 4000 // len(asked)))  # a selector is asked one order at a time
        found[row.name] = selection_curve(rules, gold, label=row.title, draws=draws, **shared)
    return found


def _rule(selector: Selector, answers: Sequence[str], scores: Sequence[float]) -> Rule:
    """What a selector picks of some of the answers; it is given scores only where its row asks for them."""
    return lambda shown: selector.pick([answers[i] for i in shown], [scores[i] for i in shown] if scores else None)


def gains(asked: Sequence[AskedQuestion], measure: str, n: int) -> dict[str, Interval]:
    """ "majority" and "verifier" -> accuracy of choosing among ``n`` answers less that of one, paired by question."""
    draws = max(100, min(1000, 20_000 // len(asked)))
    one, voted, verified = [], [], []
    for question in asked:
        gold = question.right(measure)
        one.append(float(np.mean(gold)))
        voted.append(float(expected_majority(groups(question.answers), gold, [n], draws=draws)[0]))
        if "p_yes" in question.scores:
            verified.append(float(curves.expected_pick(question.scores["p_yes"], gold, [n])[0]))
    found = {"majority": paired(voted, one)}
    return found | ({"verifier": paired(verified, one)} if len(verified) == len(one) else {})


def side_by_side(asked: Sequence[AskedQuestion]) -> dict[str, dict[str, dict[str, float | None]]]:
    """measure -> who picks -> {"value", "low", "high"}, by all measures of correctness, at the largest N of the set;
    the ends are None where there is no interval (a vote on one question)."""
    n = min(len(one.answers) for one in asked)
    found: dict[str, dict[str, dict[str, float | None]]] = {}
    for measure in MEASURES:
        lines = accuracy_curves(asked, measure, [n])
        found[measure] = {}
        for name, line in lines.items():
            ends = line.as_dict()
            low, high = (ends.get(end, [None])[0] for end in ("low", "high"))
            found[measure][name] = {"value": float(line.mean[0]), "low": low, "high": high}
    return found


# ---------------------------------------------------------------------------------------------------- which N?


@dataclass(frozen=True, slots=True)
class Advice:
    """How many answers are worth their cost."""

    n: int
    """the smallest N from which doubling gains less than ``least``"""
    reached: float
    gain_left: float
    """from there to the largest N"""
    sentence: str


def which_n(curve: Curve, least: float = 0.01) -> Advice:
    """Walk up the doublings of N and stop where one more gains less than ``least`` accuracy."""
    last = int(curve.n[-1])
    n = 1
    while 2 * n <= last and curve.at(2 * n) - curve.at(n) >= least:
        n *= 2
    end = curve.at(last)
    tokens = curve.unit.get("tokens", 0.0)
    price = f" for {n * tokens:,.0f} more tokens a question" if tokens else ""
    gain = f"doubling to {2 * n} gains {curve.at(min(2 * n, last)) - curve.at(n):+.3f}{price} on these questions"
    more = gain if 2 * n <= last else "more were not drawn"
    sentence = f"{curve.label}: N = {n} reaches {curve.at(n):.3f} of {end:.3f} at N = {last}; {more}."
    return Advice(n, curve.at(n), end - curve.at(n), sentence)


def saved_by_stopping(asked: Sequence[AskedQuestion], n: int) -> Interval:
    """Share of answers saved by drawing until the majority of ``n`` can no longer change; the pick stays the same."""
    used = []
    for one in asked:
        answers = one.answers[:n]
        stop = next((k for k in range(1, len(answers) + 1) if settled(answers[:k], len(answers))), len(answers))
        used.append(1 - stop / len(answers))
    return mean(used, "shares")


# ------------------------------------------------------------------------------------------------------- trust


@dataclass(frozen=True)
class Trust:
    """How good a score is at telling right answers from wrong ones."""

    auroc: Interval | None
    """over all answers, questions resampled; None where all are right or all wrong"""
    within: Interval | None
    """mean of the AUROCs inside questions that have both: what choosing among N answers lives on"""
    reliability: Reliability | None
    """of scores that are probabilities"""

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers, for JSON."""
        curve = self.reliability
        plain = None if curve is None else {"said": curve.said.tolist(), "true": curve.true.tolist()}
        return {
            "auroc": None if self.auroc is None else self.auroc.as_dict(),
            "auroc_within": None if self.within is None else self.within.as_dict(),
            "ece": None if curve is None else curve.ece,
            "reliability": plain if curve is None else (plain or {}) | {"count": curve.count.tolist()},
        }


def trust(asked: Sequence[AskedQuestion], score: str = "p_yes", measure: str = "exact", seed: int = 0) -> Trust:
    """AUROC over everything and inside questions, and calibration, with questions resampled for the intervals."""
    from tts_playground.randomness import generator

    rows = [(one.scores[score], [r >= 0.5 for r in one.right(measure)]) for one in asked if score in one.scores]
    if not rows:
        return Trust(None, None, None)
    values, truth = (np.concatenate([np.asarray(row[part]) for row in rows]) for part in (0, 1))
    whole = auroc(values, truth)
    interval = None
    if whole is not None:
        rng, drawn = generator(seed, "auroc"), []
        for _ in range(200):
            some = [rows[i] for i in rng.integers(len(rows), size=len(rows))]
            value = auroc(np.concatenate([s for s, _ in some]), np.concatenate([t for _, t in some]))
            drawn += [] if value is None else [value]
        interval = of_resamples(whole, drawn, len(rows))
    inside = auroc_within([s for s, _ in rows], [t for _, t in rows])
    sure = reliability(values, truth) if values.min() >= 0 and values.max() <= 1 else None
    return Trust(interval, mean(inside, "shares") if inside else None, sure)
