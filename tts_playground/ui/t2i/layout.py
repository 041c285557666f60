"""The components of the image tab, in the order in which they stand on the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from tts_playground.pages.status import status
from tts_playground.pages.t2i import render, reward_choice, reward_pair
from tts_playground.pages.t2i.gallery_state import GalleryState
from tts_playground.pages.t2i.guided_experiments import STOPS, tour_cards
from tts_playground.pages.t2i.view_settings import LIMITS, MENU, ORDER, T2iView, examples, guidance, understood
from tts_playground.tasks.text_to_image import LONGEST
from tts_playground.ui.linked_marks import linked
from tts_playground.ui.tour import card
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
    votes: Any
    """the session's favourites"""
    favourite: Any
    tally: Any
    tour: dict[str, Any]
    """a button for each of the lab's questions"""
    tour_note: Any
    results: Any
    """the column in which sections go on"""
    links: Any
    """what lights marks that belong together"""

    def value(self, name: str) -> Any:
        """The component of one setting."""
        return self.values[ORDER.index(name)]

    @property
    def shown(self) -> list[Any]:
        """What follows a look."""
        return [self.status, self.picks, self.gallery, self.curve, self.histogram, self.reading]


def build(opening: GalleryState, view: T2iView) -> T2iParts:
    """Lay the tab out, opened on a look (of a starter, or empty).

    Controls stand on the left and stay while one scrolls; what they lead to stands on the right, the choice beside its
    curve. Sections go on in ``T2iParts.results``.
    """
    parts: dict[str, Any] = {
        "look": PageState(opening),
        "others": PageState(()),
        "chosen": PageState(None),
        "ticket": PageState(0),
        "votes": PageState(()),
    }
    settings: dict[str, Any] = {}
    _tour(parts)
    with gr.Row(elem_classes="main bench", elem_id="t2i-bench"):
        with gr.Column(scale=0, min_width=220, elem_classes="controls", elem_id="t2i-controls"):
            _input(parts, settings, view)
        with gr.Column(scale=1, min_width=300, elem_classes="results", elem_id="t2i-results") as results:
            parts["reading"] = gr.HTML(render.reading(opening), elem_id="t2i-reading", padding=False)
            with gr.Row(elem_classes="stage"):
                with gr.Column(scale=1, min_width=280, elem_id="t2i-choice"):
                    _choice(parts, settings, view, opening)
                with gr.Column(scale=1, min_width=280, elem_id="t2i-worth"):
                    _curve(parts, settings, view, opening)
            _gallery(parts, settings, view, opening)
    parts["results"] = results
    parts["links"] = linked("t2i")
    return T2iParts(values=[settings[name] for name in T2iView.__slots__], **parts)


def _tour(parts: dict[str, Any]) -> None:
    with gr.Column(elem_id="t2i-tour", elem_classes="tour-bar"):
        with gr.Row(elem_classes="tour"):
            parts["tour"] = {
                stop.key: gr.Button(stop.title, size="sm", min_width=60, scale=0, elem_id=f"t2i-tour-{stop.key}")
                for stop in STOPS
            }
        parts["tour_note"] = card(next(iter(tour_cards().values())))


def _input(parts: dict[str, Any], settings: dict[str, Any], view: T2iView) -> None:
    settings["prompt"] = gr.Textbox(
        view.prompt, label="Prompt", lines=2, max_lines=4, max_length=LONGEST, elem_id="t2i-prompt"
    )
    parts["note"] = gr.HTML("", elem_id="t2i-note", padding=False)
    with gr.Row(elem_classes="buttons actions"):
        parts["run"] = gr.Button("Draw", variant="primary", elem_id="t2i-run", scale=3, min_width=100)
        parts["cancel"] = gr.Button("Cancel", elem_id="t2i-cancel", scale=1, min_width=70)
    told = understood(view.model)
    settings["temperature"] = _slider(
        "temperature", "Temperature", view.temperature, 0.05, TOKEN_INFO["temperature"], told["temperature"]
    )
    settings["cfg"] = _slider("cfg", "CFG: guidance", view.cfg, 0.5, _pull(view.model))
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
            info="tiny:janus ships with the app. Others need a download, and mostly a GPU.",
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
    """A slider; one that the model does not understand is grey and says why, or is not there if few models have it."""
    made = slider("t2i", name, label, value, step, why_not or info, LIMITS)
    made.interactive = not why_not
    made.visible = not (why_not and name in DENOISING)
    return made


def _pull(model: str) -> str:
    return f"How strongly the prompt steers. 1: no extra guidance. {guidance(model):g}: this model's own."


def adjusted(model: str) -> list[Any]:
    """Updates of guidance and of the sliders that only one kind of model has (``MODEL_SLIDERS``); values stay."""
    told = understood(model)
    infos = {**TOKEN_INFO, "steps": STEPS_INFO, "eta": ETA_INFO}
    return [gr.Slider(info=_pull(model))] + [
        gr.Slider(
            info=told[name] or infos[name],
            interactive=not told[name],
            visible=not (told[name] and name in DENOISING),
        )
        for name in MODEL_SLIDERS[1:]
    ]


DENOISING = ("steps", "eta")
"""what only models that denoise have"""
MODEL_SLIDERS = ("cfg", "temperature", "top_p", "top_k", "steps", "eta")


def _choice(parts: dict[str, Any], settings: dict[str, Any], view: T2iView, opening: GalleryState) -> None:
    parts["picks"] = gr.HTML(render.picks(opening), elem_id="t2i-picks", padding=False)
    parts["reason"] = gr.HTML("", elem_id="t2i-reason", padding=False)
    parts["sheet"] = gr.HTML("", elem_id="t2i-sheet", padding=False)
    line = render.summary(opening) if opening.size else status(render.HELLO)
    parts["status"] = gr.HTML(line, elem_id="t2i-status", padding=False)


def _curve(parts: dict[str, Any], settings: dict[str, Any], view: T2iView, opening: GalleryState) -> None:
    settings["n"] = _slider("n", "N: images, of which the best is kept", view.n, 1, "")
    parts["curve"] = gr.Plot(render.curve_figure(opening), show_label=False, elem_id="t2i-curve")


def _gallery(parts: dict[str, Any], settings: dict[str, Any], view: T2iView, opening: GalleryState) -> None:
    heading(
        "The images in view, best first",
        "Point at a picture, a bar or a point of the curve: what belongs to it lights up.",
    )
    with gr.Row(elem_classes="stage"):
        with gr.Column(scale=6, min_width=300):
            parts["gallery"] = thumbs(render.gallery(opening), elem_id="t2i-gallery", columns=8, height="auto")
            with gr.Row(elem_classes="buttons"):
                parts["more"] = gr.Button(f"{MORE} more", min_width=90, size="sm", elem_id="t2i-more")
                parts["favourite"] = gr.Button("My favourite", min_width=120, size="sm", elem_id="t2i-favourite")
            parts["tally"] = gr.HTML(reward_pair.tally(()), elem_id="t2i-tally", padding=False)
        with gr.Column(scale=5, min_width=280):
            parts["histogram"] = gr.Plot(render.histogram_figure(opening), show_label=False, elem_id="t2i-histogram")
    with gr.Row(elem_classes="buttons bottom"):
        settings["reward"] = gr.Dropdown(
            reward_choice.menu(),
            value=view.reward,
            label="Reward: orders the images and picks the best",
            info="Both menus take what you type: clip + 0.3*aesthetic, min(clip, geneval), clip:FOLDER.",
            min_width=240,
            allow_custom_value=True,
            elem_id="t2i-reward",
        )
        settings["second"] = gr.Dropdown(
            reward_choice.menu(),
            value=view.second,
            label="Second reward: has no say, and measures the pick",
            info="Used by the section “Two rewards”.",
            min_width=240,
            allow_custom_value=True,
            elem_id="t2i-second",
        )
