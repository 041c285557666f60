"""Connects the tour of the sketch tab."""

from __future__ import annotations

from typing import Any

import gradio as gr

from tts_playground.pages.sketch import tour
from tts_playground.pages.sketch.page_state import SketchPageState
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.events import LIGHT, QUIET
from tts_playground.ui.sketch.layout import SketchParts


def wire(p: SketchParts, learn: Any) -> None:
    """A question sets what it needs; a guess brings the answer. ``learn`` is the box that one of them opens."""
    for stop in tour.STOPS:

        @friendly
        def start(stop: tour.SketchStop = stop):
            opened = gr.Accordion(open=True) if stop.opens else gr.skip()
            return tour.tour_cards()[stop.key].shown(), stop.changes.get("closeness", gr.skip()), opened

        p.tour[stop.key].click(start, None, [p.tour_note, p.closeness, learn], **LIGHT, **QUIET)

    @friendly
    def reveal(work: SketchPageState | None, found: Any, event: gr.EventData):
        stop, guess = tour.named(getattr(event, "key", "")), str(getattr(event, "guess", ""))[:80]
        if stop is None or guess not in stop.guesses:
            return gr.skip()
        answer = tour.FIRST if work is None else stop.answer(work, found)
        return tour.tour_cards()[stop.key].shown(guess=guess, answer=answer)

    p.tour_note.click(reveal, [p.work, p.contest_state], p.tour_note, **LIGHT, **QUIET)
