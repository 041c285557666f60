"""What every answer tells the browser, files and errors included."""

import httpx
import pytest

from tts_playground.ui import shell
from tts_playground.ui.edge.headers import SAFE, SafeHeaders

PAGES = ["", "config", "theme.css", "gradio_api/info", "gradio_api/startup-events", "static/img/logo.svg", "nowhere"]


def _safe(answer):
    return {name: answer.headers.get(name) for name in SAFE} == SAFE


@pytest.mark.parametrize("path", PAGES)
def test_pages_and_errors(address, path):
    assert _safe(httpx.get(f"{address}{path}"))


def test_uploads_and_their_files(address):
    sent = httpx.post(f"{address}gradio_api/upload", files={"files": ("page.html", b"<script>alert(1)</script>")})
    assert sent.status_code == 200 and _safe(sent)
    file = httpx.get(f"{address}gradio_api/file={sent.json()[0]}")
    assert file.status_code == 200 and b"script" in file.content and _safe(file)
    assert file.headers["content-disposition"].startswith("attachment")


def test_streams_and_refusals(address):
    with httpx.stream("GET", f"{address}gradio_api/queue/data?session_hash=nobody") as stream:
        assert _safe(stream)
    assert _safe(httpx.post(f"{address}gradio_api/queue/join", content=b"{}", headers={"Content-Type": "text/plain"}))
    assert _safe(httpx.get(address, headers={"Host": "evil.example"}))
    assert _safe(httpx.post(f"{address}gradio_api/upload", content=b" " * (shell.Limits().body_bytes + 1)))


def test_a_policy_that_is_there_stays():
    from starlette.applications import Starlette
    from starlette.responses import Response
    from starlette.routing import Route
    from starlette.testclient import TestClient

    async def page(request):
        return Response("x", headers={"Content-Security-Policy": "sandbox", "X-Content-Type-Options": "nosniff"})

    answer = TestClient(Starlette(routes=[Route("/", page)], middleware=[SafeHeaders.everywhere()])).get("/")
    assert answer.headers.get_list("content-security-policy") == ["sandbox", SAFE["Content-Security-Policy"]]
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
