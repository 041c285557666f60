"""An upload is kept for an hour after its last use, half a day at most; of one that is gone a sentence says so."""

import os
from time import sleep, time

import gradio as gr
import pytest
from gradio.data_classes import ImageData
from gradio.route_utils import delete_files_created_by_app
from PIL import Image

from tts_playground.ui.gradio_patches import DrawingCanvas, PictureInput, components

AGE = 2
"""seconds after which gradio's cleaning takes a file here"""


@pytest.fixture
def page(tmp_path):
    """A page with one upload that is old enough to be cleaned away."""
    with gr.Blocks() as blocks:
        picture, canvas = PictureInput(type="pil"), DrawingCanvas(type="numpy", image_mode="RGBA")
    file = tmp_path / "drawing.png"
    Image.new("RGB", (8, 8)).save(file)
    blocks.temp_file_sets.append({str(file)})
    sleep(AGE + 0.1)
    return blocks, picture, canvas, file


@pytest.mark.parametrize("part", ["picture", "canvas"])
def test_what_is_used_is_kept_by_gradios_own_cleaning(page, part):
    blocks, picture, canvas, file = page
    payload = ImageData(path=str(file))
    shown = picture.preprocess(payload) if part == "picture" else canvas.convert_and_format_image(payload)
    assert shown is not None
    delete_files_created_by_app(blocks, AGE)
    assert file.exists()
    delete_files_created_by_app(blocks, None)
    assert not file.exists()
    for read in (picture.preprocess, canvas.convert_and_format_image):
        with pytest.raises(gr.Error) as told:
            read(payload)
        assert told.value.message == components.GONE and str(file) not in told.value.message


def test_use_does_not_keep_it_for_ever(page):
    blocks, picture, _, file = page
    old = time() - components.LONGEST_KEPT - 60
    os.utime(file, (old, old))
    sleep(AGE + 0.1)
    assert picture.preprocess(ImageData(path=str(file))) is not None
    delete_files_created_by_app(blocks, AGE)
    assert not file.exists()
