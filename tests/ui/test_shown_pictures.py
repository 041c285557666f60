"""A picture that is shown again is not written again: who loads it meanwhile gets it whole."""

import os
from pathlib import Path
from time import time

import pytest
from gradio import processing_utils
from gradio.image_utils import save_image
from PIL import Image

from tts_playground.ui.gradio_patches import files, pictures_once


@pytest.fixture
def saving(monkeypatch):
    monkeypatch.setattr(processing_utils, "save_pil_to_cache", files.gradios_saving)
    pictures_once()


@pytest.mark.parametrize("kind", ["png", "webp"])
def test_it_lies_where_gradio_puts_it_and_is_written_once(saving, tmp_path, kind):
    picture = Image.new("RGB", (24, 24), "teal")
    path = Path(save_image(picture, str(tmp_path), kind))
    assert str(path) == files.gradios_saving(picture, str(tmp_path), format=kind)
    with Image.open(path) as shown:
        assert shown.size == (24, 24)
    old = time() - 5000
    os.utime(path, (old, old))
    with path.open("rb") as loading:
        begun = loading.read(10)
        assert save_image(picture.copy(), str(tmp_path), kind) == str(path)
        assert begun + loading.read() == path.read_bytes()
        assert os.fstat(loading.fileno()).st_ino == path.stat().st_ino  # not even replaced
    assert path.stat().st_mtime > old + 1000  # what is shown again is young again
    path.unlink()
    assert save_image(picture, str(tmp_path), kind) == str(path) and path.is_file()
    assert [one.name for one in path.parent.iterdir()] == [path.name]
