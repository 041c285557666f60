"""One request between the event loop and the thread in which a model works for it."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator
from contextlib import suppress

from tts_playground import registry
from tts_playground.errors import Cancelled, PlaygroundError
from tts_playground.gateway.line import Line
from tts_playground.gateway.outcome import Event, Replies, Report
from tts_playground.gateway.planning import Order
from tts_playground.gateway.searching import work
from tts_playground.gateway.shapes import Refused, refused
from tts_playground.models.zerogpu import cancellable

log = logging.getLogger(__name__)
PACE = 0.2
"""seconds between two reports"""
LONGEST = 600.0
"""seconds after which a request is given up, whatever holds it"""


class Working:
    """Waits for its turn, then works in a thread of its own, and holds the turn until that thread has ended.

    Made within the event loop that it belongs to.
    """

    def __init__(self, order: Order, line: Line, address: str) -> None:
        self.order, self._line, self._address = order, line, address
        self._loop = asyncio.get_running_loop()
        self._events: asyncio.Queue[Event | Exception] = asyncio.Queue()
        self._over = threading.Event()
        self._begun = False
        self.task = asyncio.ensure_future(self._wait_and_work())

    def give_up(self) -> None:
        """Nobody wants it any more: it ends within a token. Of the loop; safe to call twice, and after the end."""
        self._over.set()
        if not self._begun:
            self.task.cancel()

    async def events(self, beat: float | None = None) -> AsyncIterator[Event | None]:
        """What happens, up to the outcome; None after every ``beat`` seconds of silence.

        Raises:
            Refused: it cannot be done.
        """
        while True:
            try:
                event = await asyncio.wait_for(self._events.get(), beat)
            except TimeoutError:
                yield None
                continue
            if isinstance(event, Exception):
                told = refused(event, upstream=bool(self.order.model.url))
                raise told from event
            yield event
            if isinstance(event, Replies):
                return

    async def _wait_and_work(self) -> None:
        try:
            async with self._line.turn(self._address):
                self._begun = True
                ended = asyncio.Event()
                threading.Thread(target=self._run, args=(ended,), name="gateway", daemon=True).start()
                await ended.wait()
        except Refused as error:
            self._events.put_nowait(error)
        except asyncio.CancelledError:
            self._events.put_nowait(Refused(503, "The gateway is being stopped.", "stopped"))

    def _run(self, ended: asyncio.Event) -> None:
        latest, ends = 0.0, time.monotonic() + LONGEST

        def over() -> bool:
            return self._over.is_set() or time.monotonic() > ends

        try:
            with registry.registered_only():
                for event in cancellable(work, over, self.order):
                    if isinstance(event, Report) and time.monotonic() - latest < PACE:
                        continue
                    latest = time.monotonic() if isinstance(event, Report) else latest
                    self._tell(event)
        except Cancelled as error:
            late = Refused(504, f"The reply was not there after {LONGEST:g} s; ask for less.", "too_slow")
            self._tell(error if self._over.is_set() else late)
        except Exception as error:
            if not isinstance(error, PlaygroundError):
                log.exception("a request of the gateway has failed")
            self._tell(error)
        finally:
            with suppress(RuntimeError):  # the loop has been closed meanwhile
                self._loop.call_soon_threadsafe(ended.set)

    def _tell(self, event: Event | Exception) -> None:
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._events.put_nowait, event)
