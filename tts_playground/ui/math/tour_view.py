"""The guided tour: a stop sets the page and asks, a guess reveals."""

from __future__ import annotations

from typing import Any

import gradio as gr

from tts_playground.pages.math import page_state, tour
from tts_playground.pages.math.page_state import MathPageState
from tts_playground.pages.math.view_settings import values_of, view_of
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.events import LIGHT, QUIET
from tts_playground.ui.math.layout import MathParts
from tts_playground.ui.math.shown import found, found_outputs

GROW = """() => { if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
const play = document.querySelector('#math-tree .play'); if (play) play.click(); }"""
"""the tree that a question is about grows once more"""


def wire(p: MathParts) -> None:
    """A question sets what it needs; a guess brings the answer."""
    for stop in tour.STOPS:
        _stop(p, stop)

    @friendly
    def reveal(state: MathPageState, event: gr.EventData):
        key, guess = str(getattr(event, "key", "")), str(getattr(event, "guess", ""))[:80]
        stop = next((one for one in tour.STOPS if one.key == key), None)
        if stop is None or guess not in stop.guesses:
            return gr.skip()
        return tour.tour_cards()[key].shown(guess=guess, answer=stop.answer(state))

    p.tour_note.click(reveal, p.state, p.tour_note, **LIGHT, **QUIET)


def _stop(p: MathParts, stop: tour.TourQuestion) -> None:
    outputs = [*p.values[:-1], p.tour_note, *found_outputs(p)]  # "look" stands in the last

    @friendly
    def ask(*values: Any):
        view = stop.view(view_of(*values))
        ready = page_state.ready(view) if stop.changes else None
        shown = found(ready) if ready is not None else (gr.skip(),) * len(found_outputs(p))
        return *values_of(view)[:-1], tour.tour_cards()[stop.key].shown(), *shown

    event = p.tour[stop.key].click(ask, p.values, outputs, **LIGHT, **QUIET)
    if stop.where == "math-tree":
        event.then(None, None, None, js=GROW)
