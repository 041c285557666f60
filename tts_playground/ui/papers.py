"""The panel of papers at the foot of the page: empty until somebody opens it."""

from __future__ import annotations

from collections.abc import Mapping

import gradio as gr

from tts_playground.pages.access import is_local
from tts_playground.pages.papers import LONGEST, panel
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.events import LIGHT, LIVE, QUIET


def build(tabs: Mapping[str, str]) -> None:
    """Lay the panel out, folded.

    Args:
        tabs: slug -> label of the tabs on the page, which links may lead to.
    """
    with gr.Accordion("Papers: what became of them here", open=False, elem_id="papers") as box:
        words = gr.Textbox(label="Words in it", max_length=LONGEST, lines=1, elem_id="papers-words")
        listed = gr.HTML("", elem_id="papers-list", padding=False)

    @friendly
    def shown(said: str, request: gr.Request):
        return panel(said or "", tabs, is_local(request))

    box.expand(shown, words, listed, **LIGHT, **QUIET)
    words.change(shown, words, listed, **LIVE)
