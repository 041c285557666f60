"""What writes a figure as a PDF in the browser: files that a page fetches when somebody saves one, and never before.

They are libraries and fonts of others with their licences, and ``write.js``, which uses them.
"""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import PlainTextResponse
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

FOLDER = Path(__file__).parents[1] / "data" / "pdf"
PREFIX = "/figure-files/"
"""where ``data/figures.js`` asks for them"""


class FigureFiles:
    """ASGI middleware: answers for addresses under ``PREFIX`` with the files of ``FOLDER``, compressed."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.files = GZipMiddleware(StaticFiles(directory=FOLDER), compresslevel=5)

    @classmethod
    def everywhere(cls) -> Middleware:
        """The middleware as the app wants it."""
        return Middleware(cls)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        path = scope["path"].removeprefix(scope.get("root_path", "")) if scope["type"] == "http" else ""
        if not path.startswith(PREFIX):
            await self.app(scope, receive, send)
            return
        try:
            await self.files({**scope, "path": path.removeprefix(PREFIX[:-1]), "root_path": ""}, receive, send)
        except HTTPException as error:
            await PlainTextResponse(error.detail, error.status_code)(scope, receive, send)
