"""Who is next: requests that need a model take turns by address, so many at a time, and not without end."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tts_playground.gateway.shapes import Refused
from tts_playground.pages.fair_queue import Bounds, Job, Recent, in_turn, refusal

WAITING = Bounds(everybody=64, address=32, session=32)
REMEMBERED = 1000
"""addresses whose last turn is known"""


@dataclass(eq=False)
class Line:
    """The turns of one gateway, of one event loop.

    Args:
        at_once: requests at work at a time.
    """

    at_once: int = 2
    bounds: Bounds = WAITING
    _waiting: list[tuple[Job, asyncio.Future[None]]] = field(default_factory=list, init=False)
    _running: Counter[str] = field(default_factory=Counter, init=False)
    _served: dict[str, float] = field(default_factory=dict, init=False)
    _lately: Recent = field(default_factory=Recent, init=False)

    @property
    def waiting(self) -> int:
        """Requests that wait."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """Requests at work."""
        return self._running.total()

    @asynccontextmanager
    async def turn(self, address: str) -> AsyncGenerator[None]:
        """Within it, it is the turn of a request from ``address``.

        Raises:
            Refused: too many wait (429).
        """
        job = Job(address, address, time.monotonic())
        await self._wait(job)
        began = time.monotonic()
        try:
            yield
        finally:
            self._lately.add(time.monotonic() - began)
            self._running -= Counter([address])
            self._call()

    async def _wait(self, job: Job) -> None:
        ordered = [one for one, _ in self._waiting]
        each = self._lately.avg_time if self._lately.count else None
        told = refusal(job, ordered, self.bounds, each=each, at_once=self.at_once)
        if told is not None and self.running >= self.at_once:
            raise Refused(429, told.sentence, "rate_limit_exceeded", (("retry-after", str(told.seconds)),))
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((job, called))
        self._call()
        try:
            await called
        except asyncio.CancelledError:
            if called.done() and not called.cancelled():  # called and gone at once
                self._running -= Counter([job.session])
            self._waiting = [one for one in self._waiting if one[1] is not called]
            self._call()
            raise

    def _call(self) -> None:
        """Let those go in for whom there is room."""
        while self._waiting and self.running < self.at_once:
            place = in_turn([job for job, _ in self._waiting], self._running, self._served)[0]
            job, called = self._waiting.pop(place)
            if called.done():
                continue
            self._served.pop(job.session, None)
            self._served[job.session] = time.monotonic()
            while len(self._served) > REMEMBERED:
                self._served.pop(next(iter(self._served)))
            self._running[job.session] += 1
            called.set_result(None)
