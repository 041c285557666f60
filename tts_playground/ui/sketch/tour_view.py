"""Connects the tour of the sketch tab."""

from __future__ import annotations

from typing import Any

import gradio as gr

from tts_playground.pages.sketch import tour
from tts_playground.pages.sketch.page_state import SketchPageState
from tts_playground.pages.sketch.tour_stop import LearnFindings, SketchEvidence, SketchStop
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.events import LIGHT, QUIET
from tts_playground.ui.sketch.layout import SketchParts
from tts_playground.ui.sketch.learn_view import LearnView


def wire(p: SketchParts, learn: LearnView) -> None:
    """A question sets what it needs and opens the part that it is about; a guess brings the answer."""
    for stop in (*tour.STOPS, *tour.REFLECTIONS):

        @friendly
        def start(stop: SketchStop = stop):
            opened = [gr.Accordion(open=True) if name in stop.opens else gr.skip() for name in learn.folded]
            return tour.tour_cards()[stop.key].shown(), stop.changes.get("closeness", gr.skip()), *opened

        buttons = [p.tour[stop.key].click, *([learn.ask.click] if stop == tour.REFLECTIONS[0] else [])]
        gr.on(buttons, start, None, [p.tour_note, p.closeness, *learn.folded.values()], **LIGHT, **QUIET)

    @friendly
    def reveal(work: SketchPageState | None, found: Any, learned: LearnFindings, event: gr.EventData):
        stop, guess = tour.named(getattr(event, "key", "")), str(getattr(event, "guess", ""))[:80]
        if stop is None or guess not in stop.guesses:
            return gr.skip()
        answer = stop.answer(SketchEvidence(work, found, learned))
        return tour.tour_cards()[stop.key].shown(guess=guess, answer=answer)

    p.tour_note.click(reveal, [p.work, p.contest_state, learn.findings], p.tour_note, **LIGHT, **QUIET)
