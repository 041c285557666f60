"""Connects the comparison of strategies: those that are chosen, on the drawing at hand, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from tts_playground.errors import BadInput
from tts_playground.pages.sketch import strategy_comparison
from tts_playground.pages.sketch.page_state import SketchPageState
from tts_playground.pages.sketch.view_settings import allowed, settings_of
from tts_playground.pages.status import status
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.events import LIGHT, QUIET, cancels, is_local, waiting
from tts_playground.ui.sketch.canvas_now import CANVAS
from tts_playground.ui.sketch.layout import SketchParts


def wire(p: SketchParts, heavy: dict[str, Any]) -> None:
    """The button runs them, as ``heavy`` says; another axis draws the same points anew."""

    @friendly
    def compare(
        drawn: Any, work: SketchPageState | None, axis: str, names: list[str], request: gr.Request, *chosen: Any
    ) -> Iterator[Any]:
        settings = settings_of(*chosen)
        allowed(settings.sampler, is_local(request))
        task = drawn or (work and work.task)
        if task is None:
            raise BadInput("The canvas is blank; draw something to compare the strategies on.")
        CANVAS.holds(request, task)
        last = None
        for found in strategy_comparison.run(task, settings, names):
            if CANVAS.newer(request, task):
                yield None, strategy_comparison.figure(None, axis), status(strategy_comparison.HELP)
                return
            if last is not None and found.doing == last.doing:
                yield gr.skip(), gr.skip(), gr.skip()  # a cancel, or a page that closes, gets through here
                continue
            grew = last is None or found.curve is not last.curve or len(found.points) > len(last.points)
            figure = strategy_comparison.figure(found, axis) if grew else gr.skip()
            last = found
            line = status(strategy_comparison.line(found), busy=bool(found.doing))
            yield found, figure, line + strategy_comparison.made_of(settings)

    @friendly
    def redraw(found: Any, axis: str):
        return gr.skip() if found is None else strategy_comparison.figure(found, axis)

    inputs = [p.drawn, p.work, p.contest_axis, p.contest_names, *p.settings]
    outputs = [p.contest_state, p.contest_figure, p.contest_status]
    event = p.contest.click(compare, inputs, outputs, **waiting(p.contest_status), **heavy, **QUIET)
    cancels(
        [p.contest_stop, p.cancel], [event], [p.contest_status], "Stopped; the points so far stand.", "Not compared"
    )
    p.contest_axis.change(redraw, [p.contest_state, p.contest_axis], p.contest_figure, **LIGHT, **QUIET)
