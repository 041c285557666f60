"""The section "Several prompts": a curve per prompt, and their average, on prompts of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from tts_playground import figures
from tts_playground.pages.status import status
from tts_playground.pages.t2i import page_state, render, several
from tts_playground.pages.t2i.gallery_state import GalleryState
from tts_playground.pages.t2i.view_settings import examples
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.events import AT_ONCE, GPU, LIGHT, QUIET, session_of
from tts_playground.ui.t2i.callbacks import broken_off, view_from
from tts_playground.ui.t2i.layout import T2iParts
from tts_playground.ui.widgets import heading

HELP = "One thin curve per prompt, the average thick. Every tick doubles N: a straight line is a logarithm."


def build(p: T2iParts, opening: GalleryState, tab: Any, is_open: Any) -> tuple[Any, list[Any], list[Any]]:
    """Lay out and connect the section; returns its (handler, inputs, outputs)."""
    heading("Does the gain dry up, and on which prompts first?", HELP)
    with gr.Row(elem_classes="stage"):
        with gr.Column(scale=4, min_width=260):
            prompts = gr.Textbox(
                "\n".join(examples(opening.view.model)[:4]),
                label=f"Prompts, one per line, up to {several.MOST}",
                lines=6,
                max_lines=8,
                max_length=several.LONGEST,
                elem_id="t2i-several-prompts",
            )
            run = gr.Button("Draw these prompts", variant="primary", elem_id="t2i-several")
            line = gr.HTML(status(several.HELLO), padding=False, elem_id="t2i-several-reading")
            sheet = gr.HTML("", padding=False, elem_id="t2i-several-sheet")
        with gr.Column(scale=7, min_width=300):
            figure = gr.Plot(figures.empty(several.HELLO), show_label=False, elem_id="t2i-several-curve")
    outputs = [p.others, line, sheet, figure]

    @friendly
    def draw(text: str, request: gr.Request, *values: Any) -> Iterator[Any]:
        view = view_from(request, values)
        wanted = several.prompts_of(text)
        for looks, progress in page_state.several(view, wanted, session_of(request)):
            if progress is not None:
                strip = render.sheet(progress.unfinished) if progress.unfinished else gr.skip()
                yield gr.skip(), render.working(progress, wanted[len(looks)]), strip, gr.skip()
            else:
                yield looks, render.several_reading(looks), "", render.curve_figure(looks[0], looks)

    @friendly
    def opened(text: str, request: gr.Request, *values: Any):
        view = view_from(request, values)
        looks = several.there(view, several.prompts_of(text))
        return ("several", *_shown(looks)) if looks else ("several", *(gr.skip(),) * 4)

    given = [prompts, *p.values]
    event = run.click(draw, given, outputs, show_progress="minimal", show_progress_on=line, **GPU, **QUIET)
    event.failure(broken_off, line, [line, sheet], **AT_ONCE, **QUIET)
    p.cancel.click(None, cancels=[event])
    tab.select(opened, given, [is_open, *outputs], **LIGHT, **QUIET)
    return draw, given, outputs


def _shown(looks: tuple[GalleryState, ...]) -> tuple[Any, ...]:
    return looks, render.several_reading(looks), "", render.curve_figure(looks[0], looks)
