"""``bench load --users N --minutes M``: a mixed crowd for as long as is wished, then clients that drop what they asked.

Seven of ten requests are cached sliders; the others are live images, sketches, questions, audits and searches by steps.
Each must be answered, or refused in words. Memory and threads of the app are watched throughout.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import random
import secrets
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tts_playground.bench import load
from tts_playground.bench.timing import contended, row
from tts_playground.errors import BadInput, CannotDo, PlaygroundError

CACHED = 0.7
"""share of requests that were drawn before"""
DROPS = 200
"""clients that leave as soon as they have asked"""
QUIET = 0.15
"""processor time a second below which the app counts as at rest"""
BLOCK = 30.0
"""seconds of which memory counts once"""
SLOPES = ("", ", least of its 95 % interval", ", most of it")
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass
class Week:
    """What happened."""

    times: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    """kind of request -> seconds of each that was answered"""
    refused: Counter[str] = field(default_factory=Counter[str])
    faults: list[str] = field(default_factory=list[str])
    """answers without words, and requests that were never answered"""
    memory: list[tuple[float, float, int]] = field(default_factory=list[tuple[float, float, int]])
    """(seconds since the start, MB, threads)"""


@dataclass(frozen=True)
class Doors:
    """The named endpoints, with the values that their arguments have where nobody says otherwise."""

    arguments: dict[str, list[tuple[str, Any]]]
    picture: dict[str, Any]
    """an uploaded drawing"""

    @classmethod
    async def open(cls, web: Any, address: str) -> Doors:
        """Ask the app what it offers, and send it a drawing."""
        from tts_playground.dsl import parse, render

        info = (await web.get(f"{address}gradio_api/info")).json()["named_endpoints"]
        arguments = {
            name.strip("/"): [(one["parameter_name"], one.get("parameter_default")) for one in found["parameters"]]
            for name, found in info.items()
        }
        stream = io.BytesIO()
        render(parse("(- (Circle 5 8 8) (Quad 8 8 2 14 0))")).convert("L").save(stream, "PNG")
        files = {"files": ("drawing.png", stream.getvalue(), "image/png")}
        (path,) = (await web.post(f"{address}gradio_api/upload", files=files)).json()
        return cls(arguments, {"path": path, "meta": {"_type": "gradio.FileData"}})

    def data(self, name: str, given: dict[str, Any]) -> list[Any]:
        """Arguments of a call in their order."""
        return [given.get(one, default) for one, default in self.arguments[name]]


async def ask(web: Any, address: str, name: str, data: list[Any], *, leave: bool = False) -> None:
    """Call a named endpoint and wait for its end; with ``leave`` go away once it is asked.

    Raises:
        SaidNo: the app says no in words. CannotDo: it fails without words, or never answers.
    """
    answer = await web.post(f"{address}gradio_api/call/{name}", json={"data": data})
    if answer.status_code != 200:
        raise load.refusal(answer.status_code, answer.text)
    event, kind = answer.json()["event_id"], ""
    async with web.stream("GET", f"{address}gradio_api/call/{name}/{event}") as stream:
        if leave:
            await asyncio.sleep(0.5)  # its work may have begun
            return
        async for line in stream.aiter_lines():
            kind = line[7:] if line.startswith("event: ") else kind
            if kind == "complete":
                return
            if kind == "error" and line.startswith("data:"):
                told = json.loads(line[5:])
                raise (load.SaidNo if told else CannotDo)(f"{name}: {told or 'failed without words'}")
    raise CannotDo(f"{name}: the stream ended before its answer.")


@dataclass
class Crowd:
    """Everybody who asks."""

    web: Any
    page: load.Visitor
    doors: Doors
    week: Week

    async def one(self, kind: str, number: int, *, leave: bool = False) -> None:
        """One request; what became of it is written down."""
        began = time.perf_counter()
        try:
            await self._asked(kind, number, leave)
            self.week.times.setdefault(kind, []).append(time.perf_counter() - began)
        except load.SaidNo as error:
            self.week.refused[f"{kind}: {str(error)[:200]}"] += 1
        except PlaygroundError as error:
            words = str(error)
            if "The app failed: None" in words or not words.startswith("The app failed"):
                self.week.faults.append(f"{kind}: {words[:200]}")
            else:
                self.week.refused[f"{kind}: {words[:200]}"] += 1
        except Exception as error:  # whatever a client meets is a fault of the app
            self.week.faults.append(f"{kind}: {type(error).__name__}: {str(error)[:200]}")

    async def _asked(self, kind: str, number: int, leave: bool) -> None:
        session, warm = secrets.token_hex(6), round(0.5 + number % 50 * 0.01, 2)
        if kind in ("cached", "live"):
            values = {"t2i-temperature": load.SETTLED[number % 3] if kind == "cached" else warm}
            event = self.page.event("t2i-temperature", "change" if kind == "cached" else "release")
            await load.call(self.web, self.page, session, [event], values)
            if kind == "live":
                await load.call(self.web, self.page, session, self.page.live, values)
            return
        if kind == "audit":
            await load.call(self.web, self.page, session, [self.page.event("audit-run", "click")], {})
            return
        given = {
            "image": self.doors.picture,
            "file": self.doors.picture,
            "seed": number,
            "n": 4,
            "question": "What is this?",
        }
        given |= {"problem": "What is 3 + 4?", "strategy": "beam"} if kind == "solve" else {}
        given |= {"prompt": "a red apple"} if kind == "generate" else {}
        await ask(self.web, self.page.address, kind, self.doors.data(kind, given), leave=leave)

    @property
    def kinds(self) -> list[str]:
        """What is asked besides cached views, of what this app offers."""
        audits = ["audit"] if "audit-run" in self.page.names else []
        return ["live", *[name for name in ("sketch", "answer", "solve") if name in self.doors.arguments], *audits]

    async def user(self, number: int, end: float) -> None:
        """Asks one thing after the other until the end."""
        chance = random.Random(number)
        await asyncio.sleep(chance.random() * load.THINKING)
        while time.monotonic() < end:
            kind = "cached" if chance.random() < CACHED else chance.choice(self.kinds)
            await self.one(kind, chance.randrange(10**6))
            await asyncio.sleep(load.THINKING * (0.5 + chance.random()))


def _state(process: int) -> tuple[float, int, float]:
    """(MB, threads, processor seconds) of a process; zeros where that cannot be read."""
    try:
        text = Path(f"/proc/{process}/status").read_text()
        facts = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        spent = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return int(facts["VmRSS"].split()[0]) / 1024, int(facts["Threads"]), sum(map(int, spent[11:13])) / _TICKS
    except (OSError, KeyError, ValueError):
        return 0.0, 0, 0.0


async def _watch(process: int, week: Week, end: float) -> None:
    began = time.monotonic()
    while time.monotonic() < end:
        megabytes, threads, _ = _state(process)
        week.memory.append((time.monotonic() - began, megabytes, threads))
        await asyncio.sleep(2)


async def _rest(process: int, most: float = 60.0) -> float:
    """Seconds until the app is at rest, or ``most``."""
    began = time.monotonic()
    while time.monotonic() < began + most:
        before = _state(process)[2]
        await asyncio.sleep(1)
        if _state(process)[2] - before < QUIET:
            break
    return time.monotonic() - began - 1


async def _play(address: str, process: int, users: int, minutes: float) -> tuple[Week, float]:
    import httpx

    limits, week = httpx.Limits(max_connections=None), Week()
    async with httpx.AsyncClient(timeout=load.PATIENCE, limits=limits) as web:
        page, first = await load.Visitor.open(web, address), secrets.token_hex(6)
        for temperature in load.SETTLED:
            await load.call(web, page, first, [page.event("t2i-run", "click")], {"t2i-temperature": temperature})
        crowd = Crowd(web, page, await Doors.open(web, address), week)
        end = time.monotonic() + 60 * minutes
        await asyncio.gather(_watch(process, week, end), *(crowd.user(number, end) for number in range(users)))
        await _rest(process)
        gone = Crowd(web, page, crowd.doors, Week())
        named = [kind for kind in ("generate", "sketch", "answer", "solve") if kind in crowd.doors.arguments]
        drops = min(DROPS, 2 * users)
        await asyncio.gather(*(gone.one(named[number % len(named)], number, leave=True) for number in range(drops)))
        return week, await _rest(process)


def slope(memory: list[tuple[float, float, int]]) -> tuple[float, float, float]:
    """MB an hour over the second half of the time, and its 95 % interval; zeros of too few measurements.

    In the first minutes the caches fill: the states of 500 pages, the messages of 2,000 sessions, pictures. The median
    of the slopes between any two half minutes (Theil 1950, Sen 1968): what is taken for a while, 40 MB in turns of
    minutes, would tip a line of least squares by hundreds of MB an hour.
    """
    from scipy import stats

    late = np.array([(seconds / 3600, megabytes) for seconds, megabytes, _ in memory[len(memory) // 2 :]])
    if len(late) < 3:
        return 0.0, 0.0, 0.0
    turn = np.floor(late[:, 0] * 3600 / BLOCK)
    blocks = np.array([np.median(late[turn == one], axis=0) for one in np.unique(turn)])
    hours, megabytes = (blocks if len(blocks) >= 3 else late).T
    middle, _, least, most = np.asarray(stats.theilslopes(megabytes, hours, 0.95), np.float64).tolist()
    return middle, least, most


def _rows(what: str, week: Week, rest: float, busy: bool) -> list[dict[str, Any]]:
    """What happened, as rows of a bench."""
    answered = sum(map(len, week.times.values()))
    rows = [
        row(f"{what}requests answered", float(answered), None, "", "", busy=busy),
        row(f"{what}requests refused in words", float(week.refused.total()), None, "", "", busy=busy),
        row(f"{what}errors and lost answers", float(len(week.faults)), None, "", "0", busy=busy),
    ]
    for kind, times in sorted(week.times.items()):
        for share in (50, 95, 99):
            goal = "under 2" if (kind, share) == ("cached", 95) else ""
            rows.append(row(f"{what}{kind}, p{share}", float(np.percentile(times, share)), None, "s", goal, busy=busy))

    def at(share: float) -> float:
        near = week.memory[max(0, round(share * len(week.memory)) - 8) :][:16]
        return float(np.median([megabytes for _, megabytes, _ in near])) if near else 0.0

    threads = float(max((count for *_, count in week.memory), default=0))
    rows += [
        row(f"{what}memory half way", at(0.5), None, "MB", "", busy=busy),
        row(f"{what}memory at the end", at(1.0), None, "MB", "", busy=busy),
        *(
            row(f"{what}memory slope{end}", value, None, "MB/h", goal, busy=busy)
            for end, value, goal in zip(SLOPES, slope(week.memory), ("under 20", "", ""), strict=True)
        ),
        row(f"{what}threads at most", threads, None, "", "", busy=busy),
        row(f"{what}clients that drop: all work ended", rest, None, "s", "under 5", busy=busy),
    ]
    return rows


def run(users: int | None = None, minutes: float | None = None) -> dict[str, Any]:
    """Start the app, let a crowd use it, and report errors, times, memory and threads.

    Without ``users`` and ``minutes`` it is the class of ``bench.load``; where one is given, the other is 100 or 10.

    Raises:
        BadInput: less than 0.05 minutes.
    """
    if users is None and minutes is None:
        return load.run()
    users, minutes = 100 if users is None else users, 10.0 if minutes is None else minutes
    if not minutes >= 0.05:
        raise BadInput("--minutes of a crowd is at least 0.05.")
    busy = contended()
    with load.started() as (address, process):
        week, rest = asyncio.run(_play(address, process, users, minutes))
    rows = _rows(f"{users} users, {minutes:g} min: ", week, rest, busy)
    return {"name": "load", "rows": rows, "faults": week.faults[:50], "refused": dict(week.refused)}
