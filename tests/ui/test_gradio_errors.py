"""What gradio raises on its own, and on requests that are no event; these fail when gradio is not as it was read."""

import inspect
import json

import gradio as gr
import httpx
import pytest
from gradio import utils

from tts_playground.errors import BadInput
from tts_playground.ui.gradio_patches import Page


@pytest.fixture(scope="module")
def small():
    """A page whose handlers break in every way; its address."""
    app = Page()
    with app:
        text, number = gr.Textbox(label="words"), gr.Number(label="count")
        menu = gr.Radio(["a", "b"], label="letter")
        wrong = gr.Image()
        click = gr.Button().click
        click(lambda words: len(words), text, number, api_name="length")
        click(lambda: 1 / 0, None, number, api_name="broken")
        click(lambda count: object(), number, wrong, api_name="no_picture")
        click(_unready, text, number, api_name="refused")
        click(lambda letter: 1, menu, number, api_name="letter")
        click(_stream, None, number, api_name="stream")
    app.queue()
    _, address, _ = app.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", show_error=False)
    yield address + "gradio_api/"
    app.close()


def _unready(words):
    raise BadInput(f"There is no \x1b[31m<b>{words}</b> here; choose another.")


def _stream():
    yield 1
    raise KeyError("secret")


def _call(address, name, body):
    headers = {"content-type": "application/json"}
    answer = httpx.post(f"{address}call/{name}", content=json.dumps(body), headers=headers)
    if answer.status_code != 200:
        return answer.status_code, answer.json()["error"]
    text = httpx.get(f"{address}call/{name}/{answer.json()['event_id']}", timeout=20).text
    last = text.strip().split("\n\n")[-1]
    kind, _, data = last.partition("\ndata: ")
    return kind.removeprefix("event: "), json.loads(data)


def test_nothing_is_null(small):
    assert utils.error_payload(ValueError("why"), False) == {"error": None}  # gradio's own answer, which hides all
    assert _call(small, "length", {"data": ["four"]}) == ("complete", [4])
    for name, data, says in [
        ("length", [[1]], "words must be a text, not a list."),
        ("length", [], "/length takes 1 values (words), but 0 came."),
        ("letter", ["c"], "There is no letter 'c' here; choose one of: a, b."),
        ("refused", ["x"], "There is no &lt;b&gt;x&lt;/b&gt; here; choose another."),
    ]:
        kind, said = _call(small, name, {"data": data})
        assert (kind, said["error"]) == ("error", says)


@pytest.mark.parametrize("name", ["broken", "no_picture", "stream"])
def test_faults_are_called_so_and_tell_nothing(small, name):
    kind, said = _call(small, name, {"data": [] if name != "no_picture" else [1]})
    assert kind == "error"
    assert said["error"].startswith("Something broke inside the app")
    assert "secret" not in str(said)


def test_requests_that_are_no_event_are_answered_in_a_sentence(small):
    for name, body in [
        ("nosuch", {"data": []}),
        ("v2/nosuch", {}),
        ("v2/length", {"nosuch": 1}),
        ("v2/length", {}),
        ("length", {"data": 5}),
        ("length", []),
        ("length", {"data": ["x"], "session_hash": []}),
    ]:
        status, said = _call(small, name, body)
        assert status in (404, 422), name
        assert 20 < len(said) < 300 and "\n" not in said
    headers = {"content-type": "application/json"}
    for index in (10**6, -5, "abc", 10**400):
        body = json.dumps({"data": [], "fn_index": index, "session_hash": "s"})
        answer = httpx.post(f"{small}queue/join", content=body, headers=headers)
        assert answer.status_code in (400, 404, 422) and answer.json()["detail"].endswith(".")
    for text in ("{", "[" * 100_000, '{"data": [' + "9" * 5000 + "]}"):
        assert httpx.post(f"{small}queue/join", content=text, headers=headers).status_code in (400, 422)


def test_what_is_overridden_is_as_it_was_read():
    preprocess = list(inspect.signature(gr.Blocks.preprocess_data).parameters)
    assert preprocess == ["self", "block_fn", "inputs", "state", "explicit_call"]
    assert list(inspect.signature(gr.Blocks.process_api).parameters)[:3] == ["self", "block_fn", "inputs"]
    assert "event_data" in inspect.signature(gr.Blocks.process_api).parameters
    assert Page().get_block_name() == gr.Blocks().get_block_name()


@pytest.mark.parametrize("data", ["a new text", 5, None, [1]])
def test_a_change_may_bring_its_new_value(data):
    from types import SimpleNamespace

    from tts_playground.ui.gradio_patches.page import _check_event

    event = SimpleNamespace(_data=data)
    _check_event(SimpleNamespace(targets=[(1, "change")]), event)
    assert event._data == {}
