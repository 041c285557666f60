"""The section "Watch it draw": one image again, token by token, from what is stored."""

from __future__ import annotations

from typing import Any

import gradio as gr

from tts_playground.pages.t2i import watch
from tts_playground.pages.t2i.gallery_state import GalleryState
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.events import LIGHT, QUIET, follows
from tts_playground.ui.first_open import later
from tts_playground.ui.replay import replay
from tts_playground.ui.t2i.layout import T2iParts
from tts_playground.ui.widgets import heading

HELP = (
    "Every patch is one token, drawn from a distribution given all tokens before it. Click an image of the gallery to"
    " see that one. Nothing is computed anew."
)


def build(p: T2iParts, opening: GalleryState, tab: Any, is_open: Any) -> None:
    """Lay out and connect the section, opened on the best image; ``is_open`` holds the name of the open one."""
    heading("One image, token by token", HELP)
    # later: its sample belongs to a model's identity, for which torch is imported, and the page need not wait for that
    board = later(replay(watch.NOTHING, elem_id="t2i-watch"), lambda: watch.board(opening))

    @friendly
    def show(look: GalleryState, chosen: int | None, name: str):
        return watch.board(look, chosen) if name == "watch" else gr.skip()

    given = [p.look, p.chosen, is_open]
    tab.select(lambda: "watch", None, is_open, **LIGHT, **QUIET).then(show, given, board, **LIGHT, **QUIET)
    follows([p.look.change, p.chosen.change], show, given, board)
