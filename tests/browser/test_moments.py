"""Two settings that change within a moment: what the page shows in the end is of both."""

import time

import gradio as gr
import pytest
from opening import settled
from playwright.sync_api import expect

from tts_playground.ui.events import follows


@pytest.fixture
def address():
    """A page whose first answer takes longer than the next."""

    def answer(one, other):
        if other == 0:
            time.sleep(1.5)
        return f"{one:g} and {other:g}"

    with gr.Blocks() as app:
        parts = [gr.Number(0, elem_id="one"), gr.Number(0, elem_id="other")]
        said = gr.Textbox("", elem_id="said")
        follows([part.change for part in parts], answer, parts, said)
    _, url, _ = app.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
    yield url
    app.close()


def test_the_answer_to_the_last_of_two_quick_moves_stands(address, new_page):
    page = new_page(address, "#other input")
    for part, value in (("one", "3"), ("other", "4")):
        page.locator(f"#{part} input").fill(value)
    settled(page)
    expect(page.locator("#said textarea")).to_have_value("3 and 4")
