"""What one open page is about: the answers to one question, and the set of questions that its curve stands on."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from typing import Any

from tts_playground.core import Cost, Progress, Sample, Sampler
from tts_playground.errors import BadInput, PlaygroundError
from tts_playground.estimators.curves import Curve, grid
from tts_playground.estimators.intervals import Interval
from tts_playground.experiments import question_sets as experiments
from tts_playground.experiments.question_sets import AskedQuestion, Trust
from tts_playground.models import loading
from tts_playground.models.zerogpu import on_gpu, seconds_for
from tts_playground.pages.vqa.view_settings import EMBEDDED, Example, VqaView, default_view, examples
from tts_playground.samplers.capabilities import ShowsLikely
from tts_playground.store import starters
from tts_playground.store.pool import Snapshot
from tts_playground.store.spare import open_store
from tts_playground.store.store import Store
from tts_playground.tasks.engine import Found
from tts_playground.tasks.vqa import (
    Answered,
    VqaTask,
    answer_rounds,
    answered,
    guide_of,
    judges,
    vqa_sampler,
)
from tts_playground.tasks.vqa_data import SHIPPED, questions

PACE = 0.25
"""seconds between two updates of a page"""
STARTER = "vqa"
SHOWN_NS = 12
"""numbers of answers at which the curves of a set are worked out: half the time, and no less to see"""
NOTHING: Progress[Sample] = Progress()
SCORES = ("p_yes", "rating", "logprob")


@dataclass(frozen=True)
class VqaPageState:
    """Lives in the session of one page, and nowhere else."""

    view: VqaView
    task: VqaTask
    samples: tuple[Sample, ...] = ()
    """in order of drawing as far as they have come"""
    result: Answered | None = None
    """with the verifiers' opinions, once all are there"""
    likely: tuple[tuple[str, float], ...] = ()
    """the likeliest first tokens of a reply, with their logits"""
    seconds: float = 0.0

    def first(self, n: int) -> VqaPageState:
        """The same work with its first ``n`` answers only, as if no more had been drawn."""
        n = min(max(1, n), len(self.samples))
        if self.result is None or n >= len(self.samples):
            return self
        samples, share = self.samples[:n], n / len(self.samples)
        scores = {name: values[:n] for name, values in self.result.scores.items()}
        judged = Cost(verifier_calls=round(self.result.cost.verifier_calls * share))
        cost = sum((sample.cost for sample in samples), judged)
        result = replace(self.result, samples=samples, scores=scores, cost=cost)
        return replace(self, samples=samples, result=result, seconds=self.seconds * share)

    def __hash__(self) -> int:
        return id(self)  # a page asks whether it has another one; samples hold dictionaries

    @property
    def asked(self) -> AskedQuestion | None:
        """For curves, once verified."""
        if self.result is None:
            return None
        unit = {name: value / len(self.samples) for name, value in self.result.cost.as_dict().items()}
        return AskedQuestion(
            self.task.question, self.task.answers, tuple(self.result.answers), dict(self.result.scores), unit
        )


def ask(picture: Any, view: VqaView) -> Iterator[VqaPageState]:
    """The work so far, as answers come in; verified in the end.

    Raises:
        BadInput: there is no picture.
    """
    if picture is None:
        raise BadInput("There is no picture; drop one, or pick an example.")
    task = VqaTask.of(picture, view.question, view.truths)
    yield from _ask(task, view)


def seconds(task: VqaTask, view: VqaView, *_: Any) -> int:
    """On the GPU: the answers, and as long again for their verification."""
    return seconds_for(view.model, view.n, 2 * view.settings.most_tokens)


def before(task: VqaTask, view: VqaView, *_: Any) -> None:
    """Download the model."""
    loading.fetched(view.model, "vlm")


@on_gpu(seconds, before)
def _ask(task: VqaTask, view: VqaView) -> Iterator[VqaPageState]:
    sampler = vqa_sampler(view.model, view.settings)
    shown = task.blank() if view.blank else task
    notes: list[str] = []
    with open_store(notes.append) as store:
        yield from _drawn(task, shown, view, sampler, store)


def _drawn(task: VqaTask, shown: VqaTask, view: VqaView, sampler: Sampler, store: Store) -> Iterator[VqaPageState]:
    began = time.monotonic()
    work, came, told, found = VqaPageState(view, task), {}, 0.0, Found()
    guide = guide_of(sampler)
    for round_ in answer_rounds(shown, sampler, guide, n=view.n, seed=view.seed, store=store):
        found.add(round_)
        came.update((sample.index, sample) for sample in (round_.progress or NOTHING).finished)
        if round_.progress and time.monotonic() - told > PACE:
            told = time.monotonic()
            work = replace(work, samples=tuple(came[i] for i in sorted(came)), seconds=told - began)
            yield work
    result = replace(answered(shown, sampler, found.whole, view.seed, view.settings, store=store), task=task)
    likely = tuple(sampler.likely(shown)) if isinstance(sampler, ShowsLikely) else ()
    yield VqaPageState(view, task, result.samples, result, likely, time.monotonic() - began)


@dataclass(frozen=True)
class SetWork:
    """A set of questions as far as it has been asked."""

    name: str
    asked: tuple[AskedQuestion, ...] = ()
    done: int = 0
    of: int = 0
    note: str = ""
    view: VqaView = field(default_factory=VqaView)
    """what they were asked with; what ships was asked with what a fresh page says"""


@cache
def _ready() -> dict[str, Snapshot]:
    """Picture -> the ready-made answers to its question; empty where none are installed."""
    pools = starters.load(STARTER) if STARTER in starters.names() else ()
    return {pool.task_key.get("picture", ""): pool for pool in pools}


@cache
def opening_set() -> SetWork | None:
    """The ready-made answers to infographics-eval, where they are installed."""
    asked = tuple(
        experiments.of_pool(pool, task.answers, list(SCORES), len(pool), Cost(verifier_calls=2))
        for task in questions(SHIPPED)
        if isinstance(task, VqaTask) and (pool := _ready().get(task.key()["picture"])) is not None
    )
    return SetWork(SHIPPED, asked, len(asked), len(asked)) if asked else None


def ready(one: Example, view: VqaView) -> VqaPageState | None:
    """Ready-made answers to an example under a view's settings, without any model; None where there are none."""
    view = replace(view, question=one.question, truth=one.answer)
    task = VqaTask.of(one.picture, view.question, view.truths)
    pool = _ready().get(task.key()["picture"])
    drawn_so = view == replace(VqaView(view.question, view.truth), n=view.n)
    if pool is None or not drawn_so or view.n > len(pool):
        return None
    samples = tuple(pool.samples(len(pool)))  # all of them: N looks at the first of what is there
    scores = {name: tuple(pool.scores(name, len(pool))) for name in SCORES}
    cost = sum((sample.cost for sample in samples), Cost(verifier_calls=2 * len(samples)))
    result = Answered(task, view.model, view.seed, view.settings, samples, scores, cost)
    return VqaPageState(view, task, samples, result, seconds=cost.seconds)


def _seconds_of_set(name: str, count: int, view: VqaView) -> int:
    return seconds_for(view.model, 1, 2 * count * view.settings.most_tokens)


@on_gpu(_seconds_of_set)
def ask_set(name: str, count: int, view: VqaView) -> Iterator[SetWork]:
    """Every question of a set, through the store: what was answered before is not asked again."""
    sampler = vqa_sampler(view.model, view.settings)
    notes: list[str] = []
    with open_store(notes.append) as store:
        told, work = 0.0, SetWork(name, of=count, note=" ".join(notes), view=view)
        for report in experiments.run(questions(name, count), sampler, judges(sampler), view.n, store=store):
            work = replace(work, asked=(*work.asked, *report.finished), done=report.done, note=report.note or work.note)
            if time.monotonic() - told > PACE:
                told = time.monotonic()
                yield work
    yield replace(work, of=work.done)


@lru_cache(maxsize=64)
def _curves(key: Any, held: tuple[AskedQuestion, ...], measure: str) -> dict[str, Curve]:
    ns = None if len(held) == 1 else grid(min(len(one.answers) for one in held), SHOWN_NS)
    return experiments.accuracy_curves(held, measure, ns)


class _Held(tuple):
    """Questions whose hash is their identity, because their scores are dictionaries."""

    __slots__ = ()

    def __hash__(self) -> int:
        return hash(tuple((one.question, one.answers) for one in self))


@lru_cache(maxsize=64)
def _trust(key: Any, held: tuple[AskedQuestion, ...], measure: str) -> tuple[Interval, Trust]:
    saved = experiments.saved_by_stopping(held, len(held[0].answers))
    return saved, experiments.trust(held, measure=measure)


def curves_of(asked: tuple[AskedQuestion, ...], measure: str) -> dict[str, Curve]:
    """Accuracy curves, kept for the last few sets."""
    return _curves(_key(asked), _Held(asked), measure)


def trust_of(asked: tuple[AskedQuestion, ...], measure: str) -> tuple[Interval, Trust]:
    """(share of answers saved by early stopping, how far P(yes) can be trusted), kept for the last few sets."""
    return _trust(_key(asked), _Held(asked), measure)


def gains_of(asked: tuple[AskedQuestion, ...], measure: str, n: int) -> dict[str, Interval]:
    """What choosing among ``n`` answers changes, by who chooses, kept for the last few sets."""
    return _gains(_key(asked), _Held(asked), measure, n)


@lru_cache(maxsize=64)
def _gains(key: Any, held: tuple[AskedQuestion, ...], measure: str, n: int) -> dict[str, Interval]:
    return experiments.gains(held, measure, n)


def _key(asked: tuple[AskedQuestion, ...]) -> Any:
    return tuple((one.question, one.answers) for one in asked)


def warm() -> None:
    """Load the default model if it is the embedded one or a folder, and answer one question; nothing is downloaded."""
    view, known = default_view(), opening_set()
    if known is not None:
        curves_of(known.asked, "exact")
        trust_of(known.asked, "exact")
    if view.model != EMBEDDED and "/" in view.model and loading.check(view.model, kind="vlm"):
        return
    try:
        first = examples()[0]
        for _ in ask(first.picture, replace(view, n=2)):
            pass
    except PlaygroundError as error:
        logging.getLogger(__name__).warning("the VQA tab is not warm: %s", error)
