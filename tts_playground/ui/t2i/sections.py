"""The sections under the gallery, one tab each; a section that is closed draws no figures."""

from __future__ import annotations

import gradio as gr

from tts_playground.ui.t2i import pair_section, sweep_section
from tts_playground.ui.t2i.layout import Parts
from tts_playground.ui.t2i.look import Look
from tts_playground.ui.t2i.wiring import LIGHT, QUIET


def build(parts: Parts, opening: Look) -> None:
    """Lay out and connect all of them."""
    is_open = gr.State("sweep")
    with gr.Tabs(elem_id="t2i-sections"):
        with gr.Tab("Sweep", id="sweep") as tab:
            sweep_section.build(parts, opening.view)
            tab.select(lambda: "sweep", None, is_open, **LIGHT, **QUIET)
        with gr.Tab("Two rewards", id="pair") as tab:
            pair_section.build(parts, opening, tab, is_open)
