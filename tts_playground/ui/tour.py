"""Guided tours: a guess is told to the server, Back and Next press the questions' buttons, and a figure is shown."""

from __future__ import annotations

import gradio as gr

from tts_playground.pages.tour import TourCard
from tts_playground.ui.scripts import part


def card(first: TourCard, *, empty: bool = False) -> gr.HTML:
    """The block of a tab's tour, open on its first question; a guess is its "click", with "key" and "guess".

    ``empty``: the question comes when the tab is opened.
    """
    return gr.HTML(
        "" if empty else first.shown(quiet=True),
        js_on_load=part("tour"),
        padding=False,
        elem_id=f"{first.tab}-tour-note",
        elem_classes="tour-note",
    )


def first(event: gr.EventData) -> bool:
    """Whether this guess is about the question that stood there on arrival, which has opened no section yet."""
    return getattr(event, "first", False) is True
