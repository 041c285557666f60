"""A bound on request bodies of any kind, which the web framework leaves open."""

from __future__ import annotations

from fastapi import HTTPException
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

UPLOAD = 20 * 2**20 + 2**16
"""bytes of an upload: the largest file, and what stands around it"""


class BodyLimit:
    """ASGI middleware: a request body over the limit is answered 413 and not read to its end."""

    def __init__(self, app: ASGIApp, limit: int, upload: int) -> None:
        self.app = app
        self.limit = limit
        self.upload = upload

    @classmethod
    def at(cls, limit: int, upload: int = UPLOAD) -> Middleware:
        """The middleware as the app wants it: ``limit`` in bytes, and ``upload`` that of one that goes to a file."""
        return Middleware(cls, limit=limit, upload=upload)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting what arrives."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.upload if scope["path"].rstrip("/").endswith("/upload") else self.limit
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or len(declared) > 18 or int(declared) > limit:
            await _refuse(send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise HTTPException(413, "This request is too large.")
            return message

        await self.app(scope, counted, send)


async def _refuse(send: Send) -> None:
    text = b'{"detail":"This request is too large."}'
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": text})
