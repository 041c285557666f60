"""What has to stand in the page before gradio's own script runs.

Gradio mounts its first tab, and only then is told by an event that a link asks for another; that costs a link the time
of two tabs, and the page jumps. Here the configuration that the page carries already names the tab of the link. While
gradio puts its first parts in place they jump about, so that they are not shown until they stand; what comes below a
tab starts below the window, where it moves unseen while the tab's larger parts arrive.

Gradio looks for the events of each part among the targets of all of them, and Svelte watches every read of a plain
object: a fifth of a second of a page's 1.8. It watches no object of another prototype, and the targets never change.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BEFORE = b"<script data-gradio-mode>"
"""gradio's page, in templates/frontend/index.html: its configuration stands before this, its own script after it"""
SCRIPT = """<style>
body { margin: 0; }
#tabs > .tabitem { min-height: 100vh; }
gradio-app:not(:has(.tabitem .block)), gradio-app:has(.main > .wrap > .loading) {
  visibility: hidden; animation: tts-anyway 0s linear 60s forwards; }
.main > .wrap:has(> .loading) { position: fixed !important; inset: 0; visibility: visible; }
@keyframes tts-anyway { to { visibility: visible; } }
</style><script>(() => {
  for (const one of window.gradio_config?.dependencies || [])
    for (const list of [one.targets, ...one.targets]) Object.setPrototypeOf(list, Object.create(Array.prototype));
  const parts = window.gradio_config?.components || [], wanted = new URLSearchParams(location.search).get('tab');
  if (!parts.some((one) => one.type === 'tabitem' && one.props?.id === wanted)) return;
  const bar = parts.find((one) => one.type === 'tabs' && one.props?.elem_id === 'tabs');
  if (bar) bar.props.selected = wanted;
})();</script>"""


class Early:
    """ASGI middleware: adds ``SCRIPT`` to the page."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    @classmethod
    def everywhere(cls) -> Middleware:
        """The middleware as the app wants it."""
        return Middleware(cls)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        page = scope["type"] == "http" and scope["method"] == "GET"
        if not page or scope["path"].removeprefix(scope.get("root_path", "")) != "/":
            await self.app(scope, receive, send)
            return
        start: Message = {}
        body = b""

        async def added(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            if message["type"] != "http.response.body":
                await send(message)
                return
            body += message.get("body", b"")
            if message.get("more_body", False):
                return
            whole = body.replace(BEFORE, SCRIPT.encode() + BEFORE, 1)
            headers = MutableHeaders(raw=start["headers"])
            if "content-length" in headers:
                headers["content-length"] = str(len(whole))
            await send(start)
            await send({"type": "http.response.body", "body": whole})

        await self.app(scope, receive, added)
