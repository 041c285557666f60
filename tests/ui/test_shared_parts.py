"""What all tabs share: one file each, and no tab leans on another."""

import json
import re
from pathlib import Path

import pytest

from tts_playground import registry
from tts_playground.pages import downloads
from tts_playground.pages.coerce import number
from tts_playground.ui import shell

ROOM = Path(shell.__file__).parent
SLUGS = registry.names("tab")


@pytest.mark.parametrize("slug", SLUGS)
def test_a_tab_imports_no_other_tab(slug):
    others = "|".join(other for other in SLUGS if other != slug)
    files = list((ROOM / slug).rglob("*.py"))
    assert files
    for file in files:
        assert not re.findall(rf"tts_playground\.ui\.(?:{others})\b", file.read_text()), file


def test_numbers_from_strangers_are_put_into_range():
    assert [number(given, 5, 1, 9) for given in ("3", 3.9, "99", -4, None, "x", float("nan"), float("inf"))] == [
        3, 3, 9, 1, 5, 5, 5, 5,
    ]  # fmt: skip
    assert isinstance(number("2", 1.0, 0, 5), float)


def test_a_file_to_save_stands_in_the_page():
    file = json.loads(downloads.offer("a.txt", "text/plain", b"hello"))
    assert file == {"name": "a.txt", "href": "data:text/plain;base64,aGVsbG8="}


def test_pictures_are_served_from_where_they_lie():
    """A gallery of 16 else costs a hash and a copy a picture whenever anybody looks at it."""
    import io

    from gradio.utils import is_static_file
    from PIL import Image

    from tts_playground.pages import thumbnails
    from tts_playground.ui.gradio_patches import serve_in_place

    serve_in_place(thumbnails.folder())
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), (1, 2, 3)).save(stream, "PNG")
    file = thumbnails.picture_file(stream.getvalue())
    assert is_static_file(file) and Path(file).read_bytes() == stream.getvalue()
    assert thumbnails.picture_file(stream.getvalue()) == file


def test_a_pages_state_is_not_written_out():
    """Gradio does that for each new page and each new value."""
    from dataclasses import dataclass

    import gradio as gr
    from gradio.state_holder import SessionState

    from tts_playground.ui.gradio_patches import signatures_once
    from tts_playground.ui.widgets import PageState

    @dataclass(frozen=True)
    class Held:
        numbers: tuple[int, ...] = (1, 2)

    with gr.Blocks() as app:
        state = PageState(Held())
        word = gr.Textbox("a word")
    plain = {name: word.get_config()[name] for name in ("value", "lines", "name")}
    signatures_once({type(block) for block in app.blocks.values()})
    session = SessionState(app)
    assert session[state._id] == Held() and state.get_block_name() == "state" and state.stateful
    assert "value" not in state.get_config()
    assert {name: word.get_config()[name] for name in plain} == plain
