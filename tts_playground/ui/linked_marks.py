"""Marks that belong together light up together, in every figure of a tab: by mouse, tap and keyboard focus.

What may be lit says so itself: an element by ``data-marks`` (names with blanks between them), a chart by its traces'
``meta["marks"]`` (a list with an entry a point, or one for the whole trace). A gallery, whose pictures cannot carry
names, is told of by an element with ``data-linking`` (see ``pages.links``). It all happens in the browser.
"""

from __future__ import annotations

import gradio as gr

from tts_playground.ui.scripts import part


def linked(tab: str) -> gr.HTML:
    """An unseen block that connects the marks of the tab it stands in."""
    return gr.HTML("", js_on_load=part("linked_marks"), elem_id=f"{tab}-links", elem_classes="unseen", padding=False)
