"""A bound on request bodies of any kind, which the web framework leaves open, and on what uploads leave on the disk."""

from __future__ import annotations

import json
from collections import deque
from time import monotonic

from fastapi import HTTPException
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tts_playground.ui.gradio_patches.addresses import address_of_request

UPLOAD = 20 * 2**20 + 2**16
"""bytes of an upload: the largest file, and what stands around it"""
KEPT = 4200.0
"""seconds that an upload stays on the disk, at most: an hour, and until the next look for what is older"""
ONES, ALL = 1 << 30, 4 << 30
"""bytes of uploads that are kept, of one address and of all"""


class Uploads:
    """How much of what was sent is still there."""

    def __init__(self) -> None:
        self._sent: deque[tuple[float, str, int]] = deque()

    def add(self, address: str, size: int) -> None:
        """Note what came."""
        self._sent.append((monotonic(), address, size))

    def full(self, address: str) -> str | None:
        """The sentence for somebody who may not send more for now; None for others."""
        while self._sent and self._sent[0][0] < monotonic() - KEPT:
            self._sent.popleft()
        if sum(size for _, other, size in self._sent if other == address) > ONES:
            return "Your network has sent too many files within the hour; try again later."
        if sum(size for _, _, size in self._sent) > ALL:
            return "Too many files were sent here within the hour; try again later."
        return None


class BodyLimit:
    """ASGI middleware: a request body over the limit is answered 413 and not read to its end."""

    def __init__(self, app: ASGIApp, limit: int, upload: int) -> None:
        self.app = app
        self.limit = limit
        self.upload = upload
        self.uploads = Uploads()

    @classmethod
    def at(cls, limit: int, upload: int = UPLOAD) -> Middleware:
        """The middleware as the app wants it: ``limit`` in bytes, and ``upload`` that of one that goes to a file."""
        return Middleware(cls, limit=limit, upload=upload)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting what arrives."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        uploads = scope["path"].rstrip("/").endswith("/upload")
        limit = self.upload if uploads else self.limit
        address = address_of_request(HTTPConnection(scope)) if uploads else ""
        if uploads and (told := self.uploads.full(address)):
            await _refuse(send, 429, told)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or len(declared) > 18 or int(declared) > limit:
            await _refuse(send, 413, "This request is too large.")
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise HTTPException(413, "This request is too large.")
            return message

        try:
            await self.app(scope, counted, send)
        finally:
            if uploads:
                self.uploads.add(address, seen)


async def _refuse(send: Send, status: int, sentence: str) -> None:
    text = json.dumps({"detail": sentence}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})
