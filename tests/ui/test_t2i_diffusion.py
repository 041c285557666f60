"""The image tab on a pipeline of diffusers: which sliders it understands, previews, links, strategies, the endpoint."""

from dataclasses import replace

import numpy as np
import pytest
import tiny_pipelines

from tts_playground.errors import BadInput

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def flow(tmp_path_factory, forget):
    """The folder of the default model, a pipeline, with a store of its own."""
    patch = pytest.MonkeyPatch()
    folder = str(tiny_pipelines.saved("sana", tmp_path_factory.mktemp("flow") / "sana"))
    patch.setenv("TTS_PLAYGROUND_T2I_MODEL", folder)
    patch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path_factory.mktemp("home")))
    patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
    patch.setattr("tts_playground.home.STARTERS", tmp_path_factory.mktemp("starters"))
    forget()
    yield folder
    patch.undo()
    forget()


@pytest.fixture
def view(flow):
    from tts_playground.pages.t2i.view_settings import T2iView

    return T2iView("a red apple", 4, cfg=1.5, model=flow, reward="sharpness", second="colourfulness", steps=4, eta=0.0)


@pytest.fixture(scope="module")
def parts(flow):
    from tts_playground.ui import shell
    from tts_playground.ui.t2i import TAB

    app = shell.build([TAB])
    yield {part["props"].get("elem_id"): part["props"] for part in app.config["components"]}
    app.close()


def test_sliders_of_the_other_kind_are_grey_and_say_why(parts):
    for name in ("steps", "eta"):
        assert parts[f"t2i-{name}"]["interactive"], name
    for name in ("temperature", "top-p", "top-k"):
        told = parts[f"t2i-{name}"]
        assert told["interactive"] is False and "denoises and draws no tokens" in told["info"]
    assert parts["t2i-steps"]["value"] == 20 and parts["t2i-cfg"]["value"] == 4.5


def test_another_model_turns_the_sliders_over_whoever_chose_it(view, random_janus_folder):
    from tts_playground.ui.t2i.layout import MODEL_SLIDERS, adjusted

    janus = str(random_janus_folder)
    for model, live in ((view.model, ("cfg", "steps", "eta")), (janus, ("cfg", "temperature", "top_p", "top_k"))):
        for name, update in zip(MODEL_SLIDERS, adjusted(model), strict=True):
            assert update.interactive is not (name not in live)
            assert ("Not of" in update.info) is (name not in live)
            assert name != "cfg" or "4.5: this model's own" in update.info or model == janus


def test_what_a_link_does_not_name_follows_its_model(view):
    from tts_playground.pages.t2i.view_settings import coerce_view, following

    found = following(coerce_view({"model": "tiny:flow"}), {"model": "tiny:flow"})
    assert (found.cfg, found.steps, found.model) == (3.0, 12, "tiny:flow")
    named = {"model": "tiny:flow", "cfg": "7", "steps": "5"}
    assert (following(coerce_view(named), named).cfg, following(coerce_view(named), named).steps) == (7.0, 5)
    assert following(view, {"steps": "5"}) == view


def test_tiny_flow_knows_the_words_of_the_examples_and_of_the_opening():
    from tts_playground.pages.t2i.view_settings import OPENING, examples, unknown

    assert unknown("tiny:flow", OPENING) == [] == unknown("tiny:flow", examples("tiny:flow")[0])
    long = "a cat and " * 30  # longer than its text tower
    assert unknown("tiny:flow", f"{long} a xylophone") == ["xylophone"] == unknown("tiny:flow", "a xylophone")


def test_previews_are_clean_pictures_and_everything_lands_in_the_gallery(view):
    from tts_playground.pages.t2i import image_repository, page_state, render, tour_answers, watch
    from tts_playground.pages.t2i.request_queue import DrawRequest

    steps = list(page_state.drawn("me", DrawRequest(view, 4), pressed=True))
    previews = [one for step in steps if step.progress for one in step.progress.unfinished]
    assert previews and all(np.asarray(one).shape == (64, 64, 3) for one in previews)
    look = steps[-1].look
    assert look is not None and look.size == 4 and set(look.scores) >= {"sharpness", "colourfulness"}
    assert "evaluations per image" in render.summary(look) and "tokens per image" not in render.summary(look)
    assert "in 4 denoising steps, CFG 1.5." in render.summary(look) and "temperature" not in render.summary(look)
    assert "1 denoising step, eta 0.5" in render.how_drawn(replace(view, steps=1, eta=0.5))
    assert "denoises: every step changes the whole picture" in watch.board(look)
    assert "denoises" in tour_answers.hesitation(tour_answers.Evidence(look))
    assert image_repository.look(replace(view, steps=5)).size == 0, "other steps are another pool"
    # settings that a pipeline does not know name no other pool
    assert image_repository.look(replace(view, temperature=0.3, top_k=5)).size == 4


def test_a_link_brings_steps_and_eta_back(view):
    from urllib.parse import parse_qsl

    from tts_playground.pages.t2i import view_settings

    changed = replace(view, steps=7, eta=0.25)
    query = dict(parse_qsl(view_settings.to_query(changed)))
    assert view_settings.coerce_view(query) == changed
    assert view_settings.coerce_view({"steps": "x", "eta": 7}).eta == 1.0


def test_links_scripts_and_commands_name_what_the_model_takes_and_nothing_else(view):
    from tts_playground.pages.t2i import export, view_settings

    denoising, of_tokens = ("steps", "eta"), ("temperature", "top_p", "top_k")
    for one, taken, others in (
        (replace(view, steps=7, eta=0.25), denoising, of_tokens),
        (replace(view, model="tiny:janus"), of_tokens, denoising),
    ):
        script, command = export.script(one), export.as_command(one)
        for text, name in ((script, "{}="), (command, "--{}"), (view_settings.to_query(one), "&{}=")):
            held = [key for key in (*taken, *others) if (name.format(key) in text.replace("top-", "top_"))]
            assert held == list(taken), text


def test_the_microscope_and_the_sweep_say_that_they_are_for_tokens(view):
    from tts_playground.pages.t2i import inspector, sweep

    with pytest.raises(BadInput, match="no tokens to look at"):
        inspector.prepare(inspector.Subject(view, 0))
    with pytest.raises(BadInput, match="no tokens to look at"):
        next(sweep.draw("me", view, 2))


def test_strategies_compare_at_equal_evaluations_and_leave_a_trace(view):
    from tts_playground.pages.t2i import strategy_comparison

    plan = replace(strategy_comparison.PLAN, budgets=(2,), seeds=2, pool=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strategy_comparison, "PLAN", plan)
        found = list(strategy_comparison.run(view, "colourfulness", ["zero-order", "smc"]))[-1]
    assert found.denoises and len(found.labels) == 2
    for run in found.state.runs:
        assert run.rounds[-1].cost.tokens <= 2 * 4 * 2, "two whole pictures of 4 guided steps"
    figure = strategy_comparison.figure(found, "tokens")
    assert "evaluations of the denoiser" in figure.layout.xaxis.title.text.replace("<br>", " ")
    tree = strategy_comparison.tree(found, found.labels[-1])
    assert "evaluations of the denoiser" in tree.layout.xaxis.title.text.replace("<br>", " ")


def test_the_endpoint_draws_with_what_suits_the_pipeline(flow):
    from gradio_client import Client

    from tts_playground.ui import shell
    from tts_playground.ui.t2i import TAB

    app = shell.build([TAB])
    try:
        address = shell.serve(app, block=False, quiet=True, server_name="127.0.0.1")
        client = Client(address, verbose=False)
        told = client.predict(prompt="a cat", n=1, cfg=2.0, steps=3, reward="sharpness", api_name="/generate")
        assert told["settings"] == {"cfg": 2.0, "steps": 3, "eta": 0.0, "size": 0, "stride": 0}
        assert told["samples"][0]["file"].startswith("data:image/png") and told["cost"]["tokens"] == 6
        usual = client.predict(prompt="a cat", n=1, reward="sharpness", api_name="/generate")
        assert usual["settings"]["steps"] == 20
    finally:
        app.close()
