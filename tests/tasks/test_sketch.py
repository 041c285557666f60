"""``sketch`` from end to end."""

import json

import numpy as np
import pytest
from PIL import Image

from tts_playground.core import Sample, Task
from tts_playground.dsl import Program, parse, render
from tts_playground.dsl.metrics import iou
from tts_playground.errors import BadInput, UnknownName
from tts_playground.rewards.iou import FitReward, IoUReward
from tts_playground.tasks.sketch import SketchSettings, SketchTask, sketch, sketch_rounds
from tts_playground.testing import check_reward
from tts_playground.verifiers.render import RenderVerifier

NO_CAP = 600.0
EXCLAMATION = "(+ (Quad 8 10 2 8 0) (Quad 8 3 2 2 0))"


@pytest.mark.parametrize("strategy", ["refine", "best-of-n", "smc", "beam"])
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


def test_reports_stream_and_can_be_cancelled():
    task = SketchTask.of(render(EXCLAMATION))
    run = sketch_rounds(task, SketchSettings(n=6, seconds=NO_CAP))
    first = next(run)
    assert not first.round.stopped
    assert first.iou == pytest.approx(iou(first.program, task.ink))
    assert first.f1 == pytest.approx(2 * first.iou / (1 + first.iou))
    run.close()
    reports = list(sketch_rounds(task, SketchSettings(n=6, seconds=NO_CAP)))
    assert [report.iou for report in reports] == sorted(report.iou for report in reports)
    assert reports[-1].candidates == reports[-1].round.cost.renders > 1000
    assert all(not report.round.stopped for report in reports[:-1])


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
