"""What a stranger may send and reach."""

import io

import httpx
import pytest
from PIL import Image

from tts_playground.errors import BadInput
from tts_playground.images import open_image
from tts_playground.ui import shell
from tts_playground.ui.error_handling import said
from tts_playground.ui.gradio_patches import BLOB_BYTES, BLOBS, LAYERS, DrawingCanvas


def _png(size, mode="L", **options) -> bytes:
    stream = io.BytesIO()
    Image.new(mode, size).save(stream, "PNG", **options)
    return stream.getvalue()


def test_pictures_keep_alpha_and_lose_metadata():
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    stream = io.BytesIO()
    Image.new("RGBA", (5, 7)).save(stream, "PNG", exif=exif)
    picture = open_image(stream.getvalue())
    assert (picture.size, picture.mode, picture.info) == ((5, 7), "RGBA", {})
    assert not picture.getexif()


def test_photos_are_turned_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    stream = io.BytesIO()
    Image.new("RGB", (5, 7)).save(stream, "JPEG", exif=exif)
    assert open_image(stream.getvalue()).size == (7, 5)


@pytest.mark.parametrize(("size", "says"), [((8001, 8000), "million pixels"), ((65_500, 1), "too thin")])
def test_too_many_pixels_are_refused(size, says):
    with pytest.raises(BadInput, match=says):
        open_image(_png(size, "1"))


@pytest.fixture(scope="module")
def canvas():
    """The canvas as the server would call it."""
    import gradio as gr

    with gr.Blocks():
        return DrawingCanvas()


def _blob(index, blob=b"x", name="a"):
    from gradio.components.image_editor import AcceptBlobs

    data = {"type": "layer", "index": index, "file": b"", "id": name}
    return AcceptBlobs(data=data, files=[("blob", blob)])  # type: ignore[arg-type]


@pytest.mark.parametrize("sent", [(100000000,), (-1,), (0, b"x" * (BLOB_BYTES + 1))])
def test_canvas_layers_are_bounded(canvas, sent):
    from fastapi import HTTPException

    with pytest.raises(HTTPException) as caught:
        canvas.accept_blobs(_blob(*sent))
    assert caught.value.status_code == 413
    assert canvas.blob_storage == {}


def test_what_is_painted_is_bounded_before_it_is_decoded(canvas):
    import gradio as gr

    assert canvas.convert_and_format_image(_png((30, 20))).shape == (20, 30, 4)
    with pytest.raises(gr.Error, match="too thin"):
        canvas.convert_and_format_image(_png((65_500, 1)))


def test_only_so_many_canvases_wait(canvas):
    for number in range(BLOBS + 20):
        canvas.accept_blobs(_blob(LAYERS - 1, name=str(number)))
    assert len(canvas.blob_storage) == BLOBS
    assert "0" not in canvas.blob_storage
    canvas.blob_storage.clear()


def test_the_canvas_keeps_its_guard_and_its_face():
    assert DrawingCanvas.accept_blobs._is_server_fn  # type: ignore[attr-defined]
    assert DrawingCanvas.get_block_name(DrawingCanvas.__new__(DrawingCanvas)) == "imageeditor"


def test_large_bodies_are_refused(address):
    limit = shell.Limits().body_bytes
    response = httpx.post(f"{address}gradio_api/queue/join", content=b" " * (limit + 1))
    assert response.status_code == 413
    lines = (b" " * 2**20 for _ in range(limit // 2**20 + 1))  # no Content-Length
    assert httpx.post(f"{address}gradio_api/queue/join", content=lines).status_code in (400, 413)


@pytest.mark.parametrize("path", ["/etc/passwd", shell.__file__, "pyproject.toml", "../pyproject.toml"])
def test_nothing_of_the_file_system_is_reachable(address, path):
    assert httpx.get(f"{address}gradio_api/file={path}").status_code in (403, 404)


def test_the_page_is_whole_and_fetches_nothing_from_elsewhere(address):
    config = httpx.get(f"{address}config").json()
    ids = {component["props"].get("elem_id") for component in config["components"]}
    names = "canvas program run cancel n temperature seed gallery curve status"
    assert {f"sketch-{name}" for name in names.split()} <= ids
    assert "http" not in str(config["stylesheets"])
    visible = {d["api_name"] for d in config["dependencies"] if d["api_visibility"] != "private"}
    assert {"sketch", "render"} <= visible  # other tabs add theirs where their models are here


def test_history_and_monitoring_are_off(address):
    assert httpx.get(f"{address}monitoring").status_code in (403, 404)
    assert httpx.get(f"{address}config").json().get("run_history") in (None, False)


def test_a_fault_tells_nothing_about_the_machine(caplog):
    error = said(KeyError("/secret/path"))
    assert "/secret" not in str(error)
    assert "/secret" in caplog.text
