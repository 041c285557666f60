"""``sketch``: independent draws are kept in the store and read from it; a reward may be named."""

import inspect
import json

import pytest

from tts_playground.cli import main
from tts_playground.cli import sketch as verb
from tts_playground.dsl import render
from tts_playground.dsl.scoring import CLOSENESS
from tts_playground.pages.sketch.view_settings import default
from tts_playground.samplers.proposal import ProposalSampler
from tts_playground.store.store import Store
from tts_playground.tasks.sketch import SketchSettings, sketch
from tts_playground.ui.sketch.api import sketch as endpoint


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))
    drawing = tmp_path / "cut.png"
    render("(- (Circle 6 8 8) (Quad 8 8 4 9 30))").save(drawing)

    def call(*arguments):
        with pytest.raises(SystemExit) as leaving:
            main(["sketch", str(drawing), "--seconds", "600", *map(str, arguments), "--json"])
        return leaving.value.code, json.loads(capsys.readouterr().out)

    return call


@pytest.fixture
def drawn(monkeypatch):
    """Indices that the proposal was asked for."""
    asked, draw = [], ProposalSampler.draw

    def counted(self, task, indices, *, seed=0):
        asked.extend(indices)
        return draw(self, task, indices, seed=seed)

    monkeypatch.setattr(ProposalSampler, "draw", counted)
    return asked


def pools():
    """Names of the rewards of every pool."""
    with Store() as store:
        return [[name for name, _ in store.open(one.key).rewards()] for one in store.pools()]


@pytest.mark.parametrize(
    ("more", "guides"), [((), ["fit", "score"]), (("--reward", "iou"), ["iou"])], ids=["fit", "iou"]
)
def test_best_of_n_and_the_plot_share_one_pool_and_nothing_is_drawn_twice(run, drawn, tmp_path, more, guides):
    options = ("--strategy", "best-of-n", "--seed", 3, *more)
    code, first = run(*options, "--n", 5, "--plot", tmp_path / "curve.html")
    assert code == 0 and sorted(drawn) == list(range(5))
    assert pools() == [guides]
    assert (tmp_path / "curve.html").stat().st_size > 1000
    code, again = run(*options, "--n", 5)
    assert code == 0 and sorted(drawn) == list(range(5))
    assert again["program"] == first["program"] and again["cost"]["samples"] == first["cost"]["samples"] == 5
    assert again["cost"]["renders"] == first["cost"]["renders"]
    run(*options, "--n", 7)
    assert sorted(drawn) == list(range(7))


def test_a_search_keeps_nothing(run):
    assert run("--n", 8)[0] == 0
    assert pools() == []


def test_an_unknown_reward_is_answered_with_those_there_are(run):
    code, said = run("--reward", "fitt")
    assert code == 2 and "did you mean 'fit'" in said["error"]


def test_the_verb_the_function_and_the_page_stand_at_the_same_closeness():
    for function in (verb.sketch, sketch, endpoint):
        assert inspect.signature(function).parameters["closeness"].default == CLOSENESS
    assert SketchSettings().closeness == default("closeness") == CLOSENESS
