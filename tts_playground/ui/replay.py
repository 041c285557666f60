"""A board on which something stored is drawn again, step by step, in the browser; see ``data/replay.js``."""

from __future__ import annotations

import gradio as gr

from tts_playground.ui.scripts import part


def replay(board: str, *, elem_id: str) -> gr.HTML:
    """A block that plays a board (``pages.t2i.watch.board``, ``pages.vqa.words.board``)."""
    return gr.HTML(board, js_on_load=part("replay"), elem_id=elem_id, padding=False)
