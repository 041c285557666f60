"""``sketch`` from end to end."""

import json
from dataclasses import dataclass
from math import log

import numpy as np
import pytest
from PIL import Image

from tts_playground.core import Cost, Sample, Task
from tts_playground.dsl import Program, parse, render
from tts_playground.dsl.metrics import iou
from tts_playground.errors import BadInput, Cancelled, UnknownName
from tts_playground.experiments.comparison import comparable
from tts_playground.rewards.iou import FitReward, IoUReward
from tts_playground.tasks.sketch import SketchSettings, SketchTask, fitted, sketch, sketch_rounds
from tts_playground.testing import check_reward
from tts_playground.verifiers.render import RenderVerifier

NO_CAP = 600.0
EXCLAMATION = "(+ (Quad 8 10 2 8 0) (Quad 8 3 2 2 0))"


@pytest.mark.parametrize("strategy", ["best-of-n", *comparable("sketch")])
def test_every_strategy_draws_the_exclamation_mark_again(strategy):
    found = sketch(render(EXCLAMATION), strategy=strategy, n=8, seconds=NO_CAP)
    assert found.iou == 1.0
    assert len(found.program) == 2
    assert found.raster.tobytes() == render(found.program).tobytes()
    assert found.cost.samples <= 8


def test_the_ring_needs_a_difference():
    found = sketch(render("(- (Circle 6 8 8) (Circle 5 8 8))"), seconds=NO_CAP)
    assert str(found.program) == "(- (Circle 6 8 8) (Circle 5 8 8))"


def test_a_tree_is_found_where_a_chain_is_longer():
    found = sketch(
        render("(+ (- (Circle 4 4 4) (Circle 3 4 4)) (- (Circle 4 11 11) (Circle 3 11 11)))"), seconds=NO_CAP
    )
    assert found.iou == 1.0
    assert len(found.program) == 4


def test_same_seed_and_candidates_same_result():
    picture = render("(- (+ (Circle 4 5 9) (Quad 9 8 7 3 45)) (Quad 6 9 2 9 0))")
    first, second = (sketch(picture, n=12, seed=5, seconds=NO_CAP) for _ in range(2))
    assert (first.program, first.iou, first.stopped) == (second.program, second.iou, second.stopped)
    assert [r.best for r in first.rounds] == [r.best for r in second.rounds]


def test_a_cap_on_time_says_so():
    found = sketch(render("(- (+ (Circle 4 5 9) (Quad 9 8 7 3 45)) (Quad 6 9 2 9 0))"), seconds=1e-3)
    assert found.stopped == "seconds"
    assert len(found.program) > 0


def test_a_blank_drawing_gives_the_empty_program_and_says_so():
    found = sketch(Image.new("RGB", (300, 200), "white"))
    assert (found.program, found.iou, found.stopped) == (Program(), 1.0, "blank")
    assert "blank" in found.rounds[-1].note


def test_rounds_stream_and_can_be_cancelled():
    task = SketchTask.of(render(EXCLAMATION))
    run = sketch_rounds(task, SketchSettings(n=6, seconds=NO_CAP))
    first = next(run)
    found = fitted(task, first)
    assert not first.stopped
    assert found.program == first.best.sample.content
    assert found.iou == pytest.approx(iou(found.program, task.ink))
    assert found.f1 == pytest.approx(2 * found.iou / (1 + found.iou))
    run.close()
    rounds = list(sketch_rounds(task, SketchSettings(n=6, seconds=NO_CAP)))
    ious = [fitted(task, one).iou for one in rounds]
    assert ious == sorted(ious)
    assert rounds[-1].cost.renders > 1000
    assert all(not one.stopped for one in rounds[:-1])


@pytest.mark.parametrize("strategy", ["refine", "best-of-n"])
def test_a_search_that_is_cancelled_says_so(strategy):
    asked = []
    with pytest.raises(Cancelled):
        sketch(
            render(EXCLAMATION),
            n=8,
            strategy=strategy,
            seconds=NO_CAP,
            cancel=lambda: asked.append(1) or len(asked) == 3,
        )
    assert len(asked) == 3


def test_independent_draws_are_reported_one_by_one():
    task = SketchTask.of(render(EXCLAMATION))
    rounds = list(sketch_rounds(task, SketchSettings(n=6, strategy="best-of-n", seconds=NO_CAP)))
    between = [one.progress for one in rounds if one.progress is not None]
    assert [(one.done, one.of) for one in between] == [(i, 6) for i in range(1, 7)]
    assert not any(one.candidates for one in rounds if one.progress is not None)
    found = sketch(task, n=6, strategy="best-of-n", seconds=NO_CAP)
    assert found.rounds and all(one.progress is None for one in found.rounds)
    assert [len(one.candidates) for one in found.rounds] == [4, 2, 0]


@dataclass(frozen=True)
class Untidy:
    """Writes its disc twice, and knows how likely that was."""

    temperature: float = 1.0

    def fingerprint(self):
        return {"sampler": "untidy"}

    def draw(self, task, indices, *, seed=0):
        for index in indices:
            yield Sample(parse("(+ (Circle 4 8 8) (Circle 4 8 8))"), index, seed, logprob=log(0.5))


def test_the_last_round_holds_the_tidied_program_with_what_the_reward_says_of_it():
    found = sketch(render("(Circle 4 8 8)"), sampler=f"{__name__}:Untidy", strategy="best-of-n", n=2, seconds=NO_CAP)
    *others, last = found.rounds
    assert str(found.program) == str(last.best.sample.content) == "(Circle 4 8 8)"
    assert last.best.sample.logprob is None
    before = others[-1].best
    assert len(before.sample.content) == 2 and before.sample.logprob == log(0.5)
    task = SketchTask.of(render("(Circle 4 8 8)"))
    assert [last.best.reward] == FitReward().score(task, [last.best.sample])
    assert last.best.reward > before.reward
    assert (found.cost.samples, found.cost.renders) == (2, others[-1].cost.renders + 1)


@dataclass(frozen=True)
class Dice:
    """Knows no temperature."""

    def fingerprint(self):
        return {"sampler": "dice"}

    def draw(self, task, indices, *, seed=0):
        for index in indices:
            yield Sample(parse(f"(Circle {1 + index} 8 8)"), index, seed)


def test_an_own_sampler_needs_no_temperature():
    name = f"{__name__}:Dice"
    found = sketch(render("(Circle 3 8 8)"), sampler=name, strategy="best-of-n", n=4, seconds=NO_CAP)
    assert str(found.program) == "(Circle 3 8 8)"
    with pytest.raises(BadInput, match="has no temperature; leave it out"):
        sketch(render("(Circle 3 8 8)"), sampler=name, strategy="best-of-n", n=4, temperature=0.5)


@dataclass(frozen=True)
class Blots:
    """Likes ink, whatever is drawn."""

    name = "blots"
    revision = "1"
    unit_cost = Cost()

    def score(self, task, samples):
        return [float(len(sample.content)) for sample in samples]


@pytest.mark.parametrize("reward", ["iou", "blots", Blots()])
def test_another_reward_may_guide(reward):
    options = {"n": 8, "strategy": "best-of-n", "seconds": NO_CAP, "seed": 2}
    picture = render("(- (+ (Circle 4 5 9) (Quad 9 8 7 3 45)) (Quad 6 9 2 9 0))")
    found = sketch(picture, reward=f"{__name__}:Blots" if reward == "blots" else reward, **options)
    scored = [one for round_ in found.rounds for one in round_.candidates]
    judge = Blots() if reward in ("blots", Blots()) else IoUReward()
    assert [one.reward for one in scored] == judge.score(SketchTask.of(picture), [one.sample for one in scored])
    assert found.rounds[-2].best.reward == max(one.reward for one in scored)


def test_what_is_no_reward_is_refused():
    with pytest.raises(UnknownName, match="clippp"):
        sketch(render("(Circle 3 8 8)"), reward="clippp")
    with pytest.raises(BadInput, match="A reward is a registered name"):
        sketch(render("(Circle 3 8 8)"), reward=IoUReward)


def test_best_of_n_reads_a_store_and_fills_it(tmp_path):
    from tts_playground.store.store import Store

    options = {"n": 6, "strategy": "best-of-n", "seconds": NO_CAP, "seed": 2}
    task = SketchTask.of(render(EXCLAMATION))
    plain = sketch(task, **options)
    with Store(tmp_path) as store:
        first, again = (sketch(task, store=store, **options) for _ in range(2))
        sketch(task, n=6, seconds=NO_CAP, store=store)  # a search's candidates depend on each other
        (kept,) = store.pools()
        pool = store.open(kept.key)
        assert len(pool) == 6 and pool.rewards() == [("fit", FitReward().revision)]
        assert [one.content for one in pool.samples(seed=2)] == [
            one.sample.content for round_ in plain.rounds for one in round_.candidates
        ]
        assert pool.scores("fit", seed=2) == [one.reward for round_ in plain.rounds for one in round_.candidates]
    assert plain.program == first.program == again.program
    assert [one.candidates for one in first.rounds] == [one.candidates for one in again.rounds]
    assert plain.cost.samples == first.cost.samples == again.cost.samples == 6


def test_the_result_is_plain_json():
    values = json.loads(json.dumps(sketch(render("(Circle 3 8 8)"), n=2, seconds=NO_CAP).as_dict()))
    assert values["program"] == "(Circle 3 8 8)"
    assert values["iou"] == 1.0
    assert values["cost"]["samples"] == 2


def test_tasks_are_values():
    one, same, other = (SketchTask.of(render(text)) for text in ("(Circle 3 8 8)", "(Circle 3 8 8)", "(Circle 3 8 9)"))
    assert isinstance(one, Task)
    assert one == same != other
    assert len({one, same, other}) == 2
    assert one.key() == same.key() != other.key()
    assert not np.shares_memory(one.ink, other.ink)
    assert SketchTask.of(one) is one


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"n": 0}, BadInput),
        ({"seconds": 0}, BadInput),
        ({"temperature": -1}, BadInput),
        ({"outline": "perhaps"}, BadInput),
        ({"strategy": "refined"}, UnknownName),
        ({"sampler": "proposals"}, UnknownName),
    ],
)
def test_settings_out_of_range_are_refused(settings, error):
    with pytest.raises(error):
        sketch(render("(Circle 3 8 8)"), **settings)


def test_rewards_keep_the_laws_and_prefer_the_shorter_of_equals():
    task = SketchTask.of(render(EXCLAMATION))
    texts = [EXCLAMATION, "(+ (Quad 8 10 2 8 0) (Quad 8 3 2 2 0) (Quad 8 3 1 1 0))", "", "(Circle 3 8 8)"]
    samples = [Sample(parse(text), index) for index, text in enumerate(texts)]
    overlaps = check_reward(IoUReward(), task, samples)
    assert overlaps[:3] == [1.0, 1.0, 0.0]
    fits = check_reward(FitReward(), task, samples)
    assert fits[0] > fits[1] > fits[3] > fits[2] - 1


def test_the_renderer_judges_with_a_reason():
    task = SketchTask.of(render(EXCLAMATION))
    right, wrong = RenderVerifier().judge(task, [Sample(parse(EXCLAMATION), 0), Sample(parse("(Circle 3 8 8)"), 1)])
    assert right.passed and right.score == 1.0
    assert not wrong.passed
    assert "missing" in wrong.reason
