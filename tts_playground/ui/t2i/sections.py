"""The sections under the gallery, one tab each; a section that is closed draws no figures."""

from __future__ import annotations

import gradio as gr

from tts_playground.pages.t2i.gallery_state import GalleryState
from tts_playground.ui.events import LIGHT, QUIET
from tts_playground.ui.t2i import (
    export_view,
    guided_experiments_view,
    inspector_view,
    reward_pair_view,
    several_view,
    strategy_comparison_view,
    sweep_view,
    watch_view,
)
from tts_playground.ui.t2i.callbacks import Handlers
from tts_playground.ui.t2i.layout import T2iParts
from tts_playground.ui.widgets import PageState


def build(app: gr.Blocks, parts: T2iParts, handlers: Handlers, opening: GalleryState) -> None:
    """Lay out and connect all of them, and the tour that opens them."""
    is_open = PageState("watch")
    quiet = {**LIGHT, **QUIET}
    with parts.results, gr.Tabs(elem_id="t2i-sections", overflow_behavior="wrap") as tabs:
        with gr.Tab("Watch it draw", id="watch") as tab:
            watch_view.build(parts, opening, tab, is_open)
        with gr.Tab("Sweep", id="sweep") as tab:
            handlers.actions["sweep"] = sweep_view.build(parts, opening.view)
            tab.select(lambda: "sweep", None, is_open, **quiet)
        with gr.Tab("Several prompts", id="several") as tab:
            handlers.actions["several"] = several_view.build(parts, opening, tab, is_open)
        with gr.Tab("Two rewards", id="pair") as tab:
            reward_pair_view.build(parts, opening, tab, is_open, handlers)
        with gr.Tab("Microscope", id="scope") as tab:
            inspector_view.build(parts, tab, is_open, opening.view)
        with gr.Tab("Beyond best-of-N", id="beyond") as tab:
            beyond = strategy_comparison_view.build(parts, opening, tab, is_open)
        with gr.Tab("Download", id="take") as tab:
            export_view.build(app, parts, handlers, opening.view)
            tab.select(lambda: "take", None, is_open, **quiet)
    guided_experiments_view.build(parts, handlers, tabs, is_open, beyond)
