"""Where the page is served: a busy port is left for the next and told; what cannot be served is one sentence."""

from __future__ import annotations

import socket
import subprocess
import sys

import gradio as gr
import pytest

from tts_playground.errors import BadInput, CannotDo
from tts_playground.pages import address
from tts_playground.ui import shell


@pytest.mark.parametrize("port", ["abc", "0", "-1", "99999", "80.5", "٣", "9" * 5000, " "])
def test_a_port_that_is_none_is_named(monkeypatch, port):
    monkeypatch.setenv("GRADIO_SERVER_PORT", port)
    with pytest.raises(BadInput, match=r"^GRADIO_SERVER_PORT is .*but it must be a number from 1 to 65535\.$"):
        address.check()


@pytest.mark.parametrize("name", ["host.invalid", "203.0.113.7", "[::zz]", "a b", "x" * 300, "\ud800"])
def test_a_name_that_is_no_address_of_this_machine_is_named(monkeypatch, name):
    monkeypatch.setattr("os.environ", {"GRADIO_SERVER_NAME": name})
    with pytest.raises(BadInput, match="no address of this machine"):
        address.check()


@pytest.mark.parametrize("name", ["", "127.0.0.1", "0.0.0.0", "localhost"])
def test_an_address_of_this_machine_is_taken(monkeypatch, name):
    monkeypatch.setenv("GRADIO_SERVER_NAME", name)
    monkeypatch.setenv("GRADIO_SERVER_PORT", "7861")
    address.check()
    assert address.first_port() == 7861


def test_a_busy_port_is_left_for_the_next_and_told():
    assert address.moved(f"http://127.0.0.1:{address.FIRST}/") == ""
    assert address.moved("http://127.0.0.1:7866/") == "Port 7860 is in use, so that the page is on port 7866."


@pytest.fixture
def busy():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def test_no_free_port_is_one_sentence(busy):
    with gr.Blocks() as app:
        gr.Markdown("a page")
    with pytest.raises(CannotDo, match="cannot be opened; name another one with GRADIO_SERVER_PORT"):
        shell.serve(app, block=False, server_port=busy)


def test_the_app_says_it_in_one_line_and_leaves(busy):
    code = "import sys; from tts_playground.cli import main; main(['app'])"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={"GRADIO_SERVER_PORT": "no port", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert ran.returncode == 2 and ran.stdout == ""
    assert ran.stderr.strip().splitlines()[-1].endswith("but it must be a number from 1 to 65535.")
    assert "Traceback" not in ran.stderr
