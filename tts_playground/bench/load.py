"""``bench load``: a class moves sliders. The app is started in a process of its own, and people are played by their
requests: a drag over settings that were drawn before (cached views), and a release on settings that were not (live).

It needs an image model: the embedded one, or what ``TTS_PLAYGROUND_T2I_MODEL`` names.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tts_playground.bench.timing import contended, row
from tts_playground.errors import CannotDo

PEOPLE = 30
MOVES = 6
"""slider positions a person passes before letting go"""
THINKING = 1.0
"""seconds between two moves of a person"""
SETTLED = (0.7, 1.0, 1.3)
"""temperatures that were drawn before; the slider moves over these"""
PATIENCE = 300.0
"""seconds until the app must answer"""


@dataclass
class Times:
    """Seconds that people waited."""

    cached: list[float] = field(default_factory=list)
    preview: list[float] = field(default_factory=list)
    """from letting go to the first rows of the first images"""
    image: list[float] = field(default_factory=list)
    """from letting go to four whole images with scores"""


@contextmanager
def serving() -> Iterator[str]:
    """The app on a free port with an empty home; its address.

    Raises:
        CannotDo: it did not come up.
    """
    with started() as (address, _):
        yield address


@contextmanager
def started() -> Iterator[tuple[str, int]]:
    """As ``serving``; the address and the number of the process.

    Raises:
        CannotDo: it did not come up.
    """
    with socket.socket() as free, tempfile.TemporaryDirectory() as home:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        own = {"GRADIO_SERVER_PORT": str(port), "GRADIO_SERVER_NAME": "127.0.0.1", "TTS_PLAYGROUND_HOME": home}
        command = [sys.executable, "-m", "tts_playground", "app"]
        with _ends_in_order():
            server = subprocess.Popen(command, env={**os.environ, **own}, stdout=sys.stderr)
            try:
                yield _up(f"http://127.0.0.1:{port}/", server), server.pid
            finally:
                server.terminate()
                server.wait(30)


@contextmanager
def _ends_in_order() -> Iterator[None]:
    """SIGTERM leaves as Ctrl+C does, so that no app stays behind a bench that was ended."""
    if threading.current_thread() is not threading.main_thread():  # signals are the main one's
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _up(address: str, server: subprocess.Popen[bytes]) -> str:
    import httpx

    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and server.poll() is None:
        try:
            if httpx.get(f"{address}config", timeout=5).status_code == 200:
                return address
        except httpx.HTTPError:
            time.sleep(0.5)
    raise CannotDo("The app did not start; run 'python -m tts_playground app' to see why.")


@dataclass(frozen=True)
class Visitor:
    """What a browser knows of the tab: which event is which function, and the values that the components start with."""

    address: str
    values: dict[int, Any]
    """component -> value"""
    names: dict[str, int]
    """elem_id -> component"""
    events: dict[tuple[int, str], list[dict[str, Any]]]
    """(component, event) -> dependencies"""

    @classmethod
    async def open(cls, web: Any, address: str) -> Visitor:
        """Read the page's configuration.

        Raises:
            CannotDo: the image tab is not there.
        """
        config = (await web.get(f"{address}config")).json()
        parts = {part["id"]: part["props"] for part in config["components"]}
        names = {props["elem_id"]: number for number, props in parts.items() if props.get("elem_id")}
        if "t2i-temperature" not in names:
            raise CannotDo("The image tab is not shown: there is no image model; name one in TTS_PLAYGROUND_T2I_MODEL.")
        events: dict[tuple[int, str], list[dict[str, Any]]] = {}
        for one in config["dependencies"]:
            for target in one["targets"] if one.get("backend_fn", True) else ():  # others run in the browser alone
                events.setdefault(tuple(target), []).append(one)
        return cls(address, {number: props.get("value") for number, props in parts.items()}, names, events)

    def event(self, name: str, kind: str) -> dict[str, Any]:
        """The first function that an event of a named component calls."""
        return self.events[self.names[name], kind][0]

    @property
    def live(self) -> list[dict[str, Any]]:
        """What a release asks for, all at once: the drawing, and what the page sees while it waits for its turn.

        They hang on the state that the release changes.
        """
        ticket = self.event("t2i-temperature", "release")["outputs"][0]
        return [
            event
            for (part, kind), events in self.events.items()
            if (part, kind) == (ticket, "change")
            for event in events
        ]


PREVIEW, WHOLE = '<img class=\\"sheet\\"', '<div class=\\"picks\\">'
"""how a message tells images in work, and whole ones"""


async def call(
    web: Any, page: Visitor, session: str, events: Sequence[dict[str, Any]], changed: dict[str, Any]
) -> tuple[float, float, float]:
    """Send events as the page does; seconds until the first preview, until whole images, and until the end.

    What does not come, a preview of what is there already, say, is taken to come with the next of these.

    Raises:
        CannotDo: the app refused it.
    """
    began, preview, whole = time.perf_counter(), 0.0, 0.0
    waiting = {await _join(web, page, session, event, changed) for event in events}
    query = {"session_hash": session}
    async with web.stream("GET", f"{page.address}gradio_api/queue/data", params=query) as stream:
        async for line in stream.aiter_lines():
            message = json.loads(line[5:]) if line.startswith("data:") else {}
            if message.get("event_id") not in waiting:
                continue
            now = time.perf_counter() - began
            preview = preview or (now if PREVIEW in line else 0.0)
            whole = whole or (now if WHOLE in line else 0.0)
            if message["msg"] == "process_completed":
                if not message["success"]:
                    raise CannotDo(f"The app failed: {message['output'].get('error')}")
                waiting.remove(message["event_id"])
                if not waiting:
                    return preview or whole or now, whole or now, now
    raise CannotDo("The app closed a stream before its answer.")


async def _join(web: Any, page: Visitor, session: str, event: dict[str, Any], changed: dict[str, Any]) -> str:
    """Put one event into the app's queue; its name there."""
    given = {**page.values, **{page.names[name]: value for name, value in changed.items()}}
    body = {
        "data": [given.get(number) for number in event["inputs"]],
        "fn_index": event["id"],
        "session_hash": session,
        "event_data": None,
        "trigger_id": None,
    }
    answer = await web.post(f"{page.address}gradio_api/queue/join", json=body)
    if answer.status_code != 200:
        raise refusal(answer.status_code, answer.text)
    return answer.json()["event_id"]


class SaidNo(CannotDo):
    """The app said no, in words."""


def refusal(status: int, words: str) -> CannotDo:
    """What an answer that is none comes to: a no in words, where it has words for it, or a fault."""
    said = words.strip()
    kind = SaidNo if status in (400, 422, 429) and len(said) > 20 else CannotDo
    return kind(said or f"The app refused a request with status {status} and no words.")


async def person(web: Any, page: Visitor, number: int, times: Times) -> None:
    """One person: moves over cached settings, then lets go on new ones."""
    session = secrets.token_hex(6)
    await asyncio.sleep(THINKING * number / PEOPLE)
    glance, want = (page.event("t2i-temperature", kind) for kind in ("change", "release"))
    for move in range(MOVES):
        warm = SETTLED[(number + move) % len(SETTLED)]
        times.cached.append((await call(web, page, session, [glance], {"t2i-temperature": warm}))[-1])
        await asyncio.sleep(THINKING)
    own = {"t2i-temperature": round(0.5 + number * 0.01, 2)}
    began = time.perf_counter()
    await call(web, page, session, [want], own)
    asked = time.perf_counter() - began
    preview, whole, _ = await call(web, page, session, page.live, own)
    times.preview.append(asked + preview)
    times.image.append(asked + whole)


async def _play(address: str, people: int) -> tuple[Times, float]:
    """What a class waited for, and the median of one person alone on cached settings."""
    import httpx

    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(timeout=PATIENCE, limits=limits) as web:
        page, alone, times = await Visitor.open(web, address), secrets.token_hex(6), Times()
        for temperature in SETTLED:
            await call(web, page, alone, [page.event("t2i-run", "click")], {"t2i-temperature": temperature})
        glance = page.event("t2i-temperature", "change")
        single = [
            (await call(web, page, alone, [glance], {"t2i-temperature": SETTLED[move % len(SETTLED)]}))[-1]
            for move in range(9)
        ]
        await asyncio.gather(*(person(web, page, number, times) for number in range(people)))
    return times, float(np.median(single))


def measure(address: str, people: int = PEOPLE) -> list[dict[str, Any]]:
    """The rows of a class of ``people`` on the app at ``address``."""
    busy = contended()
    times, alone = asyncio.run(_play(address, people))

    def late(values: list[float]) -> float:
        return float(np.percentile(values, 95))

    what = f"{people} people moving sliders: "
    return [
        row("one person: a cached view, round trip (median)", alone, None, "s", "server time under 0.15", busy=busy),
        row(f"{what}cached views, p95", late(times.cached), None, "s", "under 1.5", busy=busy),
        row(f"{what}first preview after letting go, p95", late(times.preview), None, "s", "under 3", busy=busy),
        row(f"{what}first live images, whole and scored, p95", late(times.image), None, "s", "under 8", busy=busy),
    ]


def run(people: int = PEOPLE) -> dict[str, Any]:
    """Start the app, play a class, and report how long people waited."""
    with serving() as address:
        return {"name": "load", "rows": measure(address, people)}
