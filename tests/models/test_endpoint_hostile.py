"""Servers that mean harm: a request ends in time, and what it says is a Trouble and nothing else."""

import contextlib
import json
import re
import socket
import threading
import time

import pytest

from tts_playground.models.endpoint.wire import Trouble, Wire


def _whole_request(connection):
    """Reads head and body: to close with something unread resets the connection."""
    data = b""
    while b"\r\n\r\n" not in data and (more := connection.recv(65536)):
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: *(\d+)", head.lower())
    while length and len(body) < int(length[1]) and (more := connection.recv(65536)):
        body += more


@contextlib.contextmanager
def server(reply):
    """A raw server whose every connection is given to ``reply`` and then closed; yields its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve():
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                _whole_request(connection)
                reply(connection, over)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
    finally:
        over.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(30)


def trickling(start, piece):
    def reply(connection, over):
        connection.sendall(start)
        while not over.wait(0.05):
            connection.sendall(piece)

    return reply


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\n", b"a: b\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" "),
    ],
    ids=["never-ending 1xx", "headers", "body"],
)
def test_what_trickles_ends_in_time(start, piece):
    ended = []

    def ask(url):
        with pytest.raises(Trouble, match="no whole reply within 1 s"):
            Wire(url, timeout=1.0).ask({"model": "m"})
        ended.append(time.monotonic())

    with server(trickling(start, piece)) as url:
        asking = threading.Thread(target=ask, args=(url,), daemon=True)
        asking.start()
        asking.join(30)
        assert ended


@pytest.mark.parametrize("code", ["9" * 9000, "\u00b2", 10**3000, -1, True, None, {}, "0", "12", "1000"])
def test_an_error_code_that_is_no_status_is_passed_over(code):
    body = json.dumps({"error": {"code": code, "message": "Broken."}}).encode()
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with server(lambda connection, _: connection.sendall(answer)) as url, pytest.raises(Trouble) as told:
        Wire(url).ask({"model": "m"})
    assert told.value.status == 200


def test_a_server_that_hangs_up_at_once_is_heard():
    answer = b'HTTP/1.0 200 OK\r\n\r\n{"choices": []}'
    with server(lambda connection, _: connection.sendall(answer)) as url:
        wire = Wire(url)
        assert [wire.ask({"model": "m"}) for _ in range(20)] == [{"choices": []}] * 20
