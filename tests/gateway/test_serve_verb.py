"""``serve --gateway`` as a process of its own, from its first line to Ctrl-C; and what it refuses."""

import json
import signal
import socket
import subprocess
import sys

import openai
import pytest
from talk import ask

from tts_playground.cli import main

VERB = [sys.executable, "-X", "importtime", "-m", "tts_playground", "serve", "--gateway", "--port", "0", "--json"]


def test_a_process_serves_without_pages_and_stops(folders, tmp_path):
    words, imports = [*VERB, "--model", f"math={folders[0]}"], tmp_path / "imports"
    with (
        imports.open("w") as told_imports,
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=told_imports, text=True) as process,
    ):
        try:
            told = json.loads(process.stdout.readline())
            assert told["models"] == ["math"]
            client = openai.OpenAI(base_url=told["address"], api_key="any", max_retries=2)
            assert ask(client).choices
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)
    assert process.returncode == 0
    imported = {line.rpartition("|")[2].strip() for line in imports.read_text().splitlines()}
    assert "tts_playground.gateway.server" in imported and "gradio" not in imported


def said(capsys, *arguments):
    with pytest.raises(SystemExit) as left:
        main(["serve", *arguments])
    return left.value.code, capsys.readouterr().err


def test_what_cannot_be_served_is_one_sentence(capsys, folders, monkeypatch):
    for variable in ("TTS_PLAYGROUND_GATEWAY_KEY", "TTS_PLAYGROUND_HOSTS"):
        monkeypatch.delenv(variable, raising=False)
    assert said(capsys) == (2, "Say what is to be served: serve --gateway, or app for the pages.\n")
    code, sentence = said(capsys, "--gateway", "--host", "0.0.0.0")
    assert code == 2 and "needs a key" in sentence
    code, sentence = said(capsys, "--gateway", "--model", "no/such")
    assert code == 1 and "not on this machine" in sentence
    assert said(capsys, "--gateway", "--port", "70000")[0] == 2
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = str(held.getsockname()[1])
        code, sentence = said(capsys, "--gateway", "--port", port, "--model", f"math={folders[0]}")
    assert code == 1 and sentence.count("\n") == 1 and "name another --port" in sentence


def test_an_upstream_that_is_itself_stops_the_start(capsys):
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
    upstream = f"far=endpoint:m@http://localhost:{port}/v1"
    code, sentence = said(capsys, "--gateway", "--port", str(port), "--model", upstream)
    assert code == 2 and "is this gateway itself" in sentence
