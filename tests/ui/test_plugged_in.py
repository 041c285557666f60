"""One line of registration each, and plug-ins from outside are on the real page, at its endpoints and in --help."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import outside_plugins
import pytest
import tiny_vlms
from gradio_client import Client, handle_file
from PIL import Image

from tts_playground import registry
from tts_playground.errors import BadInput
from tts_playground.experiments.comparison import comparable
from tts_playground.pages.t2i import image_repository, inspector, page_state, render, strategy_comparison, sweep
from tts_playground.pages.t2i.request_queue import DrawRequest
from tts_playground.pages.vqa import page_state as vqa_state
from tts_playground.pages.vqa import render as vqa_render
from tts_playground.pages.vqa import step_search
from tts_playground.pages.vqa.view_settings import VqaView
from tts_playground.ui import shell

TESTS = Path(__file__).parents[1]
COMPARED = ["--strategies", "two-thirds", "--seeds", "2", "--n", "8", "--json"]
VISITOR = {"X-Real-IP": "10.0.0.7"}


@pytest.fixture(scope="module")
def outsiders():
    outside_plugins.register()
    yield
    outside_plugins.unregister()


@pytest.fixture(scope="module")
def visitor(outsiders, image_model, tmp_path_factory):
    """A visitor of the whole app."""
    patch = pytest.MonkeyPatch()
    patch.setenv("TTS_PLAYGROUND_VLM_MODEL", str(tiny_vlms.save("tiny", tmp_path_factory.mktemp("vlm"))))
    app = shell.build()
    yield Client(shell.serve(app, block=False, quiet=True, server_name="127.0.0.1"), verbose=False, headers=VISITOR)
    app.close()
    patch.undo()


@pytest.fixture
def picture(tmp_path):
    file = tmp_path / "picture.png"
    Image.new("RGB", (64, 64), "white").save(file)
    return file


FITS = {
    "two-thirds": ("t2i-strategies", "vqa-steps-strategy", "sketch-strategy", "sketch-contest-strategies"),
    "brightness": ("t2i-reward", "t2i-second", "t2i-judge"),
    "brevity": ("vqa-steps-guide",),
    "polite": ("vqa-steps-guide",),
    "paintings": ("t2i-model",),
    "guesses": ("vqa-model",),
}


@pytest.mark.parametrize("name", FITS)
def test_each_is_in_every_menu_where_it_fits_and_in_no_other(visitor, name):
    found = set()
    for part in visitor.config["components"]:
        choices = part["props"].get("choices") or ()
        if name in [one[1] if isinstance(one, (list, tuple)) else one for one in choices]:
            found.add(part["props"]["elem_id"])
    assert found == set(FITS[name])


def test_a_visitor_draws_with_a_sampler_from_outside(visitor):
    asked = {"model": "paintings", "reward": "brightness,2*brightness", "api_name": "/generate"}
    bright, dark = (visitor.predict("anything", n=4, temperature=t, **asked) for t in (1.0, 0.5))
    assert bright["model"] == "paintings" and set(bright["samples"][0]["rewards"]) >= {"brightness-of-pixels"}
    scores = [[one["rewards"]["brightness-of-pixels"] for one in result["samples"]] for result in (bright, dark)]
    assert len(set(scores[0])) > 1 and scores[0][bright["best"]] == max(scores[0])
    assert all(b <= a for a, b in zip(*scores, strict=True)) and scores[1] != scores[0]  # its own setting counts


def test_a_visitor_asks_a_sampler_from_outside(visitor, picture):
    result = visitor.predict(handle_file(picture), "really?", model="guesses", n=6, api_name="/answer")
    answers = [one["answer"] for one in result["samples"]]
    assert result["model"] == "guesses" and set(answers) <= {"yes", "no"}
    assert result["picks"]["last"] == answers[-1]


def test_the_image_tab_shows_them(outsiders, view):
    asked = replace(view, model="paintings", reward="brightness", second="0.5*brightness")
    page_state.checked(asked)
    for _ in image_repository.serve(DrawRequest(asked, 4), lambda: False):
        pass
    look = image_repository.look(asked)
    assert image_repository.complete(look, 4) and len(render.gallery(look)) == 4
    assert "brightness" in render.picks(look)
    with pytest.raises(BadInput, match="by tokens"):
        next(sweep.draw("a page", asked, 2))
    with pytest.raises(BadInput, match="by tokens"):
        inspector.prepare(inspector.Subject(look.view, 0))


def test_the_comparison_runs_them(outsiders, view):
    asked = replace(view, model="paintings", reward="brightness")
    assert "two-thirds" in comparable("t2i")
    *_, last = strategy_comparison.run(asked, "sharpness", ["two-thirds"])
    assert {point.label for point in last.state.points} == {"two-thirds"}
    with pytest.raises(BadInput, match="cannot"):
        list(strategy_comparison.run(asked, "sharpness", ["parm"]))


def test_the_vqa_tab_asks_them(outsiders, tmp_path):
    *_, work = vqa_state.ask(Image.new("RGB", (32, 32)), VqaView("really?", "yes", n=6, model="guesses"))
    assert len(work.samples) == 6 and work.result is not None and "last" in work.result.picks
    assert "last answer" in vqa_render.table(work) and "guesses" in vqa_render.as_python(work)
    assert vqa_render.headline(work) and vqa_render.question_figure(work) and vqa_render.rows(work)


@pytest.mark.parametrize("guide", ["brevity", "polite"])
def test_a_search_over_steps_is_guided_by_them(outsiders, tmp_path, guide):
    view = VqaView("what?", model=str(tiny_vlms.save("tiny", tmp_path)), n=2)
    *_, found = step_search.search(Image.new("RGB", (32, 32)), view, "two-thirds", guide, 2)
    wanted = [-len(one.sample.content) if guide == "brevity" else 0.0 for one in found.finished]
    assert [one.reward for one in found.finished] == wanted and found.how.guide == guide
    assert registry.entry_of_reward(guide).title in step_search.reading(found)


def test_a_sampler_from_outside_is_searched_whole(outsiders):
    view = VqaView("what?", model="guesses", n=2)
    *_, found = step_search.search(Image.new("RGB", (32, 32)), view, "two-thirds", "brevity", 4)
    assert found.answer in ("yes", "no") and len(found.finished) == 4 and found.model == "guesses"
    assert found.worth is None and step_search.headline(found) and step_search.tree(found) is not None


def test_a_guide_that_asks_the_model_needs_one(outsiders):
    view = VqaView("what?", model="guesses", n=2)
    with pytest.raises(BadInput, match="which this sampler lacks"):
        list(step_search.search(Image.new("RGB", (32, 32)), view, "two-thirds", "p_yes", 2))


def test_the_command_line_takes_them(outsiders, picture, tmp_path, capsys, monkeypatch):
    import json

    from tts_playground.cli import main

    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path))
    for arguments in (
        ["generate", "anything", "--sampler", "paintings", "--n", "3", "--reward", "brightness", "--json"],
        ["answer", str(picture), "really?", "--model", "guesses", "--n", "3", "--json"],
        ["compare", "anything", "--model", "paintings", "--reward", "brightness", "--judge", "sharpness", *COMPARED],
    ):
        with pytest.raises(SystemExit) as left:
            main(arguments)
        out = capsys.readouterr().out
        assert not left.value.code and json.loads(out)["model"] in ("paintings", "guesses"), arguments


@pytest.mark.parametrize(
    ("verb", "names"),
    [
        ("generate", {"paintings", "brightness"}),
        ("answer", {"guesses", "brevity", "polite", "two-thirds"}),
        ("compare", {"paintings", "brightness", "two-thirds"}),
        ("sketch", {"two-thirds"}),
    ],
)
def test_help_names_them(verb, names):
    there = {**os.environ, "TTS_PLAYGROUND_PLUGINS": "outside_plugins_here", "PYTHONPATH": str(TESTS), "COLUMNS": "300"}
    run = [sys.executable, "-m", "tts_playground", verb, "--help"]
    shown = subprocess.run(run, env=there, cwd=TESTS.parent, capture_output=True, text=True, check=True).stdout
    shown = re.sub(r"-\n\s*", "-", shown)  # lines are broken behind hyphens
    assert {name for name in names if name in shown} == names


def test_a_sampler_that_cannot_be_built_from_its_name_is_in_no_menu(outsiders):
    registry.register("sampler", "half-built", "tts_playground.samplers.vlm:VlmSampler", tasks=("vqa",))
    registry.register("sampler", "gone", "no_such_package:Sampler", tasks=("vqa",))
    try:
        assert [row.name for row in registry.standalone("vqa")] == ["guesses"]
    finally:
        registry.unregister("sampler", "half-built")
        registry.unregister("sampler", "gone")
