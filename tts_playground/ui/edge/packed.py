"""The page and its configuration, compressed: a tenth of the bytes."""

from __future__ import annotations

from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send


class Packed:
    """ASGI middleware: compresses the page and its configuration, for clients that take it.

    Not the streams, whose messages must not wait for each other, and not what is compressed already.
    """

    PATHS = ("/", "/config")

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.packed = GZipMiddleware(app, compresslevel=5)

    @classmethod
    def pages(cls) -> Middleware:
        """The middleware as the app wants it."""
        return Middleware(cls)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        page = scope["type"] == "http" and scope["path"].removeprefix(scope.get("root_path", "")) in self.PATHS
        await (self.packed if page else self.app)(scope, receive, send)
