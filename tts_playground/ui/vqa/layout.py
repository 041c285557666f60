"""The components of the VQA tab, in the order in which they stand on the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from tts_playground.answers import MEASURES
from tts_playground.pages.vqa import render
from tts_playground.pages.vqa.page_state import VqaPageState, opening_set, ready
from tts_playground.pages.vqa.view_settings import LIMITS, MENU, VqaView, default_view, examples, sets
from tts_playground.tasks.vqa import LONGEST_QUESTION
from tts_playground.tasks.vqa_data import SHIPPED
from tts_playground.ui.first_open import later
from tts_playground.ui.vqa import step_search_view
from tts_playground.ui.widgets import (
    BOUNDS,
    FORMATS,
    PageState,
    copy_as_command,
    copy_as_python,
    heading,
    slider,
    take_away,
    thumbs,
    upload,
)

AXES = [("answers N", "n"), ("tokens", "tokens"), ("seconds", "seconds")]


@dataclass(frozen=True)
class VqaParts:
    """What the handlers read and write."""

    picture: Any
    examples: Any
    settings: list[Any]
    """in the order of ``choices.ORDER``"""
    run: Any
    cancel: Any
    status: Any
    table: Any
    work: Any
    curve: Any
    reliability: Any
    steps: step_search_view.StepSearchParts
    set_name: Any
    set_count: Any
    set_run: Any
    set_axis: Any
    set_measure: Any
    set_figure: Any
    set_status: Any
    set_work: Any
    """None stands for the set that ships (``opening_set``), which no page needs to carry"""
    theory_p: Any
    theory: Any
    shape: Any
    files: dict[str, Any]
    file: Any
    script: Any
    link: Any
    link_text: Any


def build() -> VqaParts:
    """Lay the tab out."""
    view = default_view()
    work = ready(examples()[0], view)
    parts: dict[str, Any] = {"work": PageState(work), "set_work": PageState(None)}
    parts["file"] = gr.Textbox(visible=False)
    with gr.Row(elem_classes="main"):
        with gr.Column(scale=4, min_width=320):
            _input(parts, view)
        with gr.Column(scale=7, min_width=320):
            _output(parts, work)
    with gr.Row(elem_classes="main"):
        with gr.Column(scale=5, min_width=320):
            heading("What N buys on this question", "Oracle, verifier, majority; without a known answer, agreement.")
            parts["curve"] = gr.Plot(None, show_label=False, elem_id="vqa-curve")
        with gr.Column(scale=5, min_width=320):
            heading("Can the verifier be trusted?", "How often it is right against how sure it says it is.")
            parts["reliability"] = gr.Plot(None, show_label=False, elem_id="vqa-reliability")
    later(parts["curve"], lambda: render.question_figure(work))
    later(parts["reliability"], lambda: render.reliability_figure(_asked()))
    parts["steps"] = step_search_view.build()
    _set(parts)
    _theory(parts, view)
    parts["script"] = copy_as_python(render.as_python(work), elem_id="vqa-python")
    copy_as_command(parts["work"], render.as_command, render.as_command(work), elem_id="vqa-command")
    return VqaParts(**parts)


def _asked() -> tuple[Any, ...]:
    known = opening_set()
    return known.asked if known is not None else ()


def _input(parts: dict[str, Any], view: VqaView) -> None:
    parts["picture"] = upload(
        f"Picture: {FORMATS}, {BOUNDS}", value=examples()[0].picture, height=260, elem_id="vqa-image"
    )
    question = gr.Textbox(
        view.question, label="Question", lines=2, max_lines=6, max_length=LONGEST_QUESTION + 1, elem_id="vqa-question"
    )
    with gr.Row(elem_classes="buttons"):
        parts["run"] = gr.Button("Ask", variant="primary", elem_id="vqa-run", scale=3, min_width=120)
        parts["cancel"] = gr.Button("Cancel", elem_id="vqa-cancel", scale=1, min_width=80)
    shown = [(one.picture, one.question) for one in examples()]
    parts["examples"] = thumbs(shown, elem_id="vqa-examples", columns=5, height="auto")
    n = _slider("n", "N: answers", view.n, 1, "Independent replies; each is verified.")
    temperature = _slider("temperature", "Temperature", view.temperature, 0.05, "0 always says the likeliest.")
    blank = gr.Checkbox(
        view.blank, label="Blank picture", info="Shows white instead: what is guessed, not seen.", elem_id="vqa-blank"
    )
    with gr.Accordion("More settings", open=False):
        truth = gr.Textbox(
            view.truth, label="Accepted answer, if known", info="Several with | between them.", elem_id="vqa-truth"
        )
        top_p = _slider("top_p", "Top-p", view.top_p, 0.01, "Keeps the likeliest words with this probability.")
        top_k = _slider("top_k", "Top-k", view.top_k, 1, "Keeps so many words; 0 keeps all.")
        seed = gr.Number(
            view.seed, label="Seed", info="Same seed, same answers.", precision=0, minimum=0, elem_id="vqa-seed"
        )
        most_tokens = gr.Number(
            view.most_tokens, label="Longest reply, in tokens", info="0: 96, or 512 of an endpoint.", precision=0,
            minimum=0, maximum=LIMITS["most_tokens"][1], elem_id="vqa-most-tokens",
        )  # fmt: skip
        model = gr.Dropdown(
            MENU.names(), value=view.model, label="Model", allow_custom_value=True, elem_id="vqa-model",
            info="A hub id is downloaded when first asked.",
        )  # fmt: skip
    parts["settings"] = [question, truth, n, temperature, top_p, top_k, seed, model, blank, most_tokens]


def _slider(name: str, label: str, value: float, step: float, info: str) -> Any:
    return slider("vqa", name, label, value, step, info, LIMITS)


def _output(parts: dict[str, Any], work: VqaPageState | None) -> None:
    parts["status"] = gr.HTML(render.headline(work), elem_id="vqa-status", padding=False)
    heading("Answers", "Those that say the same stand together; scores are the best of each group.")
    parts["table"] = gr.HTML(render.table(work), elem_id="vqa-gallery", padding=False)
    kinds = {"csv": "CSV", "parquet": "Parquet", "html": "figure"}
    parts |= take_away("vqa", kinds, "this question and these settings")


def _set(parts: dict[str, Any]) -> None:
    heading("What N buys over a set of questions", "Oracle, verifier, majority and single answers, with 95 % bands.")
    with gr.Row(elem_classes="buttons bottom"):
        parts["set_name"] = gr.Dropdown(
            sets(), value=SHIPPED, label="Set of questions", min_width=180, elem_id="vqa-set"
        )
        parts["set_count"] = gr.Slider(
            1, 200, 20, step=1, label="Questions", min_width=160, buttons=[], elem_id="vqa-set-count"
        )
        parts["set_measure"] = gr.Dropdown(
            list(MEASURES), value="exact", label="Right by", min_width=120, elem_id="vqa-set-measure"
        )
        parts["set_axis"] = gr.Radio(AXES, value="n", label="Cost axis", min_width=200, elem_id="vqa-set-axis")
        parts["set_run"] = gr.Button("Ask them all N times", min_width=160, elem_id="vqa-set-run")
    parts["set_figure"] = gr.Plot(None, show_label=False, elem_id="vqa-set-curve")
    parts["set_status"] = gr.HTML("", padding=False, elem_id="vqa-set-status")
    later(parts["set_figure"], lambda: render.set_figure(opening_set(), "n", "exact"))
    later(parts["set_status"], lambda: render.set_reading(opening_set(), "exact"))


def _theory(parts: dict[str, Any], view: VqaView) -> None:
    with gr.Accordion("Theory, live", open=False, elem_id="vqa-theory"), gr.Row(elem_classes="main"):
        with gr.Column(min_width=320):
            heading("At least one of N is right", "With p = 0.1 a single answer is right once in ten; eight tries?")
            parts["theory_p"] = gr.Slider(0.01, 0.99, 0.1, step=0.01, label="p of one answer", buttons=[],
                                          elem_id="vqa-theory-p")  # fmt: skip
            parts["theory"] = gr.Plot(render.theory_figure(0.1, view.n), show_label=False, elem_id="vqa-theory-n")
        with gr.Column(min_width=320):
            heading("Temperature, top-p and top-k", "The sliders above, on the first word of the reply.")
            shape = render.shape_figure(None, view.temperature, view.top_p, view.top_k)
            parts["shape"] = gr.Plot(shape, show_label=False, elem_id="vqa-theory-t")
