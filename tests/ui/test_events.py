"""What the tabs' events keep to: the canvas stays out of the browser's way, a cancel is the last word."""

import inspect
import subprocess
import sys
from types import SimpleNamespace

import gradio as gr
import pytest

from tts_playground.errors import BadInput, CannotDo
from tts_playground.pages.status import status
from tts_playground.ui import shell
from tts_playground.ui.error_handling import REFUSALS, friendly
from tts_playground.ui.events import cancels
from tts_playground.ui.gradio_patches import DrawingCanvas


@pytest.fixture(scope="module")
def app():
    """All tabs, wired."""
    return shell.build()


def test_no_handler_reads_the_canvas_itself(app):
    """Gradio asks each input of a finished event for its value at every status line; a canvas then uploads itself."""
    shown = {part for part in app.blocks.values() if isinstance(part, DrawingCanvas) and part.visible}
    assert len(shown) == 1
    readers = [event for event in app.fns.values() if shown & set(event.inputs)]
    assert readers and all(event.fn is None and event.js for event in readers)


def test_strokes_that_were_sent_ahead_reach_the_unseen_canvas(app):
    parts = [part for part in app.blocks.values() if isinstance(part, DrawingCanvas)]
    canvas, held = sorted(parts, key=lambda part: not part.visible)
    assert held.blob_storage is canvas.blob_storage
    anew = canvas.__class__(**canvas.constructor_args)  # as gradio does when an event updates it
    assert anew.blob_storage is held.blob_storage


def test_what_answers_a_cancel_does_not_join_the_queue(app):
    buttons = {event.targets[0] for event in app.fns.values() if event.cancels}
    assert len(buttons) > 5
    answers = [event for event in app.fns.values() if set(event.targets) & buttons and event.outputs]
    assert answers and not [event.api_name for event in answers if event.queue is not False]


def test_a_cancel_tells_lines_that_are_busy_and_leaves_the_others():
    with gr.Blocks() as app:
        line, other, button = gr.HTML(), gr.HTML(), gr.Button()
        event = gr.Button().click(lambda: None)
        cancels([button], [event], [line, other], "Cancelled; all is kept.")
    told = [event.fn for event in app.fns.values() if event.outputs]
    busy, done = status("Searching…", busy=True), status("Done.")
    assert len(told) == 2  # when the event has ended, and at once
    for answer, words in zip(told, ("Stopped; what came before is kept.", "Cancelled; all is kept."), strict=True):
        assert answer is not None
        new, kept = answer(None, busy, done)
        assert new == status(words)
        assert kept == gr.skip()


def test_a_refused_run_says_why_on_its_own_line():
    page, other = SimpleNamespace(session_hash="refused"), SimpleNamespace(session_hash="other")
    why = {"": BadInput("The prompt is empty; describe an image."), "later": CannotDo("GLM does not answer.")}

    @friendly
    def run(request, begun, late):
        if begun:
            yield status("On it", busy=True)
        raise why[late]

    with gr.Blocks() as app:
        first, own, button = gr.HTML(), gr.HTML(), gr.Button()
        event = button.click(run, None, own)
        cancels([gr.Button()], [event], [first, own], "Cancelled; all is kept.", "Not drawn")
    ended = next(event.fn for event in app.fns.values() if len(event.outputs) == 2)
    told = "Not drawn: the prompt is empty; describe an image. What is shown is from before."
    for shown in (status("Done."), status("On it", busy=True)):
        REFUSALS.told(page.session_hash, why[""])
        assert ended(other, status("Done."), status("Done.")) == [gr.skip()] * 2
        assert ended(page, status("Done."), shown) == [gr.skip(), status(told)]
        assert ended(page, status("Done."), status("Done.")) == [gr.skip()] * 2, "it is told once"
    for late, words in (("", told), ("later", "Stopped: GLM does not answer. What came before is kept.")):
        request = gr.Request(session_hash="refused")
        with pytest.raises(gr.Error):
            list(run(request, True, late))
        assert ended(page, status("Done."), status("On it", busy=True))[1] == status(words)


@pytest.mark.parametrize("first", ["the cancel", "the end"])
def test_whichever_answer_comes_last_the_cancel_is_the_last_word(first):
    """Both answers may have been asked for while the line was busy."""
    with gr.Blocks() as app:
        line, button = gr.HTML(), gr.Button()
        event = gr.Button().click(lambda: None)
        cancels([button], [event], [line], "Cancelled; all is kept.")
    ended, cancelled = [event.fn for event in app.fns.values() if event.outputs]
    page, other, busy = SimpleNamespace(session_hash="a"), SimpleNamespace(session_hash="b"), status("On it", busy=True)
    order = [cancelled, ended] if first == "the cancel" else [ended, cancelled]
    told = [answer(page, busy) for answer in order]
    assert told[-1] == status("Cancelled; all is kept.")
    assert ended(other, busy) == status("Stopped; what came before is kept.")


def test_gradio_is_imported_whole_and_without_stub_files():
    assert inspect.getfile(inspect) == inspect.__file__
    probe = (
        "import inspect, pathlib; real = inspect.getfile; wrote = []\n"
        "keep = pathlib.Path.write_text\n"
        "pathlib.Path.write_text = lambda self, *a, **k: wrote.append(self.name) or keep(self, *a, **k)\n"
        "read = pathlib.Path.read_text\n"
        "pathlib.Path.read_text = lambda self, *a, **k: (wrote.append(self.name), read(self, *a, **k))[1]\n"
        "import tts_playground.ui, gradio\n"
        "assert inspect.getfile is real and gradio.Slider and gradio.ImageEditor\n"
        "print([name for name in wrote if name.endswith('.pyi')])"
    )
    found = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


MOVES = {"change", "input", "release"}


def test_what_follows_several_parts_is_one_event(app):
    """As an event a part, the answer to the first of two moves may come after the answer to both."""
    events = [event for event in app.fns.values() if event.fn and any(how in MOVES for _, how in event.targets)]
    shown = [(event.fn, tuple(part._id for part in event.outputs)) for event in events]
    assert len(shown) > 30 and len({len(event.targets) for event in events}) > 2
    assert [one for one in shown if shown.count(one) > 1] == []
