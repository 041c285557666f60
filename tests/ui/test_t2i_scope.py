"""The microscope: distributions reshape under settings without the model."""

from dataclasses import replace

import numpy as np
import pytest

from tts_playground.errors import BadInput
from tts_playground.runs import figures
from tts_playground.ui.t2i import scope, shelf
from tts_playground.ui.t2i.desk import Wish


@pytest.fixture
def subject(view):
    list(shelf.serve(Wish(view, 2), lambda: False))
    mine = scope.Subject(view, 1)
    scope.prepare(mine)
    return mine


def _bars(figure):
    return {trace.name.partition(",")[0].partition(":")[0]: np.array(trace.y) for trace in figure.data}


def test_sliders_reshape_without_the_model(subject, view, monkeypatch):
    monkeypatch.setattr("tts_playground.models.janus.Janus.teacher_logits", None)
    monkeypatch.setattr("tts_playground.ui.t2i.shelf.pool_of", None)
    plain = _bars(scope.panel(subject, replace(view, cfg=1.0), False)[1])
    assert plain["drawn from"] == pytest.approx(plain["with the prompt"], abs=1e-6)
    cold = _bars(scope.panel(subject, replace(view, temperature=0.0001), False)[1])
    assert cold["drawn from"][0] == pytest.approx(1, abs=1e-4)
    strong = _bars(scope.panel(subject, replace(view, cfg=20.0), False)[1])
    assert strong["drawn from"].max() > plain["drawn from"].max()


def test_the_drawn_token_has_the_probability_it_was_drawn_with(subject, view):
    sample = shelf.sample_of(view, 1)
    held = scope.KEPT.get(subject)
    assert held is not None
    logprobs, entropies = held[0].report(view.settings)
    assert logprobs == pytest.approx(sample.info["logprobs"], abs=1e-3)
    assert entropies == pytest.approx(sample.info["entropies"], abs=1e-3)


def test_clicks_find_their_patch_and_frame_it(subject, view):
    assert scope.clicked(subject, 0, 0) == 0
    assert scope.clicked(subject, scope.SIDE - 1, scope.SIDE - 1) == 15
    assert scope.clicked(subject, scope.SIDE * 0.6, 1) == 2
    assert scope.clicked(subject, 1e9, -5) == 3
    picture, figure, words = scope.panel(replace(subject, position=15), view, True)
    assert picture is not None and picture.size == (scope.SIDE, scope.SIDE)
    assert picture.getpixel((scope.SIDE - 3, scope.SIDE - 40)) != picture.getpixel((scope.SIDE - 40, scope.SIDE - 40))
    assert any(name.startswith("★") for name in figure.data[0].x) or "chance" in words
    assert "row 4, column 4" in words


def test_nothing_chosen_is_said_and_lost_images_are_one_sentence(view):
    picture, figure, words = scope.panel(None, view, False)
    assert picture is None and "first" in figure.layout.annotations[0].text and "Click" in words
    with pytest.raises(BadInput, match="draw again"):
        scope.prepare(scope.Subject(replace(view, seed=999), 3))


def test_bars_need_rows_of_one_length():
    with pytest.raises(BadInput):
        figures.token_bars([1, 2], [0.5], [0.5], [0.5])
    assert "Click" in figures.token_bars([], [], [], []).layout.annotations[0].text


def test_only_the_embedded_model_is_looked_into_unasked(view, monkeypatch):
    mine = replace(view, model="tiny:janus")
    assert scope.is_quick(mine) and not scope.is_quick(view)
    monkeypatch.setattr(scope, "here", lambda: True)
    assert not scope.is_quick(mine)
