"""The page is sent compressed, and streams and files as they were."""

import gzip

import httpx

MOST = 400_000
"""bytes of the whole page with all tabs; the rest of what a browser loads is gradio's own"""


def test_the_page_is_light(address):
    answer = httpx.get(address, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip" and "Accept-Encoding" in answer.headers["vary"]
    assert int(answer.headers["content-length"]) < MOST
    assert "<!doctype html>" in answer.text[:100].lower()


def test_who_takes_no_compression_gets_none(address):
    answer = httpx.get(address, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in answer.headers and len(answer.content) > len(gzip.compress(answer.content))


def test_a_heartbeat_is_no_page(address):
    with httpx.stream(
        "GET", address + "gradio_api/heartbeat/abc", headers={"Accept-Encoding": "gzip"}, timeout=20
    ) as answer:
        assert "content-encoding" not in answer.headers
