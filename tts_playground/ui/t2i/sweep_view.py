"""The section "Sweep": a temperature x guidance grid from one click."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from tts_playground import figures
from tts_playground.pages.status import halted, status
from tts_playground.pages.t2i import render, sweep
from tts_playground.pages.t2i.view_settings import T2iView
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.events import AT_ONCE, GPU, LIGHT, QUIET, session_of
from tts_playground.ui.t2i.callbacks import LAST_WORD, broken_off, view_from
from tts_playground.ui.t2i.layout import T2iParts
from tts_playground.ui.widgets import PageState, heading

HELP = (
    "One click draws every cell together. The first images of all cells share their noise, so that only the settings"
    " differ."
)


def build(p: T2iParts, view: T2iView) -> tuple[Any, list[Any], list[Any]]:
    """Lay out and connect the section, opened on the sweep that ships; returns its (handler, inputs, outputs)."""
    opened = sweep.opening(view)
    state = PageState(opened)
    heading("Temperature × guidance", HELP)
    with gr.Row(elem_classes="buttons bottom"):
        count = len(opened.cells[0].rewards) if opened else 4
        each = gr.Radio(list(sweep.EACH), value=count, label="Images a cell", min_width=200, elem_id="t2i-sweep-each")
        shown = gr.Radio(
            ["first draw", "best of the cell"],
            value="first draw",
            label="Shown",
            min_width=200,
            elem_id="t2i-sweep-shown",
        )
        run = gr.Button("Draw the sweep", variant="primary", min_width=160, scale=0, elem_id="t2i-sweep")
    line = gr.HTML(status(_summary(opened)), padding=False, elem_id="t2i-sweep-status")
    sheet = gr.HTML("", padding=False, elem_id="t2i-sweep-sheet")
    with gr.Row(elem_classes="main"):
        with gr.Column(scale=5, min_width=320):
            grid = gr.HTML(sweep.grid(opened, False), padding=False, elem_id="t2i-sweep-grid")
            why = gr.HTML(sweep.explained(opened), padding=False, elem_id="t2i-sweep-why")
        with gr.Column(scale=5, min_width=320):
            curves, spread = _figures(opened)
            curves = gr.Plot(curves, show_label=False, elem_id="t2i-sweep-curves")
            spread = gr.Plot(spread, show_label=False, elem_id="t2i-sweep-diversity")
    outputs = [state, line, sheet, grid, why, curves, spread]

    @friendly
    def draw(each: int, shown: str, request: gr.Request, *values: Any) -> Iterator[Any]:
        view = view_from(request, values)
        for step in sweep.draw(session_of(request), view, int(each) if int(each) in sweep.EACH else 4):
            if isinstance(step, sweep.Sweep):
                found = sweep.grid(step, shown != "first draw"), sweep.explained(step), *_figures(step)
                yield step, status(_summary(step)), "", *found
            else:
                strip = render.sheet(step.unfinished) if step.unfinished else gr.skip()
                yield gr.skip(), render.working(step), strip, *[gr.skip()] * 4

    heavy = {"show_progress": "minimal", "show_progress_on": line, **GPU, **QUIET}
    event = run.click(draw, [each, shown, *p.values], outputs, **heavy)
    shown.change(lambda s, which: sweep.grid(s, which != "first draw"), [state, shown], grid, **LIGHT, **QUIET)
    event.failure(broken_off, line, [line, sheet], **AT_ONCE, **QUIET)
    p.cancel.click(_stopped, line, [line, sheet], cancels=[event], **AT_ONCE, **QUIET)
    return draw, [each, shown, *p.values], outputs


def _stopped(line: str | None, request: gr.Request) -> tuple[Any, Any]:
    """(status, previews) of a sweep that was cancelled; all stays where none was in work."""
    words = "Cancelled; whole images are kept: press “Draw the sweep” for the rest."
    told = halted(line, words)
    if told:
        LAST_WORD.cancelled(request, words)
    return (told, "") if told else (gr.skip(), gr.skip())


def _summary(found: sweep.Sweep | None) -> str:
    if found is None:
        return "Uses the prompt, top-p, top-k, seed and reward above; temperature and guidance are swept."
    each, words = len(found.cells[0].rewards), render.measure(found.view.reward)
    return f"{len(found.cells)} cells of {each} images, ordered by {words}."


def _figures(found: sweep.Sweep | None) -> tuple[Any, Any]:
    if found is None:
        return figures.empty("No sweep yet."), figures.empty("No sweep yet.")
    words = render.measure(found.view.reward)
    return figures.sweep_curves(found.cells, words), figures.diversity_against_reward(found.cells, words)
