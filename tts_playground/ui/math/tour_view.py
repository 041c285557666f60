"""The guided tour: a stop sets the page and asks, a guess reveals."""

from __future__ import annotations

import html
from typing import Any

import gradio as gr

from tts_playground.pages.math import page_state, tour
from tts_playground.pages.math.page_state import MathPageState
from tts_playground.pages.math.view_settings import values_of, view_of
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.events import LIGHT, QUIET
from tts_playground.ui.math.layout import MathParts
from tts_playground.ui.math.shown import found, found_outputs

KEYS = """() => {
const row = document.getElementById('math-tour');
if (!row || row.dataset.keys) return; row.dataset.keys = 1;
row.addEventListener('keydown', event => {
  const step = {ArrowRight: 1, ArrowLeft: -1}[event.key]; if (!step) return;
  const all = [...row.querySelectorAll('button')], next = all[all.indexOf(event.target) + step];
  if (next) { event.preventDefault(); next.focus(); next.click(); }
});
document.getElementById('math-problem').addEventListener('keydown', event => {
  if (event.key !== 'Enter' || event.isComposing) return;
  event.stopPropagation(); if (event.shiftKey) return;
  event.preventDefault(); setTimeout(() => document.getElementById('math-run').click(), 200);
}, true); }"""
"""arrow keys go to the next question and to the one before; Enter solves, with Shift it breaks a line"""
SHOW = """() => {
const where = '%s', part = document.getElementById(where); if (!part) return;
const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
part.scrollIntoView({behavior: still ? 'auto' : 'smooth', block: 'center'});
part.classList.add('math-lit'); setTimeout(() => part.classList.remove('math-lit'), 2500);
if (where === 'math-tree' && !still) { const play = part.querySelector('.play'); if (play) play.click(); } }"""
"""the figure of a question comes into view, and is lit for a while; a tree grows once more"""


def wire(p: MathParts) -> None:
    """Connect the stops and the guess."""
    for stop in tour.STOPS:
        _stop(p, stop)

    @friendly
    def reveal(state: MathPageState, key: str, guess: str | None):
        stop = next((one for one in tour.STOPS if one.key == key), None)
        if stop is None or not guess:
            return gr.skip()
        return _note(stop, f"You said “{guess}”. {stop.answer(state)}")

    p.tour_guess.input(reveal, [p.state, p.tour_key, p.tour_guess], p.tour_note, **LIGHT, **QUIET)
    if p.tab is not None:
        p.tab.select(None, None, None, js=KEYS)


def _stop(p: MathParts, stop: tour.TourQuestion) -> None:
    outputs = [*p.values[:-1], p.tour_note, p.tour_guess, p.tour_key, *found_outputs(p)]  # "look" stands in the last

    @friendly
    def ask(*values: Any):
        view = stop.view(view_of(*values))
        ready = page_state.ready(view) if stop.changes else None
        shown = found(ready) if ready is not None else (gr.skip(),) * len(found_outputs(p))
        guess = gr.Radio([(one, one) for one in stop.guesses], value=None, visible=True)
        return *values_of(view)[:-1], _note(stop, stop.question), guess, stop.key, *shown

    event = p.tour[stop.key].click(ask, p.values, outputs, **LIGHT, **QUIET)
    event.then(None, None, None, js=SHOW % stop.where)


def _note(stop: tour.TourQuestion, said: str) -> str:
    return f'<div class="note"><p><b>{html.escape(stop.title)}</b> &nbsp;{html.escape(said)}</p></div>'
