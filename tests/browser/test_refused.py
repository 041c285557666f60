"""Who is refused is told for how long, in the page's own words."""

import httpx
import pytest

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


@pytest.fixture
def slow_address():
    """An app in whose queue one request may wait."""
    import threading

    held = threading.Event()
    app = shell.build([Slow(held)], shell.Limits(queue=1))
    yield shell.serve(app, block=False, quiet=True, server_name="127.0.0.1")
    held.set()
    app.close()


def test_the_sentence_of_a_refusal_is_what_the_page_shows(slow_address, browser):
    page = browser.new_context().new_page()
    page.goto(slow_address)
    page.locator("#draw").wait_for()
    for session in ("works", "waits"):
        sent = {"fn_index": 0, "data": [], "session_hash": session}
        assert httpx.post(f"{slow_address}gradio_api/queue/join", json=sent).status_code == 200
        page.wait_for_timeout(300)
    page.locator("#draw").click()
    toast = page.get_by_test_id("toast-body").first
    toast.wait_for()
    assert "The queue is full, with 1 request waiting: try again in about 10 seconds." in toast.inner_text()
    page.context.close()
