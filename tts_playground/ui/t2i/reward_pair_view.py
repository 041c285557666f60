"""The section "Two rewards": scatter, both against N, over-optimisation, and the session's favourites."""

from __future__ import annotations

from typing import Any

import gradio as gr

from tts_playground.errors import BadInput
from tts_playground.pages.t2i import reward_pair
from tts_playground.pages.t2i.gallery_state import GalleryState
from tts_playground.pages.t2i.view_settings import values_of
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.events import LIGHT, QUIET
from tts_playground.ui.t2i.callbacks import Handlers
from tts_playground.ui.t2i.layout import T2iParts
from tts_playground.ui.widgets import heading

OVER = (
    "First figure: both rewards of the first one's pick, as gains, against the square root of how far best-of-N can"
    " have moved from the model (KL). Where the second one bends down, more images make things worse, as in Gao et al."
    " (2023). Their law is drawn, dotted, only where the change is clear."
)


def build(p: T2iParts, opening: GalleryState, tab: Any, is_open: Any, handlers: Handlers) -> None:
    """Lay out and connect the section.

    Args:
        tab: the section's tab. is_open: state that holds the name of the open section; figures of a closed one wait.
    """
    heading(
        "Can best-of-N over-optimise a reward?", "The first reward picks; the second had no say, and measures the pick."
    )
    shown = reward_pair.figures_of(opening)
    line = gr.HTML(reward_pair.reading(opening), padding=False, elem_id="t2i-pair-reading")
    case = gr.Button("Show a case where it happens", size="sm", scale=0, min_width=220, elem_id="t2i-pair-case")
    with gr.Row(elem_classes="stage"):
        over = gr.Plot(shown[2], show_label=False, elem_id="t2i-over")
        scatter = gr.Plot(shown[0], show_label=False, elem_id="t2i-scatter")
    gr.HTML(f"<p class='what'>{OVER}</p>", padding=False)
    axes = gr.Plot(shown[1], show_label=False, elem_id="t2i-two-axes")

    @friendly
    def show_case():
        found = reward_pair.clear_case()
        if found is None:
            raise BadInput(
                "No ready-made prompt shows a clear fall of a second reward with these weights; those that touch what "
                "stickers-eval holds out are not looked at."
            )
        return values_of(found)

    how: dict[str, Any] = {**LIGHT, **QUIET}
    case.click(show_case, None, p.values, **how).success(handlers.glance, [p.look, *p.values], handlers.outputs, **how)
    outputs = [scatter, axes, over, line]

    @friendly
    def show(look: GalleryState, name: str):
        return (*reward_pair.figures_of(look), reward_pair.reading(look)) if name == "pair" else (gr.skip(),) * 4

    def opened(look: GalleryState):
        return "pair", *reward_pair.figures_of(look), reward_pair.reading(look)

    tab.select(opened, p.look, [is_open, *outputs], **LIGHT, **QUIET)
    p.look.change(show, [p.look, is_open], outputs, trigger_mode="always_last", **LIGHT, **QUIET)

    @friendly
    def vote(look: GalleryState, place: int | None, votes: tuple[reward_pair.Vote, ...]):
        votes = reward_pair.vote(look, place, votes)
        return votes, reward_pair.tally(votes)

    p.favourite.click(vote, [p.look, p.chosen, p.votes], [p.votes, p.tally], **LIGHT, **QUIET)
