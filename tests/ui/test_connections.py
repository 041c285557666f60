"""Connections that never end their request do not stay; those that work do."""

import asyncio
import socket
import time
from types import SimpleNamespace
from urllib.parse import urlsplit

import gradio as gr
import httpx
import pytest

from tts_playground.pages import connections
from tts_playground.ui import shell


class Slow:
    """A tab with an event that takes longer than a connection may wait."""

    slug = label = "slow"

    def ready(self):
        return True

    def warm(self):
        pass

    def build(self, app):
        line = gr.Textbox()
        gr.Button("go").click(lambda: time.sleep(2) or "done", None, line, api_name="slow")


@pytest.fixture(scope="module")
def here():
    """(host, port) of a served page with short bounds."""
    patch = pytest.MonkeyPatch()
    patch.setattr(connections, "HEAD", 0.5)
    patch.setattr(connections, "BODY", 1.0)
    app = shell.build([Slow()])
    parts = urlsplit(shell.serve(app, block=False, quiet=True, server_name="127.0.0.1"))
    yield parts.hostname, parts.port
    app.close()
    patch.undo()


FULL = b"GET /gradio_api/startup-events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
POST = b"POST /gradio_api/queue/join HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
HALVES = {
    "nothing": (b"", b""),
    "half a head": (b"GET / HTTP/1.1\r\nHost: 127", b"a"),
    "one whole and half another": (FULL + b"GET", b"a"),
    "half a body": (POST + b"Content-Length: 90\r\n\r\n{", b" "),
}


@pytest.mark.parametrize("kind", HALVES)
def test_who_never_ends_a_request_is_left(here, kind):
    start, more = HALVES[kind]
    with socket.create_connection(here) as half:
        half.settimeout(0.3)
        half.sendall(start)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                if more:
                    half.sendall(more)
                if half.recv(65536) == b"":
                    return
            except TimeoutError:
                continue
            except (ConnectionError, BrokenPipeError):
                return
    raise AssertionError("still connected")


def test_who_waits_for_an_answer_is_not(here):
    with httpx.Client(base_url="http://{}:{}".format(*here), timeout=30) as client:
        event = client.post("gradio_api/call/slow", json={"data": []}).json()["event_id"]
        assert "done" in client.get(f"gradio_api/call/slow/{event}").text
        assert client.get("config").status_code == 200


def test_as_many_files_as_the_system_allows(monkeypatch):
    resource = pytest.importorskip("resource")
    set_to = []
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (1024, 4096))
    monkeypatch.setattr(resource, "setrlimit", lambda kind, limits: set_to.append(limits))
    connections.bounded_connections()
    assert set_to == [(4096, 4096)]


def test_a_websocket_is_left_alone():
    closed = []
    loop = asyncio.new_event_loop()
    transport = SimpleNamespace(
        is_closing=lambda: False, get_protocol=lambda: "another", close=lambda: closed.append(1)
    )
    connections._look(SimpleNamespace(transport=transport, cycle=None, loop=loop), None, 0.0)
    loop.close()
    assert not closed
