"""Guided tours: a guess is told to the server, Back and Next press the questions' buttons, and a figure is shown."""

from __future__ import annotations

import gradio as gr

from tts_playground.pages.tour import TourCard
from tts_playground.ui.scripts import from_file


def card(first: TourCard) -> gr.HTML:
    """The block of a tab's tour, open on its first question; a guess is its "click", with "key" and "guess"."""
    return gr.HTML(
        first.shown(quiet=True),
        js_on_load=from_file("tour.js"),
        padding=False,
        elem_id=f"{first.tab}-tour-note",
        elem_classes="tour-note",
    )
