"""Gradio's picture inputs, with bounds on what a stranger may send through them.

Measured on the framework as it comes: one request with a huge layer index grows memory by 300 MB for good.
"""

from __future__ import annotations

from abc import ABCMeta
from typing import Any

import gradio as gr
from fastapi import HTTPException
from gradio.component_meta import ComponentMeta
from gradio.components.base import server
from gradio.components.image_editor import AcceptBlobs
from PIL import Image

from tts_playground.ui.faults import friendly
from tts_playground.ui.pictures import open_picture

BLOB_BYTES = 1_000_000
"""largest layer of a canvas"""
BLOBS = 128
"""canvases kept between the stroke and the handler that reads it; the oldest go first"""
LAYERS = 4


class _NoStubFile(ComponentMeta):
    """Gradio writes a .pyi file beside every new component class; this package's folder is never written to."""

    def __new__(cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any]):
        return ABCMeta.__new__(cls, name, bases, attrs)


class Picture(gr.Image, metaclass=_NoStubFile):
    """``gr.Image`` whose handlers get a PIL image that ``open_picture`` let through."""

    is_template = True

    def preprocess(self, payload: Any) -> Image.Image | None:
        """The picture, or None when there is none."""
        if payload is None:
            return None
        return friendly(open_picture)(_file(payload))


class Canvas(gr.ImageEditor, metaclass=_NoStubFile):
    """``gr.ImageEditor`` that takes a few layers of bounded size, and keeps a bounded number of canvases."""

    is_template = True

    def convert_and_format_image(self, file: Any, flatten_on_white: bool = False) -> Any:
        """Refuses what ``open_picture`` refuses, before gradio decodes it."""
        if file is not None:
            friendly(open_picture)(file if isinstance(file, bytes) else _file(file))
        return super().convert_and_format_image(file, flatten_on_white)

    def preprocess(self, payload: Any) -> Any:
        """The value of ``gr.ImageEditor``; more layers than the canvas offers are refused."""
        if payload is not None and len(payload.layers) > LAYERS:
            raise gr.Error(f"A canvas has at most {LAYERS} layers.", print_exception=False)
        return super().preprocess(payload)

    @server
    def accept_blobs(self, data: AcceptBlobs) -> None:
        """One part of a canvas, sent ahead of the event that reads it."""
        index: object = data.data["index"]  # arrives as text
        layer = 0 if index in (None, "null") else int(index) if str(index).isdigit() else -1  # type: ignore[call-overload]
        if not 0 <= layer < LAYERS or len(data.files) != 1 or len(data.files[0][1]) > BLOB_BYTES:
            raise HTTPException(413, f"A canvas has at most {LAYERS} layers of {BLOB_BYTES // 1000} kB.")
        super().accept_blobs(data)
        while len(self.blob_storage) > BLOBS:
            self.blob_storage.pop(next(iter(self.blob_storage)), None)


def _file(payload: Any) -> str:
    """The path of an uploaded file (gradio has checked that it lies in the upload folder); never a data: URL."""
    if not payload.path:
        raise gr.Error("Send the picture as a file.", print_exception=False)
    return payload.path
