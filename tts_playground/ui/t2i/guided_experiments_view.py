"""Connects the lab's questions: each sets the page, opens its section, says what to look at, and draws."""

from __future__ import annotations

import html
from typing import Any

import gradio as gr

from tts_playground.pages.t2i.guided_experiments import STOPS, Stop
from tts_playground.pages.t2i.view_settings import values_of
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.events import GPU, LIGHT, QUIET
from tts_playground.ui.t2i.callbacks import Handlers, view_from
from tts_playground.ui.t2i.layout import T2iParts


def build(p: T2iParts, handlers: Handlers, sections: Any, is_open: Any) -> None:
    """Connect every button; ``sections`` is the tabs under the gallery."""
    for stop in STOPS:
        _connect(stop, p, handlers, sections, is_open)


def _connect(stop: Stop, p: T2iParts, handlers: Handlers, sections: Any, is_open: Any) -> None:
    @friendly
    def start(request: gr.Request, *values: Any):
        view = stop.view(view_from(request, values))
        tabs = gr.Tabs(selected=stop.section) if stop.section else gr.skip()
        return *values_of(view), note(stop), tabs, stop.section or gr.skip()

    outputs = [*p.values, p.tour_note, sections, is_open]
    event = p.tour[stop.key].click(start, p.values, outputs, **LIGHT, **QUIET)
    if stop.action in handlers.actions:
        handler, given, shown = handlers.actions[stop.action]
        drawing = event.success(handler, given, shown, show_progress="hidden", **GPU, **QUIET)
        p.cancel.click(None, cancels=[drawing])


def note(stop: Stop) -> str:
    """What to look at, as HTML."""
    return f'<div class="note"><p><b>{html.escape(stop.title)}.</b> {html.escape(stop.look_at)}</p></div>'
