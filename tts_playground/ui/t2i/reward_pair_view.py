"""The section "Two rewards": scatter, both against N, over-optimisation, and the session's favourites."""

from __future__ import annotations

from typing import Any

import gradio as gr

from tts_playground.pages.t2i import reward_pair
from tts_playground.pages.t2i.gallery_state import GalleryState
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.events import LIGHT, QUIET
from tts_playground.ui.t2i.layout import T2iParts
from tts_playground.ui.widgets import heading

OVER = (
    "Third figure: both rewards of the first one's pick, as gains, against the square root of how far best-of-N can"
    " have moved from the model (KL). While the two rise together the reward is worth optimising; where the second one"
    " bends down, more images make things worse, as in Gao et al. (2023), whose law is the dotted line."
)


def build(p: T2iParts, opening: GalleryState, tab: Any, is_open: Any) -> None:
    """Lay out and connect the section.

    Args:
        tab: the section's tab. is_open: state that holds the name of the open section; figures of a closed one wait.
    """
    heading(
        "Can best-of-N over-optimise a reward?",
        "The first reward picks; the second, which had no say, measures the pick. Choose the second one under the"
        " histogram.",
    )
    shown = reward_pair.figures_of(opening)
    with gr.Row(elem_classes="main"):
        scatter = gr.Plot(shown[0], show_label=False, elem_id="t2i-scatter")
        axes = gr.Plot(shown[1], show_label=False, elem_id="t2i-two-axes")
    with gr.Row(elem_classes="main"):
        over = gr.Plot(shown[2], show_label=False, elem_id="t2i-over", scale=5)
        with gr.Column(scale=5, min_width=320):
            line = gr.HTML(reward_pair.reading(opening), padding=False, elem_id="t2i-pair-reading")
            gr.HTML(f"<p class='what'>{OVER}</p>", padding=False)
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
