"""Which sessions have a stream open, and which pages are open."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs

import gradio as gr
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tts_playground.ui.gradio_patches.queue import FairQueue


class Listening:
    """ASGI middleware: tells the queue which sessions have a stream open.

    Hooked: the addresses of the two streams, ``/queue/data`` and ``/call/NAME/EVENT``, and what gradio does there for a
    session that it does not know: it raises when the answer has begun, and the log gets a traceback of two pages; the
    address of the stream that a page keeps open as long as it is there, ``/heartbeat/SESSION``.
    """

    STREAM = re.compile(r"/gradio_api/(?:queue/data|call/(?:v2/)?[^/]+/(?P<event>\w+))/?$")
    PAGE = re.compile(r"/gradio_api/heartbeat/([^/]+)$")

    def __init__(self, app: ASGIApp, blocks: gr.Blocks) -> None:
        self.app = app
        self.queue: Any = blocks._queue
        self.queue.listening = True
        self.heard = isinstance(blocks._queue, FairQueue)
        """whether the queue is one that listens; a page made without ``fair_queue`` has gradio's own"""

    @classmethod
    def to(cls, blocks: gr.Blocks) -> Middleware:
        """The middleware as the app wants it."""
        return Middleware(cls, blocks=blocks)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; note when a stream begins and ends, and who ended it."""
        path = scope["path"] if self.heard and scope["type"] == "http" and scope["method"] == "GET" else ""
        if page := self.PAGE.search(path):
            with self.queue.pages.during(page[1]):
                await self.app(scope, receive, send)
        elif stream := self.STREAM.search(path):
            await self._stream(stream, scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _stream(self, stream: re.Match[str], scope: Scope, receive: Receive, send: Send) -> None:
        told = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [""])[-1]
        session = self.queue.session_of(stream["event"]) if stream["event"] else told
        known, begun, whole, left = session in self.queue.pending_messages_per_session, False, False, False

        async def watched(message: Message) -> None:
            nonlocal begun, whole
            begun = True
            last = message["type"] == "http.response.body" and not message.get("more_body", False)
            whole = whole or last or b"close_stream" in message.get("body", b"")[:60]  # at which a page hangs up
            await send(message)

        async def heard() -> Message:
            nonlocal left
            message = await receive()
            left = left or (message["type"] == "http.disconnect" and not whole)
            return message

        try:
            with self.queue.hearing.during(session):
                await self.app(scope, heard, watched)
        except RuntimeError:
            if known or not begun:
                raise
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            if known and (left or not whole):
                await self.queue.broken_off(session)
