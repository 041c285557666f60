"""One score everywhere on the sketch tab, whatever "shorter - closer" says, and shapes that know their pixels."""

import re

import pytest

from tts_playground.dsl import parse
from tts_playground.dsl.scoring import judge
from tts_playground.experiments.comparison import Comparison
from tts_playground.pages.sketch import examples, render, results, shapes, tour
from tts_playground.pages.sketch.page_state import rescored
from tts_playground.pages.sketch.tour_stop import SketchEvidence

WORK = examples.starters()["smiley"]


@pytest.mark.parametrize("closeness", [0.0, 0.3, 1.0])
def test_headline_gallery_and_curve_show_the_score_of_the_slider(closeness):
    again = rescored(WORK, closeness)
    ranked = again.ranked(results.SHOWN)
    assert [c.score for c in ranked] == sorted((c.score for c in ranked), reverse=True)
    assert ranked[0].score == judge(WORK.task, ranked[0].program, closeness).score
    assert again.curve().at(64) == pytest.approx(ranked[0].score)
    assert f"<b>{again.curve().at(16):.3f}</b>" in results.reading(again, 16)
    assert "searched at 0.6" in results.reading(again, 16)
    assert results.gallery(again)[0][1] == f"1 · {ranked[0].score:.3f}"
    assert f"{closeness:g}" in results.figure(again, 16).layout.yaxis.title.text
    if closeness == 1:
        assert all(c.score == pytest.approx(c.iou) for c in ranked)
    assert rescored(again, 0.6).pool == pytest.approx(WORK.pool) and rescored(WORK, 0.6) is WORK


def test_every_shape_is_a_button_and_has_pixels_of_the_same_name():
    program = parse("(- (+ (Circle 5 8 8) (Quad 3 4 5 2 9)) (- (Circle 2 8 8) (Quad 8 8 1 1 0)))")
    marks = [f'data-marks="shape-{number}"' for number in range(4)]
    panel = render.compare(None, program)
    for mark in marks:
        assert f'<button type="button" {mark}>' in panel
        assert re.search(f"<(circle|rect) {mark}", panel)
    assert shapes.cuts(program) == [False, False, True, False]
    over = shapes.overlay(program)
    assert over.index(marks[0]) < over.index(marks[2]) < over.index(marks[3])  # small ones on top
    assert shapes.text(parse("")) == shapes.overlay(parse("")) == ""


@pytest.mark.parametrize("stop", tour.STOPS, ids=lambda stop: stop.key)
def test_every_question_of_the_tour_has_an_answer(stop):
    for work in examples.starters().values():
        answer = stop.answer(SketchEvidence(work))
        assert answer.endswith(".") and "nan" not in answer
    assert "Compare on this drawing" in tour.clever(SketchEvidence(WORK, Comparison()))


def test_counts_are_read_at_a_glance():
    assert [render.large(n) for n in (53, 4100, 1_195_361_725)] == ["53", "4,100", "1.2 billion"]
