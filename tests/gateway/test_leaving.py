"""Clients that hang up end their work within a token; what is light never waits; turns are taken by address."""

import asyncio
import json
import socket
import threading
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
import pytest
from endpoint_servers import serve as endpoint
from talk import ADD, ASKED, ask, at
from test_pictures import ASKED as ABOUT
from test_pictures import SEEN
from text_servers import chat

from tts_playground.gateway.edge import Gateway
from tts_playground.gateway.line import Line
from tts_playground.gateway.shapes import Refused
from tts_playground.models.lm.running import RunningBatch
from tts_playground.pages.fair_queue import Bounds
from tts_playground.samplers import vlm

TOKEN = 0.1
"""seconds that one token takes here"""


@pytest.fixture
def tokens(monkeypatch):
    """Grows by one with every token of a batch, each of which takes a while."""
    drawn = []

    def slow(step):
        def taking(*given, **named):
            drawn.append(time.monotonic())
            time.sleep(TOKEN)
            return step(*given, **named)

        return taking

    monkeypatch.setattr(RunningBatch, "advance", slow(RunningBatch.advance))
    rows = vlm.draw_rows

    def slow_rows(*given, **named):
        for one in rows(*given, **named):
            drawn.append(time.monotonic())
            time.sleep(TOKEN)
            yield one

    monkeypatch.setattr(vlm, "draw_rows", slow_rows)
    return drawn


@contextmanager
def asking(served, path="", **more):
    """A connection over which a completion has been asked for."""
    body = json.dumps(ASKED | {"max_tokens": 200, "n": 2} | more).encode()
    place = urlsplit(served.address)
    with socket.create_connection((place.hostname, place.port)) as line:
        head = f"POST {place.path}{path}/chat/completions HTTP/1.1\r\nHost: {place.netloc}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        line.sendall(head.encode() + body)
        yield line


def until(happens, seconds=60.0):
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


REQUESTS = {
    "plain": {},
    "stream": {"stream": True},
    "beam": {"path": "/beam/judge", "messages": ADD, "width": 8, "n": 1},
    "candidates": {"path": "/best-of-n/judge", "messages": ADD, "width": 8, "n": 1},
    "revision": {"path": "/revision/judge", "messages": ADD, "width": 8, "n": 1, "stream": True},
    "picture": {"model": "eyes", "messages": [{"role": "user", "content": [SEEN, ABOUT]}], "max_tokens": 96},
    "lines": {
        "path": "/beam",
        "model": "eyes",
        "messages": [{"role": "user", "content": [SEEN, ABOUT]}],
        "max_tokens": 96,
        "n": 1,
    },
}


@pytest.mark.parametrize("kind", REQUESTS)
def test_who_hangs_up_ends_the_work_within_a_token(kind, served, tokens):
    with asking(served, **REQUESTS[kind]):
        until(lambda: len(tokens) >= 3)
        assert served.gateway.at_work == 1
    left = len(tokens)
    until(lambda: served.gateway.at_work == 0)
    assert len(tokens) <= left + 3 and served.gateway.line.running == 0


def test_who_hangs_up_while_waiting_is_forgotten(served, tokens):
    with asking(served), asking(served):
        until(lambda: served.gateway.line.running == 2)
        with asking(served):
            until(lambda: served.gateway.line.waiting == 1)
        until(lambda: served.gateway.line.waiting == 0)
        assert served.gateway.line.running == 2
    until(lambda: served.gateway.at_work == 0)


def test_many_that_hang_up_leave_nothing_behind(served, client, monkeypatch):
    threads, gone = threading.active_count(), []
    whole = Gateway.__call__

    async def counted(gateway, scope, receive, send):
        try:
            await whole(gateway, scope, receive, send)
        finally:
            gone.append(scope)

    monkeypatch.setattr(Gateway, "__call__", counted)
    for _ in range(60):
        with asking(served, stream=True):
            pass
    until(lambda: len(gone) == 60 and served.gateway.at_work == 0)  # a busy server takes them in long after they left
    assert served.gateway.line.running == served.gateway.line.waiting == 0
    until(lambda: threading.active_count() <= threads + 8)
    assert ask(client).choices


def test_light_requests_do_not_wait_for_models(served, tokens):
    with asking(served), asking(served), asking(served):
        until(lambda: served.gateway.line.running == 2 and served.gateway.line.waiting == 1)
        assert httpx.get(f"{served.address}/models").json()["data"]
        assert httpx.post(f"{served.address}/chat/completions", json={}).status_code == 400
        assert served.gateway.line.running == 2
    until(lambda: served.gateway.at_work == 0)


def test_who_hangs_up_on_an_upstream_ends_its_requests_too(serve):
    answer, hung_up = threading.Event(), []

    def stuck(seen):
        answer.wait(60)
        return chat(seen)

    with endpoint(stuck) as (server, url):
        inner = server.RequestHandlerClass

        class Watching(inner):
            def do_POST(self):
                # the server's own lock is held while it plays: only what the wire says is asked here
                self.rfile.read(int(self.headers["Content-Length"]))
                server.seen.append(None)
                hung_up.append(self.connection.recv(1) == b"")

        server.RequestHandlerClass = Watching
        served = serve([f"far=endpoint:m@{url}"])
        with asking(served, model="far", n=3):
            until(lambda: len(server.seen) == 3)
        until(lambda: served.gateway.at_work == 0 and len(hung_up) == 3)
        answer.set()
    assert hung_up == [True] * 3


# ------------------------------------------------------------------------------------------------------------ turns


def test_addresses_take_turns_and_too_many_are_refused():
    async def play():
        line, taken, go = Line(1, Bounds(4, 3, 3)), [], asyncio.Event()

        async def one(address):
            async with line.turn(address):
                taken.append(address)
                await go.wait()

        tasks = [asyncio.create_task(one(name)) for name in ("a", "a", "a", "a", "b")]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert line.running == 1 and line.waiting == 4
        with pytest.raises(Refused, match="You have 3 requests waiting already") as told:
            await one("a")
        with pytest.raises(Refused, match="The queue is full, with 4 requests waiting"):
            await one("c")
        go.set()
        await asyncio.gather(*tasks)
        assert line.running == line.waiting == 0
        return taken, told.value

    taken, told = asyncio.run(play())
    assert taken == ["a", "a", "b", "a", "a"]  # whoever came before b goes first, but not all that came with it
    assert told.status == 429 and dict(told.headers)["retry-after"].isdigit()


def test_one_that_is_called_and_gone_at_once_leaves_its_turn_to_others():
    async def play():
        line = Line(1)

        async def one():
            async with line.turn("a"):
                await asyncio.sleep(3600)

        first, second = asyncio.create_task(one()), asyncio.create_task(one())
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        return line.running, line.waiting

    assert asyncio.run(play()) == (0, 0)


def test_a_refusal_for_the_crowd_is_429_and_says_when_to_come_back(serve, folders, tokens, monkeypatch):
    served = serve([f"math={folders[0]}"], at_once=1)
    served.gateway.line.bounds = Bounds(1, 1, 1)
    with asking(served), asking(served):
        until(lambda: served.gateway.line.waiting == 1)
        told = httpx.post(f"{served.address}/chat/completions", json=ASKED)
    assert told.status_code == 429 and int(told.headers["retry-after"]) >= 1
    assert told.json()["error"]["type"] == "rate_limit_error" and "x-should-retry" not in told.headers
    until(lambda: served.gateway.at_work == 0)


def test_a_request_that_takes_too_long_is_given_up(served, tokens, monkeypatch):
    monkeypatch.setattr("tts_playground.gateway.working.LONGEST", 0.3)
    told = httpx.post(f"{served.address}/chat/completions", json=ASKED | {"max_tokens": 200}, timeout=60)
    assert told.status_code == 504 and "was not there after" in told.json()["error"]["message"]


def test_a_server_that_stops_ends_what_is_under_way(folders, tokens):
    from tts_playground.gateway.server import GatewayServer

    served = GatewayServer.bound([f"math={folders[0]}"], port=0)
    running = served.in_background()
    with asking(served) as line:
        until(lambda: len(tokens) >= 2)
        running.stop()
        told = line.recv(1 << 16)
    assert b" 503 " in told.split(b"\r\n")[0] and b"being stopped" in told
    until(lambda: served.gateway.at_work == 0)


def test_the_test_is_not_fooled_by_a_search_that_was_over(served, tokens):
    ask(at(served), max_tokens=4)
    assert len(tokens) <= 5
