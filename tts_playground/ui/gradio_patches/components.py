"""Components whose inside is changed: states are not written out, and what a stranger may send has bounds.

Measured on the framework as it comes: one request with a huge layer index grows memory by 300 MB for good.
"""

from __future__ import annotations

import os
from pathlib import Path
from time import time
from typing import Any, ClassVar, cast

import gradio as gr
import numpy as np
from fastapi import HTTPException
from gradio.components.base import Component, server
from gradio.components.gallery import GalleryData, GalleryImage
from gradio.components.image_editor import AcceptBlobs
from gradio.data_classes import ImageData
from PIL import Image

from tts_playground.images import open_image
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.gradio_patches.subclasses import ComponentWithoutStub

BLOB_BYTES = 1_000_000
"""largest layer of a canvas"""
BLOBS = 128
"""canvases kept between the stroke and the handler that reads it; the oldest go first"""
LAYERS = 4
LONGEST_KEPT = 12 * 3600.0
"""seconds after which an upload is no longer kept for being used"""
GONE = "This picture is not on the server any more, which keeps one for an hour after its last use: send it again."


class PageState(gr.State, metaclass=ComponentWithoutStub):
    """``gr.State`` whose value is not written out as a dictionary whenever a session begins or the value changes.

    Gradio makes that dictionary of every dataclass and throws it away for states; ours hold whole pools.
    """

    is_template = True

    def __init__(self, held: Any = None) -> None:
        super().__init__(held)

    def get_config(self) -> dict[str, Any]:  # type: ignore[override] - gradio's takes a class, of nobody
        """What the page gets: nothing of the value."""
        return Component.get_config(self)


class PictureInput(gr.Image, metaclass=ComponentWithoutStub):
    """``gr.Image`` whose handlers get a PIL image that ``open_image`` let through."""

    is_template = True

    def preprocess(self, payload: Any) -> Image.Image | None:
        """The picture, or None when there is none."""
        if payload is None:
            return None
        return _opened(payload)


class PictureGallery(gr.Gallery, metaclass=ComponentWithoutStub):
    """``gr.Gallery`` that describes (PNG file, caption) pairs one after the other: gradio starts threads to do so."""

    is_template = True

    def postprocess(self, value: Any) -> GalleryData:
        """The value of ``gr.Gallery``."""
        if not isinstance(value, list) or not all(map(_is_png, value)):
            return super().postprocess(value)
        pictures = [
            GalleryImage(image=ImageData(path=file, orig_name=Path(file).name, mime_type="image/png"), caption=caption)
            for file, caption in value
        ]
        return GalleryData(root=cast(Any, pictures))  # pydantic takes a list of either kind


def _is_png(pair: Any) -> bool:
    return isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str) and pair[0].endswith(".png")


class DrawingCanvas(gr.ImageEditor, metaclass=ComponentWithoutStub):
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
        sent = isinstance(file, (bytes, bytearray, memoryview))
        return np.array((friendly(open_image)(file) if sent else _opened(file)).convert("RGBA"))

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


def _opened(payload: Any) -> Image.Image:
    """The picture of an uploaded file (gradio has checked that it lies in the upload folder); never a data: URL.

    Gradio deletes what has not changed for an hour, even under a page that is open for longer: what is used counts as
    changed, up to an age that keeps what strangers can hold on the disk within bounds.
    """
    if not payload.path:
        raise gr.Error("Send the picture as a file.", print_exception=False)
    try:
        told = Path(payload.path).stat()
        if time() - told.st_mtime < LONGEST_KEPT:
            # to the clock of changes the same times are a change
            os.utime(payload.path, ns=(told.st_atime_ns, told.st_mtime_ns))
    except FileNotFoundError as error:
        raise gr.Error(GONE, print_exception=False) from error
    except OSError:
        pass  # a folder that cannot be written to is not cleaned either
    return friendly(open_image)(payload.path)
