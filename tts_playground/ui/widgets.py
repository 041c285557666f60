"""Gradio's components as every tab uses them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from tts_playground.ui.events import LIVE
from tts_playground.ui.gradio_patches.components import DrawingCanvas, PictureGallery, PictureInput
from tts_playground.ui.gradio_patches.components import PageState as PageState  # tabs import their parts from here
from tts_playground.ui.gradio_patches.repeated_work import plot as plot

FORMATS = "PNG, JPEG, WEBP, AVIF, GIF, BMP, TIFF or PPM"
BOUNDS = "at most 20 MB and 64 million pixels"
RATIOS = ("n", "cfg", "top_k", "per_cond")
"""settings whose range is a ratio"""


def held(canvas: DrawingCanvas) -> DrawingCanvas:
    """An unseen canvas that events read instead of ``canvas``, whose value is copied to it in the browser."""
    return DrawingCanvas(type="numpy", image_mode="RGBA", canvas_size=canvas.canvas_size, visible=False)


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
    """A setting's slider; its id is the tab's name and its own. Where its range is a ratio, equal ways are factors."""
    low, high = limits[name]
    where = f"{tab}-{name.replace('_', '-')}"
    ratio = ["ratio-slider"] if name in RATIOS else None
    return gr.Slider(low, high, value, step=step, label=label, info=info, elem_id=where, buttons=[], elem_classes=ratio)


def thumbs(value: Any, *, elem_id: str, columns: int, height: int | str, preview: bool = False) -> PictureGallery:
    """Small pictures with captions under them; without a preview a click only chooses."""
    return PictureGallery(
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


def copy_as_command(script: gr.Code, state: Any, make: Callable[..., str], opening: str, *, elem_id: str) -> gr.Code:
    """The same as a line for a terminal; it follows the script, since gradio would hash a whole state to follow it."""
    with gr.Accordion("Copy as a command", open=False):
        code = gr.Code(
            opening,
            language="shell",
            interactive=False,
            show_label=False,
            buttons=["copy"],
            max_lines=8,
            elem_id=elem_id,
        )
    script.change(make, state, code, **LIVE)
    return code


def take_away(tab: str, kinds: dict[str, str], what: str) -> dict[str, Any]:
    """Buttons that save files, and one that copies a link: the parts "files", "link" and "link_text"."""
    with gr.Row(elem_classes="buttons take"):
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
