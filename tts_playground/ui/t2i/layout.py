"""The components of the image tab, in the order in which they stand on the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from tts_playground.pages.status import status
from tts_playground.pages.t2i import render, reward_choice, reward_pair
from tts_playground.pages.t2i.gallery_state import GalleryState
from tts_playground.pages.t2i.guided_experiments import STOPS
from tts_playground.pages.t2i.view_settings import LIMITS, MENU, ORDER, T2iView, examples, guidance, understood
from tts_playground.tasks.text_to_image import LONGEST
from tts_playground.ui.widgets import PageState, heading, slider, thumbs

MORE = 16
"""images that "16 more" adds"""


@dataclass(frozen=True)
class T2iParts:
    """What the handlers of the tab read and write; sections keep components of their own."""

    look: Any
    """the images in view (a ``GalleryState``)"""
    others: Any
    """looks of several prompts, when the curve shows them"""
    chosen: Any
    """place of the image that was clicked, or None"""
    ticket: Any
    """changes when something has to be drawn live"""
    values: list[Any]
    """the settings, in the order of ``choices.ORDER``"""
    note: Any
    examples: Any
    run: Any
    cancel: Any
    live: Any
    status: Any
    sheet: Any
    picks: Any
    reason: Any
    more: Any
    gallery: Any
    curve: Any
    histogram: Any
    reading: Any
    several: Any
    votes: Any
    """the session's favourites"""
    favourite: Any
    tally: Any
    tour: dict[str, Any]
    """a button for each of the lab's questions"""
    tour_note: Any

    def value(self, name: str) -> Any:
        """The component of one setting."""
        return self.values[ORDER.index(name)]

    @property
    def shown(self) -> list[Any]:
        """What follows a look."""
        return [self.status, self.picks, self.gallery, self.curve, self.histogram, self.reading]


def build(opening: GalleryState, view: T2iView) -> T2iParts:
    """Lay the tab out, opened on a look (of a starter, or empty)."""
    parts: dict[str, Any] = {
        "look": PageState(opening),
        "others": PageState(()),
        "chosen": PageState(None),
        "ticket": PageState(0),
        "votes": PageState(()),
    }
    settings: dict[str, Any] = {}
    _tour(parts)
    with gr.Row(elem_classes="main"):
        with gr.Column(scale=0, min_width=380):
            _input(parts, settings, view)
        with gr.Column(scale=1, min_width=320):
            _output(parts, settings, view, opening)
    with gr.Row(elem_classes="main"):
        with gr.Column(scale=5, min_width=320):
            _curve(parts, opening)
        with gr.Column(scale=5, min_width=320):
            _spread(parts, settings, view, opening)
    return T2iParts(values=[settings[name] for name in T2iView.__slots__], **parts)


def _tour(parts: dict[str, Any]) -> None:
    with gr.Accordion("The lab's questions, one click each", open=False, elem_id="t2i-tour"):
        with gr.Row(elem_classes="tour"):
            parts["tour"] = {
                stop.key: gr.Button(stop.title, size="sm", min_width=60, scale=0, elem_id=f"t2i-tour-{stop.key}")
                for stop in STOPS
            }
        hint = "<p class='what'>A question sets the sliders, draws what it needs, and says here what to look at.</p>"
        parts["tour_note"] = gr.HTML(hint, padding=False, elem_id="t2i-tour-note")


def _input(parts: dict[str, Any], settings: dict[str, Any], view: T2iView) -> None:
    settings["prompt"] = gr.Textbox(
        view.prompt, label="Prompt", lines=2, max_lines=4, max_length=LONGEST, elem_id="t2i-prompt"
    )
    parts["note"] = gr.HTML("", elem_id="t2i-note", padding=False)
    with gr.Row(elem_classes="buttons"):
        parts["run"] = gr.Button("Draw", variant="primary", elem_id="t2i-run", scale=3, min_width=150)
        parts["cancel"] = gr.Button("Cancel", elem_id="t2i-cancel", scale=1, min_width=80)
    settings["n"] = _slider("n", "N: images", view.n, 1, "Best-of-N draws N images and keeps the best by the reward.")
    told = understood(view.model)
    settings["temperature"] = _slider(
        "temperature", "Temperature", view.temperature, 0.05, TOKEN_INFO["temperature"], told["temperature"]
    )
    pull = f"Pull of the prompt: 1 is none, {guidance(view.model):g} is this model's own."
    settings["cfg"] = _slider("cfg", "CFG: guidance", view.cfg, 0.5, pull)
    settings["steps"] = _slider("steps", "Denoising steps", view.steps, 1, STEPS_INFO, told["steps"])
    settings["eta"] = _slider("eta", "Eta: fresh noise a step", view.eta, 0.05, ETA_INFO, told["eta"])
    parts["live"] = gr.Checkbox(
        True, label="Live: draw a few when a slider is let go", elem_id="t2i-live", container=False
    )
    with gr.Accordion("More settings", open=False):
        settings["top_p"] = _slider("top_p", "Top-p", view.top_p, 0.01, TOKEN_INFO["top_p"], told["top_p"])
        settings["top_k"] = _slider("top_k", "Top-k", view.top_k, 1, TOKEN_INFO["top_k"], told["top_k"])
        settings["seed"] = gr.Number(
            view.seed, label="Seed", info="Same seed, same images.", precision=0, minimum=0, elem_id="t2i-seed"
        )
        settings["model"] = gr.Dropdown(
            MENU.names(),
            value=view.model,
            label="Model",
            info="tiny:janus ships with the app; others need a download, and mostly a GPU.",
            allow_custom_value=True,
            elem_id="t2i-model",
        )
    parts["examples"] = gr.Dataset(
        label="Prompts to try",
        components=[gr.Textbox(visible=False)],
        samples=[[prompt] for prompt in examples()],
        samples_per_page=12,
        type="index",
        elem_id="t2i-examples",
    )


STEPS_INFO = "More steps follow the model closer, up to a point; search goes on from there."
ETA_INFO = "0: the picture follows from its first noise; 1: every step draws its noise anew."
TOKEN_INFO = {
    "temperature": "0: always the likeliest token; 1: the model's own.",
    "top_p": "Only the likeliest tokens, up to this sum.",
    "top_k": "Only so many of the likeliest tokens; 0: all.",
}


def _slider(name: str, label: str, value: float, step: float, info: str, why_not: str = "") -> Any:
    """A slider; one that the model does not understand is grey, and says why."""
    made = slider("t2i", name, label, value, step, why_not or info, LIMITS)
    made.interactive = not why_not
    return made


def adjusted(view: T2iView) -> list[Any]:
    """Updates of the sliders that only one kind of model has (``KIND_SLIDERS``), for the view's model."""
    told = understood(view.model)
    infos = {**TOKEN_INFO, "steps": STEPS_INFO, "eta": ETA_INFO}
    return [
        gr.Slider(value=getattr(view, name), info=told[name] or infos[name], interactive=not told[name])
        for name in KIND_SLIDERS
    ]


KIND_SLIDERS = ("temperature", "top_p", "top_k", "steps", "eta")


def _output(parts: dict[str, Any], settings: dict[str, Any], view: T2iView, opening: GalleryState) -> None:
    line = render.summary(opening) if opening.size else status(render.HELLO)
    parts["status"] = gr.HTML(line, elem_id="t2i-status", padding=False)
    parts["sheet"] = gr.HTML("", elem_id="t2i-sheet", padding=False)
    parts["picks"] = gr.HTML(render.picks(opening), elem_id="t2i-picks", padding=False)
    parts["reason"] = gr.HTML("", elem_id="t2i-reason", padding=False)
    with gr.Row(elem_classes="buttons bottom"):
        settings["reward"] = gr.Dropdown(
            reward_choice.menu(),
            value=view.reward,
            label="Reward: orders the images and picks the best",
            min_width=240,
            scale=3,
            allow_custom_value=True,
            elem_id="t2i-reward",
        )
        parts["more"] = gr.Button(f"{MORE} more", min_width=90, scale=1, elem_id="t2i-more")
        parts["favourite"] = gr.Button("My favourite", min_width=120, scale=1, elem_id="t2i-favourite")
    parts["gallery"] = thumbs(render.gallery(opening), elem_id="t2i-gallery", columns=8, height="auto")
    parts["tally"] = gr.HTML(reward_pair.tally(()), elem_id="t2i-tally", padding=False)


def _curve(parts: dict[str, Any], opening: GalleryState) -> None:
    heading("What the number of images buys", "Best reward of N independent draws, exact; the N slider moves the mark.")
    parts["curve"] = gr.Plot(render.curve_figure(opening), show_label=False, elem_id="t2i-curve")
    parts["reading"] = gr.HTML(render.reading(opening), elem_id="t2i-reading", padding=False)
    parts["several"] = gr.Button("Four prompts and their average", size="sm", elem_id="t2i-several")


def _spread(parts: dict[str, Any], settings: dict[str, Any], view: T2iView, opening: GalleryState) -> None:
    heading("How the rewards are spread", "Best-of-N lives off the right tail: no spread, no gain.")
    parts["histogram"] = gr.Plot(render.histogram_figure(opening), show_label=False, elem_id="t2i-histogram")
    settings["second"] = gr.Dropdown(
        reward_choice.menu(),
        value=view.second,
        label="Second reward: what the pick is measured by beside it",
        info="Both menus take what you type: 0.7 * clip + 0.3 * aesthetic, min(clip, geneval), clip:FOLDER.",
        allow_custom_value=True,
        elem_id="t2i-second",
    )
