"""The sections under the gallery, one tab each; a section that is closed draws no figures."""

from __future__ import annotations

import gradio as gr

from tts_playground.ui.t2i import pair_section, scope_section, sweep_section, take_section
from tts_playground.ui.t2i.layout import Parts
from tts_playground.ui.t2i.look import Look
from tts_playground.ui.t2i.wiring import LIGHT, QUIET, Handlers


def build(app: gr.Blocks, parts: Parts, handlers: Handlers, opening: Look) -> None:
    """Lay out and connect all of them."""
    is_open = gr.State("sweep")
    with gr.Tabs(elem_id="t2i-sections"):
        with gr.Tab("Sweep", id="sweep") as tab:
            sweep_section.build(parts, opening.view)
            tab.select(lambda: "sweep", None, is_open, **LIGHT, **QUIET)
        with gr.Tab("Two rewards", id="pair") as tab:
            pair_section.build(parts, opening, tab, is_open)
        with gr.Tab("Microscope", id="scope") as tab:
            scope_section.build(parts, tab, is_open)
        with gr.Tab("Take away", id="take") as tab:
            take_section.build(app, parts, handlers, opening.view)
            tab.select(lambda: "take", None, is_open, **LIGHT, **QUIET)
