"""Answers on the wire: whole ones as JSON, and streams of server-sent events."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from starlette.types import Send

from tts_playground.gateway.guard import Gone
from tts_playground.gateway.outcome import Delta, Event, Replies, Report
from tts_playground.gateway.shapes import ENDED, EXTRA, Completion, Refused, dumped, event
from tts_playground.gateway.working import Working

log = logging.getLogger(__name__)
BEAT = 10.0
"""seconds of silence in a stream after which it says that it goes on"""
PATIENCE = 60.0
"""seconds that one piece may wait for a client that does not read"""
SAFE = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"))


class Sender:
    """One answer."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._begun = False

    async def json(self, status: int, body: Any, headers: Iterable[tuple[str, str]] = ()) -> None:
        """A whole answer; nothing where one has begun."""
        if self._begun:
            return
        data = dumped(body)
        more = [(b"content-length", str(len(data)).encode())]
        more += [(name.encode(), value.encode()) for name, value in headers]
        if status >= 400 and status != 429:
            more.append((b"x-should-retry", b"false"))  # the openai package would send it again
        await self._start(status, b"application/json", more)
        await self._out(data, more=False)

    async def open(self) -> None:
        """Begin a stream."""
        await self._start(200, b"text/event-stream; charset=utf-8", [(b"x-accel-buffering", b"no")])

    async def out(self, data: bytes) -> None:
        """A piece of a stream."""
        await self._out(data, more=True)

    async def close(self) -> None:
        """End a stream."""
        await self._out(b"", more=False)

    async def _start(self, status: int, kind: bytes, more: list[tuple[bytes, bytes]]) -> None:
        self._begun = True
        named = (b"x-request-id", f"req_{secrets.token_hex(12)}".encode())
        headers = [(b"content-type", kind), named, *SAFE, *more]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def _out(self, data: bytes, *, more: bool) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._send({"type": "http.response.body", "body": data, "more_body": more})
        except TimeoutError as error:
            raise Gone from error


async def stream(work: Working, sender: Sender, completion: Completion) -> None:
    """A completion piece by piece; what is refused before the first has a status of its own."""
    asked, sent = work.order.asked, defaultdict[int, str](str)
    begun = False
    try:
        async for one in work.events(BEAT):
            if one is None:
                if begun:
                    await sender.out(b": it goes on\n\n")
                continue
            if not begun:
                begun = True
                await sender.open()
                for place in range(asked.n):
                    await sender.out(event(completion.piece(place, {"role": "assistant", "content": ""})))
            await _tell(one, sender, completion, sent, searching=asked.search is not None)
            if isinstance(one, Replies) and asked.include_usage:
                await sender.out(event(completion.bill(one.usage)))
        await sender.out(ENDED)
    except Refused as error:
        if not begun:
            raise
        await sender.out(event(error.body))
    await sender.close()


async def _tell(
    one: Event, sender: Sender, completion: Completion, sent: defaultdict[int, str], *, searching: bool
) -> None:
    if isinstance(one, Report):
        if searching:
            await sender.out(event(completion.report(one)))
    elif isinstance(one, Delta):
        sent[one.choice] += one.text
        await sender.out(event(completion.piece(one.choice, {"content": one.text})))
    else:
        last = len(one.choices) - 1
        for place, choice in enumerate(one.choices):
            begun = sent[place]
            rest = choice.text[len(begun) :] if choice.text.startswith(begun) else ""
            if rest:
                await sender.out(event(completion.piece(place, {"content": rest})))
            found = {EXTRA: one.found} if place == last else {}
            await sender.out(event(completion.piece(place, {}, choice.why) | found))
