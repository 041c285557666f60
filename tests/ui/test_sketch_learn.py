"""The Learn view: data sets as walls with their reports, live fine-tuning, raw replies, and a page that builds."""

import threading
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
import tiny_writers

from tts_playground.dsl import parse, render
from tts_playground.errors import BadInput, ModelUnavailable
from tts_playground.models import loading
from tts_playground.models.hub import embedded_models
from tts_playground.pages.sketch import held_back, learn_state, reflections, replies
from tts_playground.pages.sketch.tour_stop import LearnFindings, SketchEvidence
from tts_playground.pages.sketch.view_settings import offered, settings_of, writers
from tts_playground.tasks.sketch import SketchTask
from tts_playground.ui.sketch import learn_view


@pytest.fixture
def sketch(tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(embedded_models, "CHECKPOINTS", tmp_path)
    loading.forget()
    return tiny_writers.save_sketch(tmp_path / embedded_models.TINY["tiny:sketch"])


@pytest.mark.parametrize("recipe", learn_state.RECIPES)
def test_a_data_set_grows_to_its_size(recipe):
    reports = list(learn_state.make(recipe, 20, 1))
    assert reports[-1].done and len(reports[-1].texts) == 20 and not any(r.done for r in reports[:-1])
    assert not any(parse(text) in learn_state.held_out() for text in reports[-1].texts[:5])
    assert "data:image/png" in learn_state.wall(reports[-1]) and "<table" in learn_state.quality(
        learn_state.judged(reports[-1:])
    )


def test_what_strangers_may_not_ask():
    for bad in (("magic", 20), ("evolved", 19), ("evolved", 201)):
        with pytest.raises(BadInput):
            next(learn_state.make(*bad, 0))
    with pytest.raises(BadInput, match="data set first"):
        next(learn_state.tune("tiny:sketch", "", None))
    assert learn_state.quality({}) == learn_state.wall(None) == ""
    assert "<script" not in learn_state.as_table(["a"], [["<script>"]])


def test_a_model_is_tuned_live_and_then_offered(sketch):
    assert writers() == ["tiny:sketch"]
    made = learn_state.DataSet("evolved", ("(Circle 3 8 8)", "(Quad 8 8 4 4 0)") * 3, "", True)
    reports = list(learn_state.tune("tiny:sketch", "", made))
    assert reports[-1].adapter == "tuned-evolved" and reports[-1].total == len(reports[-1].losses) == 24
    assert "1 program that it was not shown, the loss" in reports[-1].verdict
    seen = SketchEvidence(None, None, LearnFindings(run=reports[-1]))
    small, whole = (reports[-1].facts[name] for name in ("trained_weights", "weights"))
    assert reflections.adapter(seen).startswith(f"{100 * small / whole:.1f} %: {small:,} of {whole:,}. Rank 16")
    assert "of the last 6 steps" in reflections.epochs(seen)
    assert writers() == ["tiny:sketch", "adapter:tuned-evolved"]
    assert offered("sampler")[:3] == ("proposal", "tiny:sketch", "tiny:sketch+grammar")
    assert settings_of(*[None] * 6, "adapter:tuned-evolved", None).sampler == "adapter:tuned-evolved"
    request: Any = SimpleNamespace(client=SimpleNamespace(host="127.0.0.1"), headers={"host": "localhost"})
    by_tab, by_view = learn_view.menus(request)
    assert "adapter:tuned-evolved" in [name for _, name in by_tab.choices]
    assert "adapter:tuned-evolved" in [name for _, name in by_view.choices]
    with pytest.raises(BadInput, match="already"):
        next(learn_state.tune("tiny:sketch", "tuned-evolved", made))


def test_rows_that_are_held_back_say_whether_it_has_learned():
    used, kept = held_back.split(list(range(12)))
    assert kept == [4, 9] and sorted(used + kept) == list(range(12))
    assert held_back.split([1, 2]) == ([1, 2], []) and held_back.verdict(1.0, 1.0, 0) == ""
    assert held_back.verdict(2.0, 1.5, 12, -0.6, -0.4).startswith("It has learned: on 12 programs")
    assert "the loss fell from 2.00 to 1.50" in held_back.verdict(2.0, 1.5, 12, -0.6, -0.4)
    assert held_back.verdict(2.0, 2.2, 12, 0.1, 0.3).startswith("It has become worse")
    assert held_back.verdict(2.0, 1.99, 12, -0.02, -0.01).startswith("It has hardly learned")


def test_a_change_of_the_loss_that_its_interval_cannot_tell_from_zero_is_no_claim():
    from tts_playground.train.finetune.held_out import change

    before = [(2.0, 10)] * 12
    mixed = change(before, [(2.0 + (0.9 if place % 2 else -1.4), 10) for place in range(12)])
    assert mixed["after"] < mixed["before"] and held_back.of_fact(mixed).startswith("No clear change: on 12 programs")
    sure = change(before, [(1.4 + 0.01 * place, 10) for place in range(12)])
    assert held_back.of_fact(sure).startswith("It has learned")
    assert held_back.of_fact({"rows": 2, "before": 2.0, "after": 1.5}).startswith("No clear change")


def test_the_loss_of_held_back_rows_is_what_the_trainer_reports(sketch):
    """Of one batch, before its first step, it is the loss of that step."""
    from tts_playground.evolve.rows import dataset
    from tts_playground.models import finetune_loading
    from tts_playground.train.finetune.held_out import loss_of, losses_of
    from tts_playground.train.finetune.trainer import Tuning, finetune

    rows = list(dataset(("(Circle 3 8 8)", "(Quad 8 8 4 4 0)")))
    opened = finetune_loading.open_model("tiny:sketch", "auto")
    before = loss_of(losses_of(opened.model, opened.processor, rows))
    tuned = finetune(opened.model, opened.processor, rows, Tuning())
    assert before == pytest.approx(tuned.steps[0].loss, rel=1e-3)


def test_pass_at_k_is_drawn_live_and_can_be_stopped(sketch, monkeypatch):
    monkeypatch.setattr(learn_state, "QUICK", {"drawings": 2, "samples": 2})
    reports = list(learn_state.pass_curves("tiny:sketch", ()))
    notes = list(dict.fromkeys(report.note for report in reports if report.note))
    assert notes == [f"tiny:sketch: {number} of 2 drawings, 2 programs each" for number in (1, 2)]
    assert reports[-1].figure is not None
    assert all(report.figure is None for report in reports[:-1])


def test_a_job_without_news_lets_the_page_go_and_then_hears_that_nobody_listens(monkeypatch):
    monkeypatch.setattr(learn_state, "PULSE", 0.01)
    answers, quiet, ended = [], threading.Event(), threading.Event()

    def job(tell):
        quiet.wait(60)
        answers.append(tell("news"))
        ended.set()
        return "result"

    told = learn_state._told(job)
    assert next(told) == (None, None)
    told.close()
    quiet.set()
    assert ended.wait(60)
    assert answers == [False]


def test_replies_are_shown_raw(sketch):
    task = SketchTask.of(render("(Circle 3 8 8)"))
    found = replies.ask("tiny:sketch", task, 1.0, True, 0)
    shown = replies.table(found)
    assert shown.count("<tr>") == replies.REPLIES + 1 and "none" in shown
    assert shown.count('src="data:image/png;base64,') == replies.REPLIES and "what reply 0 draws" in shown
    with pytest.raises(BadInput, match="blank"):
        replies.ask("tiny:sketch", None, 1.0, False, 0)
    told = reflections.reading(SketchEvidence(None, None, LearnFindings(replies=found)))
    assert told.startswith("Of 8 replies of tiny:sketch, ") and told.endswith(
        "The grammar let nothing else be written."
    )


def test_without_a_model_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded_models, "CHECKPOINTS", tmp_path)
    loading.forget()
    with pytest.raises(ModelUnavailable, match="train tiny-sketch"):
        replies.ask("tiny:sketch", SketchTask.of(render("(Circle 3 8 8)")), 1.0, False, 0)


def test_the_page_builds():
    with gr.Blocks() as page:
        learn_view.build(gr.State(None), gr.Dropdown(["proposal"]))
    ids = {block.elem_id for block in page.blocks.values()}
    assert {"sketch-learn", "learn-questions", "learn-make", "learn-tune", "learn-curve", "why-ask"} <= ids
