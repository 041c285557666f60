"""The scripts and styles of gradio's page: packed once a file instead of once a visitor, and kept by browsers.

Of plotly.js only what draws these charts is sent. Gradio's own chunk holds all of it, with maps and 3D: 1.28 MB packed,
more than half of what a first visit took; the part that draws bars, lines and heat maps is a third of that.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import gradio
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tts_playground.files import read_plain

PREFIX = "/assets/"
CHARTS = "plotly-cartesian-3.4.0.min.js"
FOLDER = Path(__file__).parents[1] / "data" / "plotly"
KINDS = {".js": "text/javascript", ".css": "text/css"}
LARGEST = 16 << 20
"""bytes of a script"""
FOREVER = "public, max-age=31536000, immutable"
"""names tell one version from another"""
ASK_AGAIN = "public, no-cache"
_OWN = re.compile(r"PlotlyPlot-[\w-]+\.js")
_BUNDLED = re.compile(
    r'\A(?P<imports>(?:import(?:\{[^}]*\}from)?"[^"]+";)+)var (?P<name>\w+)=\w+\(\w+\(\(\((?P<e>\w+),\w+\)=>\{.*'
    r"return window\.Plotly=(?P=e),(?P=e)\}\)\}\)\)\(\)\),",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Script:
    """A file of the page and how long browsers may keep it."""

    text: bytes
    kind: str
    keep: str = FOREVER

    def packed(self, way: str) -> bytes:
        """Its bytes in an encoding of HTTP."""
        import brotli

        if way == "br":
            return brotli.compress(self.text, quality=9)
        return gzip.compress(self.text, 9, mtime=0) if way == "gzip" else self.text


def without_plotly(chunk: str) -> str:
    """Gradio's component for charts with plotly.js from a file of its own; as it is, where it is built another way."""
    found = _BUNDLED.match(chunk)
    if found is None or f"{found['name']}.default." not in chunk[found.end() :]:
        return chunk
    parts = (f'import"./{CHARTS}";', f"var {found['name']}={{default:window.Plotly}},")
    return "".join((found["imports"], *parts, chunk[found.end() :]))


class PageScripts:
    """ASGI middleware: answers for gradio's scripts and styles.

    Args:
        folder: where gradio keeps them.
    """

    def __init__(self, app: ASGIApp, folder: str | Path) -> None:
        self.app = app
        there = {path.name: path for path in Path(folder).glob("*") if path.suffix in KINDS}
        self.paths = there | {CHARTS: FOLDER / CHARTS}
        self._kept: dict[tuple[str, str], tuple[bytes, dict[str, str]]] = {}

    @classmethod
    def everywhere(cls) -> Middleware:
        """The middleware as the app wants it."""
        return Middleware(cls, folder=Path(gradio.__file__).parent / "templates" / "frontend" / "assets")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        path = scope["path"].removeprefix(scope.get("root_path", "")) if scope["type"] == "http" else ""
        name = path.removeprefix(PREFIX)
        if not path.startswith(PREFIX) or name not in self.paths or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        body, told = await run_in_threadpool(self._answer, name, _way(headers.get("accept-encoding", "")))
        known = told["etag"] in [one.strip() for one in headers.get("if-none-match", "").split(",")]
        await Response(b"" if known else body, 304 if known else 200, told)(scope, receive, send)

    def _answer(self, name: str, way: str) -> tuple[bytes, dict[str, str]]:
        """Body and headers of a file; both are kept."""
        if (name, way) not in self._kept:
            script = self._script(name)
            body = script.packed(way)
            headers = {"content-type": f"{script.kind}; charset=utf-8", "cache-control": script.keep}
            headers |= {"vary": "accept-encoding", "etag": f'"{hashlib.sha256(body).hexdigest()[:32]}"'}
            self._kept[name, way] = body, headers | ({"content-encoding": way} if way else {})
        return self._kept[name, way]

    def _script(self, name: str) -> Script:
        text, kind = read_plain(self.paths[name], LARGEST), KINDS[self.paths[name].suffix]
        if not _OWN.fullmatch(name):
            return Script(text, kind)
        return Script(without_plotly(text.decode()).encode(), kind, ASK_AGAIN)  # gradio's name, and not its text


def _way(accepted: str) -> str:
    """The best encoding that a client takes; "" for none."""
    asked = {part.partition(";")[0].strip(): part.replace(" ", "") for part in accepted.lower().split(",")}
    return next((way for way in ("br", "gzip") if way in asked and not re.search(r";q=0(\.0*)?$", asked[way])), "")
