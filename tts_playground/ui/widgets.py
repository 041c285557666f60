"""Gradio's components as every tab uses them; picture inputs have bounds on what a stranger may send through them.

Measured on the framework as it comes: one request with a huge layer index grows memory by 300 MB for good.
"""

from __future__ import annotations

from abc import ABCMeta
from typing import Any, ClassVar

import gradio as gr
import numpy as np
from fastapi import HTTPException
from gradio.component_meta import ComponentMeta
from gradio.components.base import Component, server
from gradio.components.image_editor import AcceptBlobs
from gradio.components.plot import PlotData
from PIL import Image

from tts_playground.images import open_image
from tts_playground.ui.error_handling import friendly

BLOB_BYTES = 1_000_000
"""largest layer of a canvas"""
BLOBS = 128
"""canvases kept between the stroke and the handler that reads it; the oldest go first"""
LAYERS = 4
FORMATS = "PNG, JPEG, WEBP, AVIF, GIF, BMP, TIFF or PPM"
BOUNDS = "at most 20 MB and 64 million pixels"


def plot(figure: str) -> PlotData:
    """A figure for ``gr.Plot`` from Plotly's JSON: what is shown again is not written out again."""
    return PlotData(type="plotly", plot=figure)


class _NoStubFile(ComponentMeta):
    """Gradio writes a .pyi file beside every new component class; this package's folder is never written to."""

    def __new__(cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any]):
        return ABCMeta.__new__(cls, name, bases, attrs)


class PageState(gr.State, metaclass=_NoStubFile):
    """``gr.State`` whose value is not written out as a dictionary whenever a session begins or the value changes.

    Gradio makes that dictionary of every dataclass and throws it away for states; ours hold whole pools.
    """

    is_template = True

    def __init__(self, held: Any = None) -> None:
        super().__init__(held)

    def get_config(self) -> dict[str, Any]:  # type: ignore[override]
        """What the page gets: nothing of the value."""
        return Component.get_config(self)


class PictureInput(gr.Image, metaclass=_NoStubFile):
    """``gr.Image`` whose handlers get a PIL image that ``open_image`` let through."""

    is_template = True

    def preprocess(self, payload: Any) -> Image.Image | None:
        """The picture, or None when there is none."""
        if payload is None:
            return None
        return friendly(open_image)(_file(payload))


class DrawingCanvas(gr.ImageEditor, metaclass=_NoStubFile):
    """``gr.ImageEditor`` that takes a few layers of bounded size, and keeps a bounded number of canvases.

    Its handlers get numpy arrays with alpha.
    """

    is_template = True
    _sent: ClassVar[dict[str, Any]] = {}

    @property
    def blob_storage(self) -> dict[str, Any]:
        """What was sent ahead, by its random name; one for all: gradio makes a page's canvas anew now and then."""
        return self._sent

    @blob_storage.setter
    def blob_storage(self, _: Any) -> None:
        """Gradio gives each new canvas one of its own."""

    def convert_and_format_image(self, file: Any, flatten_on_white: bool = False) -> Any:
        """One part of the canvas, (height, width, 4), opened by ``open_image``: gradio has no bounds."""
        if file is None:
            return None
        source = file if isinstance(file, (bytes, bytearray, memoryview)) else _file(file)
        return np.array(friendly(open_image)(source).convert("RGBA"))

    def preprocess(self, payload: Any) -> Any:
        """The value of ``gr.ImageEditor``; more layers than the canvas offers are refused."""
        if payload is not None and len(payload.layers) > LAYERS:
            raise gr.Error(f"A canvas has at most {LAYERS} layers.", print_exception=False)
        return super().preprocess(payload)

    @server
    def accept_blobs(self, data: AcceptBlobs) -> None:
        """One part of a canvas, sent ahead of the event that reads it."""
        index = str(data.data["index"])
        layer = 0 if index in ("None", "null") else int(index) if index.isdigit() else -1
        if not 0 <= layer < LAYERS or len(data.files) != 1 or len(data.files[0][1]) > BLOB_BYTES:
            raise HTTPException(413, f"A canvas has at most {LAYERS} layers of {BLOB_BYTES // 1000} kB.")
        super().accept_blobs(data)
        while len(self.blob_storage) > BLOBS:
            self.blob_storage.pop(next(iter(self.blob_storage)), None)


def held(canvas: DrawingCanvas) -> DrawingCanvas:
    """An unseen canvas that events read instead of ``canvas``, whose value is copied to it in the browser."""
    return DrawingCanvas(type="numpy", image_mode="RGBA", canvas_size=canvas.canvas_size, visible=False)


def _file(payload: Any) -> str:
    """The path of an uploaded file (gradio has checked that it lies in the upload folder); never a data: URL."""
    if not payload.path:
        raise gr.Error("Send the picture as a file.", print_exception=False)
    return payload.path


def upload(label: str, *, height: int, elem_id: str, value: Any = None) -> PictureInput:
    """A place for a picture of one's own."""
    return PictureInput(
        value=value,
        type="pil",
        sources=["upload", "clipboard"],
        image_mode=None,
        label=label,
        buttons=[],
        height=height,
        elem_id=elem_id,
    )


def heading(title: str, what: str) -> None:
    """A section's title, and a line that says what to see there."""
    gr.HTML(f"<h2>{title}</h2>{said(what)}", padding=False, elem_classes="heading")


def said(words: str) -> str:
    """A quiet line of explanation, as HTML."""
    return f'<p class="what">{words}</p>'


def slider(
    tab: str, name: str, label: str, value: float, step: float, info: str, limits: dict[str, tuple[float, float]]
) -> gr.Slider:
    """A setting's slider; its id is the tab's name and its own."""
    low, high = limits[name]
    where = f"{tab}-{name.replace('_', '-')}"
    return gr.Slider(low, high, value, step=step, label=label, info=info, elem_id=where, buttons=[])


def thumbs(value: Any, *, elem_id: str, columns: int, height: int | str, preview: bool = False) -> gr.Gallery:
    """Small pictures with captions under them; without a preview a click only chooses."""
    return gr.Gallery(
        value=value,
        show_label=False,
        format="png",
        columns=columns,
        height=height,
        object_fit="contain",
        allow_preview=preview,
        buttons=[],
        interactive=False,
        elem_id=elem_id,
        elem_classes="thumbs",
    )


def python(script: str, *, elem_id: str) -> gr.Code:
    """A script to copy."""
    return gr.Code(
        script, language="python", interactive=False, show_label=False, buttons=["copy"], max_lines=24, elem_id=elem_id
    )


def copy_as_python(script: str, *, elem_id: str) -> gr.Code:
    """A script to copy, folded."""
    with gr.Accordion("Copy as Python", open=False):
        return python(script, elem_id=elem_id)


def take_away(tab: str, kinds: dict[str, str], what: str) -> dict[str, Any]:
    """Buttons that save files, and one that copies a link: the parts "files", "link" and "link_text"."""
    with gr.Row(elem_classes="buttons"):
        files = {
            kind: gr.Button(f"Save {name}", size="sm", min_width=80, elem_id=f"{tab}-save-{kind}")
            for kind, name in kinds.items()
        }
        link = gr.Button("Copy link", size="sm", min_width=80, elem_id=f"{tab}-link")
    text = gr.Textbox(
        label=f"A link that brings {what} back",
        visible=False,
        buttons=["copy"],
        max_lines=2,
        elem_id=f"{tab}-link-text",
    )
    return {"files": files, "link": link, "link_text": text}
