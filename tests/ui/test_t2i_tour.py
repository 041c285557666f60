"""The lab's questions, and strategies beyond best-of-N."""

from dataclasses import replace

import pytest

from tts_playground.errors import BadInput
from tts_playground.runs.comparison import Plan
from tts_playground.tasks.image_rewards import offered, share_weights
from tts_playground.ui.t2i import beyond, shelf, tour, tour_section
from tts_playground.ui.t2i.desk import Wish


def test_every_question_sets_a_view_that_can_be_drawn(view):
    assert len({stop.key for stop in tour.STOPS}) == len(tour.STOPS)
    for stop in tour.STOPS:
        asked = stop.view(replace(view, temperature=4.0, top_k=3))
        assert asked.prompt == view.prompt and asked.model == view.model and asked.top_k == 0
        assert asked.settings.temperature == stop.changes.get("temperature", 1.0)
        assert stop.action in ("draw", "several", "sweep", "nothing")
        assert stop.section in ("", "sweep", "pair", "scope", "beyond", "take")
        assert "<p>" in tour_section.note(stop)


def test_a_judge_shares_no_network_with_the_guide(monkeypatch):
    monkeypatch.setattr(beyond, "rewards_here", offered)
    assert beyond.judges("clip")[0] == "geneval"
    assert not {"clip", "aesthetic"} & set(beyond.judges("clip"))
    assert share_weights("clip", "aesthetic") and not share_weights("clip", "geneval")
    assert "clip" in beyond.judges("geneval") and "geneval" not in beyond.judges("geneval")


def test_strategies_run_at_equal_cost_and_leave_a_trace(view, monkeypatch):
    monkeypatch.setattr(beyond, "PLAN", Plan(budgets=(2,), seeds=1, pool=4))
    *_, last = beyond.run(view, "colourfulness", ["suffix", "parm"])
    assert not last.state.doing and last.labels == ["parm", "suffix"]
    assert {point.label for point in last.state.points} <= {"parm", "suffix"}
    most = 2 * 16 * 2
    assert all(run.cost.tokens <= most for run in last.state.runs)
    assert len(beyond.figure(last, "tokens").data) >= 2
    assert len(beyond.tree(last, "suffix").layout.images) > 0
    assert "once it has run" in beyond.tree(last, "beam").layout.annotations[0].text


def test_before_a_comparison_the_line_of_the_images_in_view_stands_there(view):
    list(shelf.serve(Wish(view, 4), lambda: False))
    look = shelf.look(view)
    lines = [trace for trace in beyond.figure(None, "n", look, "colourfulness").data if trace.fill is None]
    assert any(line.name == "best-of-n" for line in lines) and max(max(line.x) for line in lines) == 4
    assert "Compare" in beyond.figure(None, "n", look, "geneval").layout.annotations[0].text


def test_the_line_stands_on_all_that_was_drawn(view, monkeypatch):
    monkeypatch.setattr(beyond, "PLAN", Plan(budgets=(1,), seeds=1, pool=2))
    list(shelf.serve(Wish(view, 4), lambda: False))
    *_, last = beyond.run(view, "colourfulness", ["parm"])
    assert last.state.curve is not None and last.state.curve.pool_size == 4


def test_what_cannot_be_compared_is_said(view):
    with pytest.raises(BadInput, match="at least one"):
        next(beyond.run(view, "colourfulness", []))
    with pytest.raises(BadInput, match="cannot judge"):
        next(beyond.run(view, "sharpness", ["parm"]))
    assert "Compare" in beyond.figure(None, "n").layout.annotations[0].text
