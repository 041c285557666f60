"""Who is refused is told for how long, in the page's own words; and who may show the app in a frame is told, too."""

import threading

import httpx
import pytest
from opening import PATIENCE
from playwright.sync_api import expect

from tts_playground.ui import shell
from tts_playground.ui.events import GPU


class Slow:
    """A tab with one button whose work takes until it is let go."""

    slug = label = "slow"

    def __init__(self, held):
        self.held = held

    def ready(self):
        return True

    def warm(self):
        pass

    def build(self, app):
        import gradio as gr

        line = gr.Textbox()
        gr.Button("Draw", elem_id="draw").click(lambda: self.held.wait(60), None, line, **GPU)


@pytest.fixture(scope="module")
def slow_address():
    """An app of one small tab, in whose queue one request may wait."""
    held = threading.Event()
    app = shell.build([Slow(held)], shell.Limits(queue=1))
    yield shell.serve(app, block=False, quiet=True, server_name="127.0.0.1")
    held.set()
    app.close()


def test_the_sentence_of_a_refusal_is_what_the_page_shows(slow_address, new_page):
    page = new_page(slow_address, "#draw")
    for session in ("works", "waits"):
        sent = {"fn_index": 0, "data": [], "session_hash": session}
        assert httpx.post(f"{slow_address}gradio_api/queue/join", json=sent).status_code == 200
        page.wait_for_timeout(300)  # the first is at work when the second comes
    page.locator("#draw").click()
    toast = page.get_by_test_id("toast-body").first
    toast.wait_for()
    assert "The queue is full, with 1 request waiting: try again in about 10 seconds." in toast.inner_text()


@pytest.fixture(scope="module")
def web(browser):
    """A browser whose pages of the web are let to 127.0.0.1, from which it would keep them itself."""
    context = browser.new_context()
    context.grant_permissions(["local-network-access"])
    yield context
    context.close()


@pytest.fixture
def framed(slow_address, web):
    """``framed(origin)``: a page of that origin, which the browser takes for real, with the app in a frame."""
    page = web.new_page()
    page.violations = []

    def opened(origin):
        page.on("console", lambda message: page.violations.append(message.text))
        html = f'<iframe id="app" src="{slow_address}" width="1200" height="800"></iframe>'
        page.route(f"{origin}/**", lambda route: route.fulfill(body=html, content_type="text/html"))
        page.goto(f"{origin}/spaces")
        assert page.evaluate("location.origin") == origin
        return page

    yield opened
    page.close()


@pytest.mark.parametrize("origin", ["https://huggingface.co", "https://me-app.hf.space"])
def test_a_space_is_shown_in_its_frame(framed, origin):
    page = framed(origin)
    page.frame_locator("#app").locator("#title h1").wait_for(timeout=PATIENCE)
    assert not any("frame-ancestors" in line for line in page.violations)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://hf.space.evil.example",
        "https://huggingface.co.evil.example",
        "https://hf.space",
    ],
)
def test_other_sites_show_nothing(framed, origin):
    page = framed(origin)
    refused = page.locator("#app")
    expect(refused).to_be_attached()
    for _ in range(PATIENCE // 100):
        if any("frame-ancestors" in line for line in page.violations):
            break
        page.wait_for_timeout(100)
    assert any("frame-ancestors" in line for line in page.violations)
    assert page.frame_locator("#app").locator("#title").count() == 0
