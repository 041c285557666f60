"""The gateway beside the pages: there where the operator turned it on, with every guard of its own."""

import httpx
import openai
import pytest
import tiny_texts

from tts_playground.errors import BadInput
from tts_playground.models import loading
from tts_playground.ui import shell


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The address of an app without tabs, with a gateway."""
    folder = tiny_texts.save(tmp_path_factory.mktemp("lm"))
    patch = pytest.MonkeyPatch()
    patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
    patch.setenv("TTS_PLAYGROUND_GATEWAY", "1")
    patch.setenv("TTS_PLAYGROUND_GATEWAY_MODELS", f"math={folder}")
    app = shell.build([])
    served_at = shell.serve(app, block=False, quiet=True, server_name="127.0.0.1")
    patch.undo()
    yield served_at
    app.close()
    loading.forget()


def test_the_real_client_is_answered_and_the_pages_are_there(pages):
    client = openai.OpenAI(base_url=f"{pages}v1", api_key="any", max_retries=0)
    assert [model.id for model in client.models.list()] == ["math"]
    asked = {"model": "math", "messages": [{"role": "user", "content": "what is two?"}], "max_tokens": 12, "seed": 1}
    whole = client.chat.completions.create(**asked).choices[0].message.content
    stream = client.chat.completions.create(**asked, stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == whole
    assert "Test-time scaling" in httpx.get(pages).text


def test_refusals_are_in_openais_form_and_answers_carry_the_apps_headers(pages):
    told = httpx.get(f"{pages}v1/models", headers={"Host": "evil.example"})
    assert told.status_code == 421 and "does not answer to the host" in told.json()["error"]["message"]
    assert httpx.post(f"{pages}v1/chat/completions", content="x" * (9 << 20)).json()["error"]
    assert "frame-ancestors" in told.headers["content-security-policy"]
    assert httpx.get(f"{pages}v1/models", headers={"X-Forwarded-For": "192.0.2.1"}).status_code == 401


def test_it_is_off_unless_it_is_turned_on(address):
    assert httpx.get(f"{address}v1/models").status_code == 404


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"TTS_PLAYGROUND_GATEWAY": "maybe"}, "is 'maybe'; set it to 1 or 0"),
        ({"TTS_PLAYGROUND_GATEWAY": "1", "GRADIO_SERVER_NAME": "0.0.0.0"}, "needs a key"),
        ({"TTS_PLAYGROUND_GATEWAY": "1", "TTS_PLAYGROUND_HOSTS": "lab.example"}, "needs a key"),
        ({"TTS_PLAYGROUND_GATEWAY": "1", "TTS_PLAYGROUND_GATEWAY_MODELS": "x=/etc/passwd"}, "is a file"),
    ],
)
def test_what_cannot_be_turned_on_is_one_sentence(monkeypatch, settings, says):
    monkeypatch.delenv("TTS_PLAYGROUND_GATEWAY_KEY", raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(BadInput, match=says):
        shell.serve(shell.build([]), block=False, quiet=True)


def test_an_app_that_is_its_own_upstream_is_closed_again(monkeypatch, tmp_path):
    import socket

    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
    monkeypatch.setenv("TTS_PLAYGROUND_GATEWAY", "1")
    monkeypatch.setenv("TTS_PLAYGROUND_GATEWAY_MODELS", f"far=endpoint:m@http://localhost:{port}/v1")
    with pytest.raises(BadInput, match="is this gateway itself"):
        shell.serve(shell.build([]), block=False, quiet=True, server_name="127.0.0.1", server_port=port)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/")
