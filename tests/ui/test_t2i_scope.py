"""The microscope: distributions reshape under settings without the model."""

import html
import json
from dataclasses import replace

import numpy as np
import pytest

from tts_playground import figures
from tts_playground.errors import BadInput
from tts_playground.pages.t2i import image_repository, inspector, watch
from tts_playground.pages.t2i.request_queue import DrawRequest


@pytest.fixture
def subject(view):
    list(image_repository.serve(DrawRequest(view, 2), lambda: False))
    mine = inspector.Subject(view, 1)
    inspector.prepare(mine)
    return mine


def _bars(figure):
    return {trace.name.partition(",")[0].partition(":")[0]: np.array(trace.y) for trace in figure.data}


def test_sliders_reshape_without_the_model(subject, view, monkeypatch):
    monkeypatch.setattr("tts_playground.models.janus.model.Janus.teacher_logits", None)
    monkeypatch.setattr("tts_playground.pages.t2i.image_repository.pool_of", None)
    plain = _bars(inspector.panel(subject, replace(view, cfg=1.0), False)[1])
    assert plain["drawn from"] == pytest.approx(plain["with the prompt"], abs=1e-6)
    cold = _bars(inspector.panel(subject, replace(view, temperature=0.0001), False)[1])
    assert cold["drawn from"][0] == pytest.approx(1, abs=1e-4)
    strong = _bars(inspector.panel(subject, replace(view, cfg=20.0), False)[1])
    assert strong["drawn from"].max() > plain["drawn from"].max()


def test_the_drawn_token_has_the_probability_it_was_drawn_with(subject, view):
    sample = image_repository.sample_of(view, 1)
    held = inspector.KEPT.get(subject)
    assert held is not None
    logprobs, entropies = held[0].report(view.settings)
    assert logprobs == pytest.approx(sample.info["logprobs"], abs=1e-3)
    assert entropies == pytest.approx(sample.info["entropies"], abs=1e-3)


def test_clicks_find_their_patch_and_frame_it(subject, view):
    assert inspector.clicked(subject, 0, 0) == 0
    assert inspector.clicked(subject, inspector.SIDE - 1, inspector.SIDE - 1) == 15
    assert inspector.clicked(subject, inspector.SIDE * 0.6, 1) == 2
    assert inspector.clicked(subject, 1e9, -5) == 3
    picture, figure, words = inspector.panel(replace(subject, position=15), view, True)
    assert picture is not None and picture.size == (inspector.SIDE, inspector.SIDE)
    assert picture.getpixel((inspector.SIDE - 3, inspector.SIDE - 40)) != picture.getpixel(
        (inspector.SIDE - 40, inspector.SIDE - 40)
    )
    assert any(name.startswith("★") for name in figure.data[0].x) or "chance" in words
    assert "row 4, column 4" in words


def test_it_opens_where_the_model_hesitates_most_and_the_map_has_a_scale(subject, view):
    entropies = image_repository.sample_of(view, 1).info["entropies"]
    opened = inspector.undecided(subject)
    assert opened.position == int(np.argmax(entropies))
    *_, words = inspector.panel(opened, view, True)
    assert (
        f"{max(entropies):.2f} nats: as undecided" in words
        and "as undecided" not in inspector.panel(opened, view, False)[2]
    )
    likeliest = inspector.likeliest(inspector.KEPT.get(subject)[0], view, 3)
    assert len(likeliest) == 16 and all(row == sorted(row, key=lambda pair: -pair[1]) for row in likeliest)


def test_an_image_is_drawn_again_from_what_its_sample_says(subject, view, monkeypatch):
    monkeypatch.setattr("tts_playground.models.loading.load", None)
    board = html.unescape(watch.board(image_repository.look(view), 1))
    told = json.loads(board[board.index("{") : board.rindex("}") + 1])
    info = image_repository.sample_of(view, 1).info
    assert told["grid"] == 4 and told["tokens"] == list(info["tokens"]) and len(told["top"]) == 16
    assert told["p"] == pytest.approx(np.exp(info["logprobs"]), abs=1e-3)
    assert watch.board(image_repository.look(replace(view, seed=77))) == watch.NOTHING


def test_nothing_chosen_is_said_and_lost_images_are_one_sentence(view):
    picture, figure, words = inspector.panel(None, view, False)
    assert picture is None and "first" in figure.layout.annotations[0].text and "Click" in words
    with pytest.raises(BadInput, match="draw again"):
        inspector.prepare(inspector.Subject(replace(view, seed=999), 3))


def test_bars_need_rows_of_one_length():
    with pytest.raises(BadInput):
        figures.token_bars([1, 2], [0.5], [0.5], [0.5])
    assert "Click" in figures.token_bars([], [], [], []).layout.annotations[0].text


def test_only_the_embedded_model_is_looked_into_unasked(view, monkeypatch):
    mine = replace(view, model="tiny:janus")
    assert inspector.is_quick(mine) and not inspector.is_quick(view)
    monkeypatch.setattr(inspector, "here", lambda: True)
    assert not inspector.is_quick(mine)
