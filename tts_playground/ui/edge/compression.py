"""The page itself is sent compressed: it holds every component's settings, and gradio compresses named files alone."""

from __future__ import annotations

from gradio.brotli_middleware import BrotliMiddleware
from starlette.middleware import Middleware
from starlette.types import Scope


class CompressedPage(BrotliMiddleware):
    """ASGI middleware: brotli, or gzip, for the page's HTML where the browser takes it; all else passes."""

    @classmethod
    def of_root(cls) -> Middleware:
        """The middleware as the app wants it."""
        return Middleware(cls)

    def _is_compressible_file_type(self, scope: Scope) -> bool:
        """Hooked: which answers are compressed; streams of events and files never are."""
        path = str(scope.get("path", "")).removeprefix(str(scope.get("root_path", "")))
        return scope.get("method") == "GET" and path in ("", "/")
