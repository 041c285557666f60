"""The VQA tab on a random model: streaming, tables, figures, files, links, and its endpoint."""

import base64
import csv
import io
import json
from dataclasses import replace

import pytest
import tiny_vlms
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from tts_playground.errors import BadInput
from tts_playground.models.hub import embedded_models
from tts_playground.pages.vqa import page_state, render, tour, words
from tts_playground.pages.vqa.view_settings import (
    LIMITS,
    MENU,
    VqaView,
    coerce_view,
    default_view,
    examples,
    to_query,
    values_of,
    view_of,
)
from tts_playground.ui import shell
from tts_playground.ui.vqa import TAB


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tiny_vlms.save("tiny", tmp_path_factory.mktemp("vlm")))


@pytest.fixture(autouse=True)
def _model(folder, monkeypatch, tmp_path):
    monkeypatch.setenv("TTS_PLAYGROUND_VLM_MODEL", folder)
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def done(folder):
    """The work on one question, as it grew."""
    one = examples()[0]
    return list(page_state.ask(one.picture, VqaView(one.question, one.answer, n=5, model=folder)))


def test_the_tab_shows_when_a_model_is_here(monkeypatch, tmp_path):
    assert MENU.available() and TAB.ready()
    monkeypatch.delenv("TTS_PLAYGROUND_VLM_MODEL")
    monkeypatch.setattr(embedded_models, "CHECKPOINTS", tmp_path)
    assert not TAB.ready() and "tiny:vlm" not in [m for m in MENU.names() if m != default_view().model]


def test_values_are_bent_into_range(folder):
    view = coerce_view({"n": "999", "temperature": "-3", "top_k": "x", "seed": None, "blank": "true", "other": 1})
    assert (view.n, view.temperature, view.top_k, view.seed, view.blank) == (LIMITS["n"][1], 0, 0, 0, True)
    assert view_of(*values_of(view)) == view and f"n={view.n}" in to_query(view)
    assert VqaView(truth="7 | seven |").truths == ["7", "seven"]
    assert MENU.allowed(folder, False) == folder and MENU.allowed("some/other", True) == "some/other"
    with pytest.raises(BadInput, match="choose from"):
        MENU.allowed("some/other", False)


def test_answers_stream_and_end_verified(done):
    last = done[-1]
    assert all(one.result is None for one in done[:-1])
    assert last.result is not None and len(last.samples) == 5 and "oracle" in last.result.picks
    assert len(last.likely) == 10 and last.asked is not None and last.asked.unit["tokens"] > 0
    assert "of 5 answers" in render.headline(replace(last, result=None))
    assert "verifications" in render.headline(last)
    said = render.verdict(last)
    assert "The majority says" in said and "of the 5 answers" in said and said.count("data-marks=") == 2
    one = last.first(1)
    assert "The one answer is" in render.verdict(one) and "1 answer by" in render.headline(one)
    assert one.asked is not None and one.asked.answers == last.asked.answers[:1] and last.first(99) is last
    assert one.result.cost.tokens == last.samples[0].cost.tokens and one.result.cost.verifier_calls == 2


def test_a_reply_is_written_again_by_how_the_others_went_on(done):
    replies = [["a", " b", " c"], ["a", " b", " d"], ["a", " x"], ["y"]]
    counts = words.ways(replies, replies[0])
    assert [dict(one) for one in counts] == [{"a": 3, "y": 1}, {" b": 2, " x": 1}, {" c": 1, " d": 1}]
    assert "".join(words.pieces("apr 56\nmay  3 \n")) == "apr 56\nmay  3 \n"
    nasty = replace(done[-1].samples[0], content="<script> '\"")
    shown = words.board(replace(done[-1], samples=(nasty,), result=None))
    assert "<script>" not in shown and "no other reply began like this" in shown
    assert words.board(None) == words.NOTHING


def test_every_answer_of_the_tour_has_numbers_or_says_what_is_missing(done):
    seen, nothing = tour.AnswerEvidence(done[-1], None), tour.AnswerEvidence(None, None)
    for stop in tour.STOPS:
        for told in (stop.answer(seen), stop.answer(nothing)):
            assert told.endswith((".", ". ")) and "nan" not in told, stop.key
    assert "0.57" in tour.named("once").answer(seen) and "one in 10" in tour.named("hot").answer(seen)
    assert tour.named("nosuch") is None


def test_the_table_tells_votes_picks_and_right_from_wrong(done):
    last = done[-1]
    text = render.table(last)
    assert text.count("<tr class=") == len(render.tally(last.result.answers))
    assert "majority" in text and "highest P(yes)" in text and "class='wrong'" in text
    assert "class='wrong'" not in render.table(replace(last, task=replace(last.task, answers=())))
    nasty = replace(last.samples[0], content="<script>", info={"answer": "<script>", "lines": ["<b>", "<i>"]})
    shown = render.table(replace(last, samples=(nasty,), result=None))
    assert "<script>" not in shown and "&lt;script&gt;" in shown and "<b>" not in shown
    assert "No answers" in render.table(None)


def test_figures_with_and_without_truth(done):
    last = done[-1]
    assert len(render.question_figure(last).data) >= 5
    unknown = replace(last.task, answers=())
    agreement = render.question_figure(replace(last, task=unknown))
    assert "say" in agreement.layout.yaxis.title.text and agreement.data
    assert not render.question_figure(None).data
    assert render.reliability_figure((last.asked,)).data is not None
    assert len(render.theory_figure(0.1, 8).data) == 3
    assert len(render.shape_figure(last, 0.5, 0.9, 3).data) == 2 and len(render.shape_figure(None, 0, 1, 0).data) == 2


def test_sets_of_questions_go_through_the_store(folder):
    view = VqaView("q", model=folder, n=3)
    found = list(page_state.ask_set("infographics-eval", 2, view))
    last = found[-1]
    assert last.done == last.of == 2 and len(last.asked) == 2
    assert render.set_figure(last, "tokens", "anls").data and "2 questions" in render.set_reading(last, "anls")
    assert not render.set_figure(None, "n", "exact").data


def test_files_and_scripts(done):
    last = done[-1]
    given = {kind: json.loads(render.download(last, kind)) for kind in ("csv", "parquet", "html")}
    raw = {kind: base64.b64decode(one["href"].partition(",")[2]) for kind, one in given.items()}
    rows = list(csv.DictReader(io.StringIO(raw["csv"].decode())))
    assert len(rows) == 5 and {"answer", "p_yes", "rating", "right", "text"} <= set(rows[0])
    import pyarrow.parquet as pq

    assert pq.read_table(io.BytesIO(raw["parquet"])).num_rows == 5 and b"plotly" in raw["html"]
    assert render._harmless("=1+1") == "'=1+1" and render._harmless("") == "" and render._harmless(3) == 3
    compile(render.as_python(last), "script", "exec")
    assert "tts_playground.answer" in render.as_python(last) and render.as_python(None).startswith("#")


def test_a_question_without_a_picture_is_one_sentence():
    with pytest.raises(BadInput, match="no picture"):
        list(page_state.ask(None, default_view()))


@pytest.fixture(scope="module")
def client(folder):
    import os

    os.environ["TTS_PLAYGROUND_VLM_MODEL"] = folder
    app = shell.build([TAB])
    address = shell.serve(app, block=False, quiet=True, server_name="127.0.0.1")
    yield Client(address, verbose=False)
    app.close()
    os.environ.pop("TTS_PLAYGROUND_VLM_MODEL", None)


def test_the_endpoint_answers_as_the_command_line(client, tmp_path):
    file = tmp_path / "a.png"
    tiny_vlms.picture().save(file)
    said = client.predict(handle_file(file), "what is the value of kiwi?", n=3, seed=2, api_name="/answer")
    assert set(said) >= {"question", "samples", "picks", "cost"} and len(said["samples"]) == 3
    assert set(said["samples"][0]) == {"text", "answer", "logprob", "p_yes", "steps"}
    names = [
        p["parameter_name"] for p in client.view_api(return_format="dict")["named_endpoints"]["/answer"]["parameters"]
    ]
    assert names == ["image", "question", "model", "n", "temperature", "top_p", "top_k", "seed", "most_tokens"]
    moving = tmp_path / "moving.webp"
    frames = [Image.new("RGB", (9, 9), color) for color in ("red", "blue")]
    frames[0].save(moving, save_all=True, append_images=frames[1:])
    for picture, question, options, sentence in [
        (file, "", {}, "question is empty"),
        (file, "x" * 10_000, {}, "10,000 characters"),
        (file, "x", {"n": 0}, "between 1 and"),
        (file, "x", {"temperature": 9}, "between 0 and"),
        (moving, "x", {}, "frames"),
    ]:
        with pytest.raises(AppError) as caught:
            client.predict(handle_file(picture), question, **options, api_name="/answer")
        assert sentence in str(caught.value) and "Traceback" not in str(caught.value)
