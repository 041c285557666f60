"""The Learn view of the sketch tab: programs as training data, fine-tuning, and what training buys against sampling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from tts_playground import figures
from tts_playground.figures.training import losses
from tts_playground.pages.menu import may_train
from tts_playground.pages.sketch import learn_state as work
from tts_playground.pages.sketch import replies as saying
from tts_playground.pages.sketch.tour_stop import LearnFindings
from tts_playground.pages.sketch.view_settings import allowed, samplers, writers
from tts_playground.pages.status import status
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.events import LIGHT, QUIET, cancels, is_local, waiting
from tts_playground.ui.widgets import PageState, heading

HEAVY: dict[str, Any] = {"concurrency_id": "learn", "concurrency_limit": 1, **QUIET}
SMALL = "tiny:sketch"
NO_MODEL = (
    "No model that writes programs is on this machine yet. Data sets can be made all the same; fine-tuning, pass@k and"
    f" replies need {SMALL}, which “train tiny-sketch” makes."
)
RECIPES = {
    "evolved": "evolved: five seed programs, varied at random; all that is new is kept",
    "hand-written": "hand-written: a generator with rules made by people",
    "fitness": "fitness: evolved, but blank, useless and repeated pictures are turned away",
    "hybrid": "hybrid: like fitness, begun from hand-written programs as well",
}
ALONE = "One model only: fine-tune it, and there is something to compare."
HELLO = "Pick a recipe and press “Make the data set”; the drawings that test a model never enter it."


@dataclass(frozen=True)
class LearnParts:
    """What the handlers read and write."""

    recipe: Any
    size: Any
    seed: Any
    made: Any
    findings: Any
    make: Any
    four: Any
    stop: Any
    status: Any
    wall: Any
    report: Any
    model: Any
    name: Any
    tune: Any
    loss: Any
    tuned: Any
    curve: Any
    draw: Any
    meeting: Any
    temperature: Any
    grammar: Any
    why: Any
    replies: Any


def menus(request: gr.Request) -> tuple[Any, Any]:
    """The tab's menu of samplers and this view's menu of models, with every adapter that who asks may use by now."""
    local = is_local(request)
    return gr.Dropdown(samplers(local)), gr.Dropdown(writers(local) or [SMALL])


@dataclass(frozen=True)
class LearnView:
    """What the rest of the tab needs of this view."""

    menu: Any
    """its models, which an adapter joins once it is trained"""
    findings: Any
    """a state: what came out of it so far, ``LearnFindings``"""
    folded: dict[str, Any]
    """what a question may open, by name: "learn", and in it "why" """
    ask: Any
    """the button that begins with the questions about learning"""


def build(drawn: Any, menu: Any) -> LearnView:
    """Lay the view out, folded, below the rest of the tab; ``drawn`` is the state with the drawing at hand.

    ``menu`` is the tab's menu of samplers, which an adapter joins once it is trained.
    """
    parts: dict[str, Any] = {"made": PageState(None), "findings": PageState(LearnFindings())}
    with gr.Accordion("Learn: programs as training data", open=False, elem_id="sketch-learn") as box:
        with gr.Row(elem_classes="main"):
            with gr.Column(scale=6, min_width=320, elem_id="learn-data"):
                _data(parts)
            with gr.Column(scale=4, min_width=320, elem_id="learn-training"):
                _training(parts)
        with gr.Accordion("Why did it say that?", open=False, elem_id="sketch-why-box") as why_box:
            _replies(parts)
        ask = gr.Button("Questions about learning, with your guess first", size="sm", elem_id="learn-questions")
    _wire(LearnParts(**parts), drawn, menu)
    # bands take a second to compute, so they wait for the one who looks
    box.expand(_opened, parts["meeting"], [parts["curve"], parts["meeting"]], **LIGHT, **QUIET)
    return LearnView(parts["model"], parts["findings"], {"learn": box, "why": why_box}, ask)


def _opened(meeting: str):
    """The shipped curves, unless curves of this page stand there."""
    if meeting:
        return gr.skip(), gr.skip()
    figure, words = work.shipped_curves()
    return figure, status(words) if words else ""


def _data(parts: dict[str, Any]) -> None:
    heading(
        "1. A data set of programs", "Every picture below is a program; together they are what a model learns from."
    )
    parts["recipe"] = gr.Dropdown(
        [(RECIPES[name], name) for name in work.RECIPES], value="evolved", label="Recipe", elem_id="learn-recipe"
    )
    with gr.Row(elem_classes="buttons"):
        parts["size"] = gr.Slider(*work.SIZES, 60, step=1, label="Programs", buttons=[], elem_id="learn-size")
        parts["seed"] = gr.Number(0, label="Seed", precision=0, minimum=0, min_width=80, elem_id="learn-seed")
    with gr.Row(elem_classes="buttons"):
        parts["make"] = gr.Button("Make the data set", variant="primary", min_width=140, elem_id="learn-make")
        parts["four"] = gr.Button("All four side by side", min_width=140, elem_id="learn-four")
        parts["stop"] = gr.Button("Stop", min_width=80, elem_id="learn-stop")
    parts["status"] = gr.HTML(status(HELLO), padding=False, elem_id="learn-status")
    parts["wall"] = gr.HTML(work.wall(None), padding=False, elem_id="learn-wall")
    parts["report"] = gr.HTML("", padding=False, elem_id="learn-report")


def _training(parts: dict[str, Any]) -> None:
    known = writers(local=False)
    heading(
        "2. Fine-tune on it",
        "A small adapter (LoRA) learns from that data set, 16 programs a step for 24 steps or more. Every fifth program"
        " is held back, to tell whether it learns. The model stays as it is."
        f" Adapters stay on this server, in the menus of all who may use its base, {work.MOST} at most: none is ever"
        " deleted for a new one. So visitors train only where who runs the server lets them.",
    )
    parts["model"] = gr.Dropdown(known or [SMALL], value=(known or [SMALL])[0], label="Model", elem_id="learn-model")
    with gr.Row(elem_classes="buttons"):
        parts["name"] = gr.Textbox(
            "", label="Adapter's name", placeholder="a free one", max_length=64, max_lines=1, elem_id="learn-name"
        )
        parts["tune"] = gr.Button("Fine-tune on this data set", min_width=140, elem_id="learn-tune")
    parts["loss"] = gr.Plot(figures.empty("The loss stands here once training runs."), show_label=False)
    parts["tuned"] = gr.HTML("" if known else status(NO_MODEL), padding=False, elem_id="learn-tuned")
    heading(
        "3. Training against sampling",
        "pass@k: the chance that one of k programs or more is right (IoU of at least 0.95), on drawings that no data"
        " set holds. Does training do more than drawing more often?",
    )
    parts["draw"] = gr.Button("Draw pass@k for this model and its adapters", min_width=140, elem_id="learn-draw")
    parts["curve"] = gr.Plot(figures.empty("…"), show_label=False, elem_id="learn-curve")
    parts["meeting"] = gr.HTML("", padding=False, elem_id="learn-meeting")


def _replies(parts: dict[str, Any]) -> None:
    heading(
        "What it wrote, word for word",
        f"{saying.REPLIES} replies of the model above to the drawing on the canvas: how each was read, and its fault.",
    )
    with gr.Row(elem_classes="buttons"):
        parts["temperature"] = gr.Slider(
            0, 2, 1.0, step=0.05, label="Temperature", buttons=[], elem_id="why-temperature"
        )
        parts["grammar"] = gr.Checkbox(
            False, label="Only what leads to a program", info="Grammar-constrained decoding.", elem_id="why-grammar"
        )
        parts["why"] = gr.Button("Ask the model about the drawing", min_width=140, elem_id="why-ask")
    parts["replies"] = gr.HTML("", padding=False, elem_id="why-replies")


@friendly
def _make(recipe: str, size: float, seed: float, found: LearnFindings) -> Iterator[Any]:
    for made in work.make(recipe, int(size), int(seed or 0)):
        shown = made, status(made.note, busy=not made.done), work.wall(made)
        if made.done:
            judged = work.judged([made])
            yield *shown, work.quality(judged), replace(found, sets={**found.sets, **judged})
        else:
            yield *shown, gr.skip(), gr.skip()


@friendly
def _four(size: float, seed: float, found: LearnFindings) -> Iterator[Any]:
    yield status("Making the four data sets…", busy=True), gr.skip(), gr.skip()
    judged = work.judged(work.all_four(int(size), int(seed or 0)))
    line = "The best of each row carries a star, where better is a direction."
    yield status(line), work.quality(judged), replace(found, sets=judged)


@friendly
def _tune(model: str, name: str, made: Any, found: LearnFindings, request: gr.Request) -> Iterator[Any]:
    may_train(is_local(request))
    allowed(model or SMALL, is_local(request))
    yield gr.skip(), status("Loading the model and the trainer…", busy=True), *(gr.skip(),) * 3
    shown = work.LearnRun()
    for run in work.tune(model or SMALL, name or "", made):
        if run.adapter:
            line = f"{run.verdict} Saved as adapter:{run.adapter}; choose it above, or as the sampler of a search."
            yield gr.skip(), status(line), *menus(request), replace(found, run=run)
        elif run != shown:
            line = f"Step {len(run.losses)} of {run.total}, loss {run.losses[-1][1]:.3f}."
            yield losses({"this run": run.losses}), status(line, busy=True), *(gr.skip(),) * 3
        else:
            yield (gr.skip(),) * 5
        shown = run


@friendly
def _draw(model: str, found: LearnFindings, request: gr.Request) -> Iterator[Any]:
    local = is_local(request)
    allowed(model or SMALL, local)
    yield gr.skip(), status("Drawing small pools; this takes a minute…", busy=True), gr.skip()
    base, shown = model or SMALL, work.Curves()
    tuned = [name for name in writers(local) if name.startswith("adapter:") and name != base]
    for curves in work.pass_curves(base, tuned[-3:]):
        if curves.figure is not None:
            told = status(" ".join(curves.words) or ALONE)
            yield curves.figure, told, replace(found, verdict=curves.words)
        else:
            news = gr.skip() if curves == shown else status(f"Drawn: {curves.note}.", busy=True)
            yield gr.skip(), news, gr.skip()
        shown = curves


@friendly
def _why(
    model: str, task: Any, temperature: float, grammar: bool, seed: float, found: LearnFindings, request: gr.Request
) -> Any:
    allowed(model or SMALL, is_local(request))
    said = saying.ask(model or SMALL, task, float(temperature), bool(grammar), int(seed or 0))
    return saying.table(said), replace(found, replies=said)


def _wire(p: LearnParts, drawn: Any, menu: Any) -> None:
    found, inputs = p.findings, [p.recipe, p.size, p.seed, p.findings]
    tuned = [p.loss, p.tuned, menu, p.model, found]
    events = [
        p.make.click(_make, inputs, [p.made, p.status, p.wall, p.report, found], **waiting(p.status), **HEAVY),
        p.four.click(_four, inputs[1:], [p.status, p.report, found], **waiting(p.status), **HEAVY),
        p.tune.click(_tune, [p.model, p.name, p.made, found], tuned, **waiting(p.tuned), **HEAVY),
        p.draw.click(_draw, [p.model, found], [p.curve, p.meeting, found], **waiting(p.meeting), **HEAVY),
    ]

    cancels([p.stop], events, [p.status, p.tuned, p.meeting], "Stopped; what is shown is kept.")
    asked = [p.model, drawn, p.temperature, p.grammar, p.seed, found]
    p.why.click(_why, asked, [p.replies, found], **waiting(p.replies), **HEAVY)
