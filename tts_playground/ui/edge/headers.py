"""What every answer tells the browser: guess no types, be framed by Hugging Face only, tell other sites nothing."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ANCESTORS = ("'self'", "https://huggingface.co", "https://*.hf.space")
"""who may show the app in a frame: itself, and the pages of Spaces"""
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": f"frame-ancestors {' '.join(ANCESTORS)}",
    "Referrer-Policy": "same-origin",  # addresses of this app hold prompts and programs
}


class SafeHeaders:
    """ASGI middleware: puts ``SAFE`` on every answer; a policy that is there already holds as well."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    @classmethod
    def everywhere(cls) -> Middleware:
        """The middleware as the app wants it."""
        return Middleware(cls)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add to what comes back."""

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                message.setdefault("headers", [])
                headers = MutableHeaders(scope=message)
                for name, value in SAFE.items():
                    if value not in headers.getlist(name):
                        headers.append(name, value)
            await send(message)

        await self.app(scope, receive, sent if scope["type"] == "http" else send)
