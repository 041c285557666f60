"""What a canvas may send: its parts, or the name under which the browser has sent them before; nothing else."""

import gradio as gr
import pytest

from tts_playground.errors import BadInput
from tts_playground.ui.edge.inputs import check_of


@pytest.fixture(scope="module")
def canvas():
    with gr.Blocks():
        return gr.ImageEditor(type="pil")


@pytest.mark.parametrize("value", [None, {"id": "abc"}, {"background": None, "layers": [], "composite": None}])
def test_what_a_browser_sends_is_taken(canvas, value):
    check_of(canvas)(canvas, "canvas", value)


@pytest.mark.parametrize("value", [{"path": "\0"}, {}, {"layer": []}, [], "picture.png", 3])
def test_what_is_no_canvas_is_refused_in_a_sentence(canvas, value):
    with pytest.raises(BadInput, match="canvas must be a picture"):
        check_of(canvas)(canvas, "canvas", value)
