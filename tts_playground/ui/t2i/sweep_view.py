"""The section "Sweep": a temperature x guidance grid from one click."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from tts_playground import figures
from tts_playground.pages.made import made
from tts_playground.pages.status import halted, status
from tts_playground.pages.t2i import render, sweep
from tts_playground.pages.t2i.view_settings import T2iView
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.events import AT_ONCE, GPU, QUIET, follows, session_of
from tts_playground.ui.t2i.callbacks import LAST_WORD, broken_off, view_from
from tts_playground.ui.t2i.layout import T2iParts
from tts_playground.ui.widgets import PageState, heading

ONE, BEST = "first draw", "best of the cell"
"""what the grid and the map show"""
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
        each = gr.Radio(list(sweep.EACH), value=count, label="Images per cell", min_width=190, elem_id="t2i-sweep-each")
        shown = gr.Radio([ONE, BEST], value=ONE, label="Shown", min_width=190, elem_id="t2i-sweep-shown")
        rewards = _named(opened)
        reward = gr.Radio(
            rewards,
            value=rewards[0][1] if rewards else None,
            label="Scored by",
            min_width=230,
            elem_id="t2i-sweep-reward",
        )
        run = gr.Button("Draw the sweep", variant="primary", min_width=130, scale=0, elem_id="t2i-sweep")
    line = gr.HTML(_summary(opened), padding=False, elem_id="t2i-sweep-status")
    sheet = gr.HTML("", padding=False, elem_id="t2i-sweep-sheet")
    grid = gr.HTML(sweep.grid(opened, False), padding=False, elem_id="t2i-sweep-grid")
    with gr.Row(elem_classes="stage"):
        field, spread, curves = _figures(opened, False)
        field = gr.Plot(field, show_label=False, elem_id="t2i-sweep-map")
        spread = gr.Plot(spread, show_label=False, elem_id="t2i-sweep-diversity")
    with gr.Row(elem_classes="stage"):
        curves = gr.Plot(curves, show_label=False, elem_id="t2i-sweep-curves")
        why = gr.HTML(sweep.explained(opened), padding=False, elem_id="t2i-sweep-why")
    seen = [line, grid, why, field, spread, curves]
    outputs = [state, sheet, reward, *seen]

    @friendly
    def draw(each: int, shown: str, request: gr.Request, *values: Any) -> Iterator[Any]:
        view = view_from(request, values)
        for step in sweep.draw(session_of(request), view, int(each) if int(each) in sweep.EACH else 4):
            if isinstance(step, sweep.Sweep):
                names = _named(step)
                yield step, "", gr.Radio(names, value=names[0][1]), *_shown(step, shown, step.view.reward)
            else:
                strip = render.sheet(step.unfinished) if step.unfinished else gr.skip()
                yield gr.skip(), strip, gr.skip(), render.working(step), *[gr.skip()] * 5

    @friendly
    def look(found: sweep.Sweep | None, shown: str, reward: str):
        return (gr.skip(),) * len(seen) if found is None else _shown(found, shown, str(reward))

    heavy = {"show_progress": "minimal", "show_progress_on": line, **GPU, **QUIET}
    event = run.click(draw, [each, shown, *p.values], outputs, **heavy)
    follows([shown.input, reward.input], look, [state, shown, reward], seen)
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


def _named(found: sweep.Sweep | None) -> list[tuple[str, str]]:
    """(words, name) of the rewards that scored every cell."""
    return [] if found is None else [(render.measure(name), name) for name in found.rewards]


def _shown(found: sweep.Sweep, which: str, reward: str) -> tuple[Any, ...]:
    """(conclusion, grid, captions, map, dots, curves) of a sweep by one of its rewards."""
    mine, best = found.by(reward), which == BEST
    return _summary(mine), sweep.grid(mine, best), sweep.explained(mine), *_figures(mine, best)


def _summary(found: sweep.Sweep | None) -> str:
    if found is None:
        return status("Uses the prompt, top-p, top-k, seed and reward of the page; temperature and guidance are swept.")
    said = f"“{render.shortened(found.view.prompt, 60)}”, {found.view.model}, seed {found.view.seed}"
    of = render.settings_of(found.view, "temperature", "cfg")
    line = render.headline("", sweep.conclusion(found), f"{len(found.cells)} cells of {len(found.cells[0].rewards)}.")
    return line + made("t2i", said, of, part="t2i-sweep")


def _figures(found: sweep.Sweep | None, best: bool) -> tuple[Any, Any, Any]:
    if found is None:
        nothing = figures.empty("No sweep yet.")
        return nothing, nothing, nothing
    words = render.measure(found.view.reward)
    here = max(found.cells, key=lambda cell: max(cell.rewards)).cfg  # few lines: those of the guidance with the best
    curves = figures.sweep_curves(found.cells, words, only=here, title=f"Best-of-N at CFG {here:g}")
    return (
        figures.sweep_map(found.cells, words, best=best),
        figures.diversity_against_reward(found.cells, words).update_layout(height=340),
        curves.update_layout(height=300),
    )
