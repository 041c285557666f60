"""The VQA tab on an endpoint: length of replies in page, link and API, verifiers where the server can, the script."""

import pytest
import tiny_vlms
from endpoint_servers import bare, serve, vllm
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from tts_playground.pages.vqa import page_state, render
from tts_playground.pages.vqa.view_settings import ORDER, VqaView, coerce_view, to_query, values_of, view_of
from tts_playground.tasks.vqa import vqa_sampler
from tts_playground.ui import shell
from tts_playground.ui.vqa import TAB

MODEL = "endpoint:m@http://localhost:1/v1"


def test_a_view_has_the_length_of_its_kind_of_model():
    assert VqaView().settings.most_tokens == 96 and VqaView(model=MODEL).settings.most_tokens == 512
    assert VqaView(model=MODEL, most_tokens=30).settings.most_tokens == 30
    assert vqa_sampler(MODEL, VqaView(model=MODEL).settings).fingerprint()["most_tokens"] == 512


@pytest.mark.parametrize(("given", "taken"), [("300", 300), ("99999", 2048), ("-4", 0), ("x", 0), (None, 0)])
def test_a_link_brings_the_length_back(given, taken):
    view = coerce_view({"most_tokens": given})
    assert view.most_tokens == taken and f"most_tokens={taken}" in to_query(view)
    assert view_of(*values_of(view)) == view and ORDER[-1] == "most_tokens"
    assert coerce_view({"n": "3"}).most_tokens == 0  # links from before


def tree(prompt):
    return {(): {"yes": 0.75, "no": 0.25}} if "yes or no" in prompt else {(): {"7": 0.5, "8": 0.5}}


@pytest.mark.parametrize(("play", "scores"), [(vllm(tree), {"p_yes", "rating", "logprob"}), (bare, set())])
def test_a_page_on_an_endpoint(play, scores, tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path))
    with serve(play) as (server, url):
        view = VqaView("which?", "7", 6, model=f"endpoint:m@{url}", most_tokens=40)
        *_, last = page_state.ask(tiny_vlms.picture(), view)
    assert set(last.result.scores) == scores and len(last.samples) == 6
    assert "40" in str({seen.body.get("max_tokens") for seen in server.seen})
    script = render.as_python(last)
    compile(script, "script", "exec")
    assert ("p_yes" in script) == ("p_yes" in scores) and "most_tokens=40" in script
    assert render.table(last) and render.headline(last) and render.question_figure(last)


def test_the_api_takes_the_length(tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))
    tiny_vlms.picture().save(tmp_path / "a.png")
    app = shell.build([TAB])
    client = Client(shell.serve(app, block=False, quiet=True, server_name="127.0.0.1"), verbose=False)
    try:
        with serve(vllm(tree)) as (server, url):
            asked = [handle_file(tmp_path / "a.png"), "which?"]
            options = {"model": f"endpoint:m@{url}", "n": 2, "api_name": "/answer"}
            said = client.predict(*asked, **options)
            assert {one["p_yes"] for one in said["samples"]} == {0.75}
            client.predict(*asked, **options, most_tokens=33)
            sent = [seen.body["max_tokens"] for seen in server.seen if "top_logprobs" not in seen.body]
            assert sent == [512] * 2 + [33] * 2
            with pytest.raises(AppError, match="most_tokens must lie between 0 and 2048"):
                client.predict(*asked, **options, most_tokens=4096)
    finally:
        client.close()
        app.close()
