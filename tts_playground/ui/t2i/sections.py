"""The sections under the gallery, one tab each; a section that is closed draws no figures."""

from __future__ import annotations

import gradio as gr

from tts_playground.ui.events import LIGHT, QUIET
from tts_playground.ui.t2i import (
    beyond_section,
    pair_section,
    scope_section,
    sweep_section,
    take_section,
    tour_section,
)
from tts_playground.ui.t2i.layout import Parts
from tts_playground.ui.t2i.look import Look
from tts_playground.ui.t2i.wiring import Handlers
from tts_playground.ui.widgets import PageState


def build(app: gr.Blocks, parts: Parts, handlers: Handlers, opening: Look) -> None:
    """Lay out and connect all of them, and the tour that opens them."""
    is_open = PageState("sweep")
    quiet = {**LIGHT, **QUIET}
    with gr.Tabs(elem_id="t2i-sections", overflow_behavior="wrap") as tabs:
        with gr.Tab("Sweep", id="sweep") as tab:
            handlers.actions["sweep"] = sweep_section.build(parts, opening.view)
            tab.select(lambda: "sweep", None, is_open, **quiet)
        with gr.Tab("Two rewards", id="pair") as tab:
            pair_section.build(parts, opening, tab, is_open)
        with gr.Tab("Microscope", id="scope") as tab:
            scope_section.build(parts, tab, is_open)
        with gr.Tab("Beyond best-of-N", id="beyond") as tab:
            beyond_section.build(parts, opening, tab, is_open)
        with gr.Tab("Download", id="take") as tab:
            take_section.build(app, parts, handlers, opening.view)
            tab.select(lambda: "take", None, is_open, **quiet)
    tour_section.build(parts, handlers, tabs, is_open)
