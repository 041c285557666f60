"""The components of the audit tab, in the order in which they stand on the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from tts_playground.auditing.effects import FACTORS
from tts_playground.auditing.report import AuditReport
from tts_playground.pages.audit import export, histogram, own_picture, render, tour
from tts_playground.pages.audit.page_state import AuditPageState
from tts_playground.pages.audit.view_settings import LIMITS, ORDER, AuditView, models
from tts_playground.ui.linked_marks import linked
from tts_playground.ui.tour import card
from tts_playground.ui.widgets import (
    BOUNDS,
    FORMATS,
    PageState,
    copy_as_command,
    copy_as_python,
    heading,
    said,
    slider,
    take_away,
    thumbs,
    upload,
)
from tts_playground.worlds.choices import CONDITIONS

PROTOCOLS = [
    ("exact: probabilities from the logits", "exact"),
    ("sampled: N independent replies", "sampled"),
    ("list: N picks in one reply", "list"),
]
TASKS = [("choose a digit", "choice"), ("choose a digit and name its colour", "color")]
CONDITION_WORDS = {
    "sym": "symmetric",
    "center": "special in the middle",
    "size": "special enlarged",
    "contrast": "others faded",
    "occlusion": "special half covered",
    "blur": "special blurred",
}


@dataclass(frozen=True)
class AuditParts:
    """What the handlers read and write."""

    work: Any
    focus: Any
    file: Any
    values: list[Any]
    """the settings, in the order of ``choices.ORDER``"""
    run: Any
    cancel: Any
    status: Any
    verdict: Any
    factor: Any
    histogram: Any
    effects: Any
    heat: Any
    about: Any
    gallery: Any
    curve: Any
    calibration: Any
    confusion: Any
    picture: Any
    labels: Any
    ask: Any
    own_status: Any
    own_bars: Any
    own_now: Any
    """unseen: which picture and labels stand there now"""
    files: dict[str, Any]
    link: Any
    link_text: Any
    script: Any
    headline: Any
    more: Any
    """runs more layouts, where too few are the verdict"""
    reasons: Any
    tour: dict[str, Any]
    tour_note: Any
    links: Any
    """what lights marks that belong together"""

    def value(self, name: str) -> Any:
        """The component of one setting."""
        return self.values[ORDER.index(name)]

    @property
    def shown(self) -> list[Any]:
        """What follows a finished audit."""
        figures = [self.effects, self.heat, self.curve, self.calibration, self.confusion]
        return [
            self.status,
            self.verdict,
            self.histogram,
            self.about,
            self.gallery,
            *figures,
            self.script,
            self.headline,
            self.more,
            self.reasons,
        ]


def build(opening: AuditPageState) -> AuditParts:
    """Lay the tab out, opened on a finished audit.

    Controls stand on the left and stay while one scrolls; the verdict stands over the bars that it speaks of.
    """
    report, focus = opening.report(), render.Focus()
    parts: dict[str, Any] = {
        "work": PageState(opening),
        "focus": PageState(focus),
        "file": gr.Textbox(visible=False),
    }
    settings: dict[str, Any] = {}
    drawn = render.pictures_of(report)
    _tour(parts)
    with gr.Row(elem_classes="main bench", elem_id="audit-bench"):
        with gr.Column(scale=0, min_width=220, elem_classes="controls", elem_id="audit-controls"):
            _input(parts, settings, opening.view)
        with gr.Column(scale=1, min_width=300, elem_classes="results", elem_id="audit-results"):
            parts["headline"] = gr.HTML(
                render.headline(report) + render.made_of(opening, report), elem_id="audit-headline", padding=False
            )
            with gr.Row(elem_classes="stage"):
                with gr.Column(scale=6, min_width=280, elem_id="audit-choice"):
                    _bars(parts, opening, focus, report)
                    _gallery(parts, opening, focus)
                with gr.Column(scale=5, min_width=280, elem_id="audit-worth"):
                    _verdict(parts, opening, report)
                    settings["n"] = _slider("n", "N: draws a picture", opening.view.n, 10, "")
                    parts["curve"] = gr.Plot(drawn[2], show_label=False, elem_id="audit-curve")
            parts["status"] = gr.HTML(render.summary(opening, report), elem_id="audit-status", padding=False)
            with gr.Row(elem_classes="stage"):
                with gr.Column(scale=5, min_width=280):
                    _plot(parts, "effects", "What the choice depends on", EFFECTS, drawn[0])
                    _plot(parts, "confusion", "Which colour it names", CONFUSION, drawn[4])
                with gr.Column(scale=5, min_width=280):
                    _plot(parts, "heat", "Where picks fall on the grid", HEAT, drawn[1])
                    _plot(parts, "calibration", "Before and after calibration", CALIBRATION, drawn[3])
                    parts["reasons"] = gr.HTML(render.reasons(report), elem_id="audit-reasons", padding=False)
            _own(parts)
            parts |= take_away("audit", {"csv": "CSV", "jsonl": "JSONL"}, "these settings")
            parts["script"] = copy_as_python(export.as_python(opening), elem_id="audit-python")
            line = export.as_command(opening)
            looked = [parts["work"], settings["n"], settings["temperature"]]
            copy_as_command(parts["script"], looked, export.as_command_at, line, elem_id="audit-command")
    parts["links"] = linked("audit")
    return AuditParts(values=[settings[name] for name in ORDER], **parts)


def _tour(parts: dict[str, Any]) -> None:
    with gr.Column(elem_id="audit-tour", elem_classes="tour-bar"):
        with gr.Row(elem_classes="tour"):
            parts["tour"] = {
                stop.key: gr.Button(stop.title, size="sm", min_width=60, scale=0, elem_id=f"audit-tour-{stop.key}")
                for stop in tour.STOPS
            }
        parts["tour_note"] = card(next(iter(tour.tour_cards().values())))


def _verdict(parts: dict[str, Any], opening: AuditPageState, report: AuditReport) -> None:
    parts["verdict"] = gr.HTML(
        render.verdict(report), js_on_load=histogram.SENTENCES, elem_id="audit-verdict", padding=False
    )
    parts["more"] = gr.Button(
        f"Run {render.MORE} layouts of each",
        size="sm",
        visible=render.too_few(opening, report),
        min_width=120,
        elem_id="audit-more",
    )


EFFECTS = (
    "All factors at once, each level against a typical other one: dots with 95 % intervals; thick grey bars: 99 % of"
    " fair choosers at this N; inside the grey strip an effect is small."
)
HEAT = "How many times as often as fair a cell is chosen, by its place."
CURVE = "Too few draws see nothing; raw Cramer's V is noise until N is large. Dotted: a fair chooser."
CALIBRATION = "Fitted on half of the pictures, judged on the other. Further left is fairer; the oracle is a ceiling."
CONFUSION = "Of the digit that was chosen: its true colour against the one it says."


def _input(parts: dict[str, Any], settings: dict[str, Any], view: AuditView) -> None:
    settings["model"] = gr.Dropdown(
        models(),
        value=view.model,
        label="Who chooses",
        info="Scripts are written-down habits and no models; they show what an audit can find.",
        allow_custom_value=True,
        elem_id="audit-model",
    )
    with gr.Row(elem_classes="buttons actions"):
        parts["run"] = gr.Button("Run the audit", variant="primary", elem_id="audit-run", scale=3, min_width=100)
        parts["cancel"] = gr.Button("Cancel", elem_id="audit-cancel", scale=1, min_width=70)
    settings["protocol"] = gr.Radio(PROTOCOLS, value=view.protocol, label="Protocol", elem_id="audit-protocol")
    settings["temperature"] = _slider(
        "temperature", "Temperature", view.temperature, 0.05, "Low sharpens a bias, high washes it out; 1 is its own."
    )
    settings["task"] = gr.Radio(TASKS, value=view.task, label="Task", elem_id="audit-task")
    with gr.Accordion("Pictures", open=False):
        settings["conditions"] = gr.CheckboxGroup(
            [(CONDITION_WORDS[name], name) for name in CONDITIONS],
            value=list(view.conditions),
            label="Conditions",
            elem_id="audit-conditions",
        )
        settings["per_cond"] = _slider("per_cond", "Layouts of each condition", view.per_cond, 1, "More tell more.")
        settings["k"] = _slider("k", "k: cells in a picture", view.k, 1, "A fair choice picks each with 1/k.")
        settings["permute"] = gr.Checkbox(
            view.permute,
            label="Move the digits round",
            info="Every layout k times, each digit once in every place: separates digits from places, as PriDe needs.",
            elem_id="audit-permute",
        )
        settings["seed"] = gr.Number(
            view.seed, label="Seed", info="Same seed, same audit.", precision=0, minimum=0, elem_id="audit-seed"
        )


def _slider(name: str, label: str, value: float, step: float, info: str) -> Any:
    return slider("audit", name, label, value, step, info, LIMITS)


BARS = (
    "Line: an even choice. Shaded: 99 % of fair choosers at this N. Orange: the verdict says it is picked more readily,"
    " with all factors considered; blue: less."
)


def _bars(parts: dict[str, Any], opening: AuditPageState, focus: render.Focus, report: AuditReport) -> None:
    parts["factor"] = gr.Radio(
        [(name, name) for name in FACTORS],
        value=focus.factor,
        label="Bars by",
        show_label=False,
        container=False,
        elem_id="audit-factor",
    )
    parts["histogram"] = gr.HTML(
        render.bars_of(opening, focus, report), js_on_load=histogram.JS, elem_id="audit-histogram", padding=False
    )


def _gallery(parts: dict[str, Any], opening: AuditPageState, focus: render.Focus) -> None:
    about = said(render.about_gallery(focus)) + render.links(opening, focus)
    parts["about"] = gr.HTML(about, padding=False, elem_id="audit-about")
    shown = render.gallery(opening, focus)
    parts["gallery"] = thumbs(shown, elem_id="audit-gallery", columns=8, height="auto", preview=True)
    gr.HTML(said(BARS), padding=False)


def _plot(parts: dict[str, Any], name: str, title: str, what: str, figure: Any) -> None:
    heading(title, what)
    parts[name] = gr.Plot(figure, show_label=False, elem_id=f"audit-{name}")


def _own(parts: dict[str, Any]) -> None:
    with gr.Accordion("Ask about your own picture", open=False, elem_id="audit-own"), gr.Row(elem_classes="main"):
        with gr.Column(scale=5, min_width=320):
            label = f"{FORMATS} with labelled choices, {BOUNDS}"
            parts["picture"] = upload(label, height=220, elem_id="audit-picture")
        with gr.Column(scale=5, min_width=320):
            parts["labels"] = gr.Textbox(
                label="Labels in it, separated by commas",
                placeholder="3, 5, 7, 9",
                max_lines=1,
                max_length=400,
                elem_id="audit-labels",
            )
            parts["ask"] = gr.Button("Ask", elem_id="audit-ask", min_width=120)
            parts["own_status"] = gr.HTML("", padding=False, elem_id="audit-own-status")
            parts["own_now"] = gr.HTML("", padding=False, elem_classes="unseen", elem_id="audit-own-now")
            parts["own_bars"] = gr.HTML(own_picture.nothing(), padding=False, elem_id="audit-own-bars")
