"""Connects "shorter - closer": what was found is scored at the slider's place at once, everywhere on the tab."""

from __future__ import annotations

from typing import Any

import gradio as gr

from tts_playground.pages.coerce import number
from tts_playground.pages.sketch import editor, results
from tts_playground.pages.sketch.page_state import SketchPageState, rescored
from tts_playground.pages.sketch.view_settings import LIMITS
from tts_playground.tasks.sketch import SketchSettings
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.events import LIVE
from tts_playground.ui.sketch.layout import SketchParts


def wire(p: SketchParts) -> None:
    """The slider moves headline, candidates, curve, program and numbers; a comparison stays that of its settings."""

    @friendly
    def weigh(work: SketchPageState | None, n: int, text: str, drawn: Any, closeness: float):
        closeness = number(closeness, SketchSettings().closeness, *LIMITS["closeness"])
        if work is None:
            _, _, line = editor.follow(text, drawn, closeness) if text.strip() else (None, "", None)
            return *(gr.skip(),) * 6, line or gr.skip(), gr.skip()
        again = rescored(work, closeness)
        own = bool(text.strip()) and not work.holds(text)  # typed by hand: it stays
        shown = text if own else str(again.program)
        panel, _, line = editor.follow(shown, work.task, again.closeness)
        new = gr.skip() if own else shown
        scores = results.gallery(again), results.links(again), results.figure(again, n), results.reading(again, n)
        return again, *scores, new, line or gr.skip(), gr.skip() if own or panel is None else panel

    outputs = [p.work, p.gallery, p.linking, p.curve, p.reading, p.program, p.status, p.panel]
    given = [p.work, p.n, p.program, p.drawn, p.closeness]
    p.closeness.change(weigh, given, outputs, **LIVE)
