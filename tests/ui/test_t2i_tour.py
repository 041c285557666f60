"""The lab's questions, and strategies beyond best-of-N."""

from dataclasses import replace

import pytest

from tts_playground.errors import BadInput
from tts_playground.experiments.comparison import ComparisonPlan
from tts_playground.pages.t2i import guided_experiments, image_repository, strategy_comparison
from tts_playground.pages.t2i.gallery_state import GalleryState
from tts_playground.pages.t2i.request_queue import DrawRequest
from tts_playground.pages.t2i.tour_answers import Evidence
from tts_playground.tasks.image_rewards import offered, share_weights
from tts_playground.ui.t2i import guided_experiments_view


def test_every_question_sets_a_view_that_can_be_drawn(view):
    assert len({stop.key for stop in guided_experiments.STOPS}) == len(guided_experiments.STOPS)
    for stop in guided_experiments.STOPS:
        asked = stop.view(replace(view, temperature=4.0, top_k=3))
        assert asked.prompt == view.prompt and asked.model == view.model and asked.top_k == 0
        assert asked.settings.temperature == stop.changes.get("temperature", 1.0)
        assert stop.action in ("draw", "several", "sweep", "nothing")
        assert stop.section in ("", "watch", "sweep", "several", "pair", "scope", "beyond", "take")
        card = guided_experiments_view.note(stop)
        assert stop.question in card and card.count("data-guess=") == len(stop.guesses) >= 2


def test_every_answer_speaks_of_what_is_on_the_page_and_of_nothing_before(view):
    view = replace(view, seed=5)
    list(image_repository.serve(DrawRequest(replace(view, n=8), 8), lambda: False))
    empty = Evidence(GalleryState(replace(view, prompt="a dog")))
    seen = Evidence(image_repository.look(replace(view, n=4)))
    for stop in guided_experiments.STOPS:
        nothing, something = stop.answer(empty), stop.answer(seen)
        assert nothing.endswith(".") and not any(mark in nothing for mark in ("0.", "nan"))
        assert something.endswith(".") and "nan" not in something
    assert "4 draws at T = 1" in guided_experiments.named("greedy").answer(seen)
    assert "No: both only make likelier" in guided_experiments.named("rl").answer(seen)
    assert guided_experiments.named("nosuch") is None and guided_experiments.named([]) is None


def test_a_judge_shares_no_network_with_the_guide(monkeypatch):
    nameable = tuple(name for name in offered() if name not in ("imagereward", "hpsv2"))  # which need a file
    monkeypatch.setattr(strategy_comparison, "rewards_here", lambda: nameable)
    assert strategy_comparison.judges("clip")[0] == "geneval"
    assert not {"clip", "aesthetic"} & set(strategy_comparison.judges("clip"))
    assert share_weights("clip", "aesthetic") and not share_weights("clip", "geneval")
    assert "clip" in strategy_comparison.judges("geneval") and "geneval" not in strategy_comparison.judges("geneval")


def test_strategies_run_at_equal_cost_and_leave_a_trace(view, monkeypatch):
    monkeypatch.setattr(strategy_comparison, "PLAN", ComparisonPlan(budgets=(2,), seeds=1, pool=4))
    *_, last = strategy_comparison.run(view, "colourfulness", ["suffix", "parm"])
    assert not last.state.doing and last.labels == ["parm", "suffix"]
    assert {point.label for point in last.state.points} <= {"parm", "suffix"}
    most = 2 * 16 * 2
    assert all(run.cost.tokens <= most for run in last.state.runs)
    assert len(strategy_comparison.figure(last, "tokens").data) >= 2
    assert len(strategy_comparison.tree(last, "suffix").layout.images) > 0
    assert "once it has run" in strategy_comparison.tree(last, "beam").layout.annotations[0].text


def test_before_a_comparison_the_line_of_the_images_in_view_stands_there(view):
    list(image_repository.serve(DrawRequest(view, 4), lambda: False))
    look = image_repository.look(view)
    lines = [trace for trace in strategy_comparison.figure(None, "n", look, "colourfulness").data if trace.fill is None]
    assert any(line.name == "best-of-n" for line in lines) and max(max(line.x) for line in lines) == 4
    assert "Compare" in strategy_comparison.figure(None, "n", look, "geneval").layout.annotations[0].text


def test_the_line_stands_on_all_that_was_drawn(view, monkeypatch):
    monkeypatch.setattr(strategy_comparison, "PLAN", ComparisonPlan(budgets=(1,), seeds=1, pool=2))
    list(image_repository.serve(DrawRequest(view, 4), lambda: False))
    *_, last = strategy_comparison.run(view, "colourfulness", ["parm"])
    assert last.state.curve is not None and last.state.curve.pool_size == 4


def test_what_cannot_be_compared_is_said(view):
    with pytest.raises(BadInput, match="at least one"):
        next(strategy_comparison.run(view, "colourfulness", []))
    with pytest.raises(BadInput, match="cannot judge"):
        next(strategy_comparison.run(view, "sharpness", ["parm"]))
    assert "Compare" in strategy_comparison.figure(None, "n").layout.annotations[0].text
