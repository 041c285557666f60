"""What more budget buys, and what a busy machine changes: nothing of the program."""

import time

import pytest

from tts_playground.bench.wobble import wobbly
from tts_playground.dsl import generate, render
from tts_playground.dsl.scoring import CLOSENESS
from tts_playground.errors import BadInput
from tts_playground.tasks.sketch import MOST, RENDERS, SketchSettings, SketchTask, fitted, sketch, sketch_rounds

LAWS = [(index, shaky, CLOSENESS) for index in range(4) for shaky in (False, True)]
LAWS += [(1, True, 1.0), (2, False, 1.0), (2, True, 1.0)]  # ``soak/test_sketch_laws.py`` has thirty


@pytest.mark.parametrize(("index", "shaky", "closeness"), LAWS)
def test_more_candidates_never_end_with_a_lower_score(index, shaky, closeness):
    program = generate(17, index)
    task = SketchTask.of(wobbly(program, 17, index, stroke=bool(index % 2)) if shaky else render(program))
    found = [sketch(task, n=n, seconds=600.0, closeness=closeness) for n in (1, 2, 4, 8)]
    scores = [one.score for one in found]
    assert scores == sorted(scores)
    if closeness == 1:
        assert scores == pytest.approx([one.iou for one in found])


def test_the_default_budget_finds_the_same_on_a_slow_clock(monkeypatch):
    picture = render(generate(17, 3))
    monkeypatch.setattr("tts_playground.tasks.sketch.RENDERS", RENDERS // 4)
    clock, speed = time.process_time, 1  # which stands still while others have the machine
    monkeypatch.setattr("tts_playground.strategies.budget.time.perf_counter", lambda: speed * clock())
    quick = sketch(picture)
    speed = 5
    slow = sketch(picture)
    assert slow.program == quick.program and slow.stopped == quick.stopped != "seconds"
    assert slow.seconds > quick.seconds


def test_who_says_n_or_seconds_lifts_the_renders():
    assert SketchSettings().budget.renders == RENDERS
    assert SketchSettings(n=100_000, seconds=20.0).budget.renders is None
    assert SketchSettings(seconds=20.0).budget.samples == MOST
    with pytest.raises(BadInput, match="closeness"):
        SketchSettings(closeness=1.5)


def test_the_score_that_guides_is_the_score_that_is_shown():
    task = SketchTask.of(render("(+ (Circle 5 8 8) (Quad 2 2 1 1 0))"))
    rounds = list(sketch_rounds(task, SketchSettings(n=8, closeness=0.2)))
    scores = [fitted(task, one, 0.2).score for one in rounds if one.best]
    assert scores == sorted(scores)
