"""The components of the VQA tab, in the order in which they stand on the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from tts_playground.answers import MEASURES
from tts_playground.pages.vqa import render, tour, words
from tts_playground.pages.vqa.page_state import VqaPageState, opening_set, ready
from tts_playground.pages.vqa.view_settings import LIMITS, MENU, ORDER, VqaView, default_view, examples, sets
from tts_playground.tasks.vqa import LONGEST_QUESTION
from tts_playground.tasks.vqa_data import SHIPPED
from tts_playground.ui.first_open import later
from tts_playground.ui.linked_marks import linked
from tts_playground.ui.replay import replay
from tts_playground.ui.tour import card
from tts_playground.ui.vqa import step_search_view
from tts_playground.ui.widgets import (
    BOUNDS,
    FORMATS,
    PageState,
    copy_as_command,
    heading,
    python,
    said,
    slider,
    take_away,
    thumbs,
    upload,
)

WORLD = f"tiny:vlm reads only charts and tables like the examples. Your own: {FORMATS}, {BOUNDS}."
WATCH = (
    "The bars count how the drawn replies that began the same went on. Choose a row of answers to see its first reply."
)
CHOOSE = """
const choose = (row) => { if (row) trigger('click', {place: row.dataset.place}); };
element.addEventListener('click', event => {
  if (!event.target.closest('details')) choose(event.target.closest('tr[data-place]'));
});
element.addEventListener('keydown', event => {
  if (event.key === 'Enter' && event.target.matches('tr[data-place]')) choose(event.target);
});
const tab = element.closest('[role=tabpanel]') || document.body;
tab.addEventListener('input', event => {
  if (!event.target.closest('#vqa-question')) return;
  const answer = tab.querySelector('#vqa-truth textarea, #vqa-truth input');
  if (answer && answer.value) { answer.value = ''; answer.dispatchEvent(new Event('input', {bubbles: true})); }
});
"""
"""A row of answers that is chosen tells its first reply. A question that is edited, by typing or pasting, drops the
accepted answer, which was the other question's: here, so that no click on Ask comes before it, and since gradio's own
"input" does not hear what is pasted. What the server writes is no such event."""
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
    verdict: Any
    reply: Any
    """place of the reply whose row was chosen, or None"""
    board: Any
    """one reply, word by word"""
    sections: Any
    words: Any
    """what the model has never met of the question"""
    now: Any
    """unseen: which picture stands there"""
    links: Any
    """what lights marks that belong together"""
    tour: dict[str, Any]
    tour_note: Any

    def value(self, name: str) -> Any:
        """The component of one setting."""
        return self.settings[ORDER.index(name)]


def build() -> VqaParts:
    """Lay the tab out: controls stay on the left, answers stand beside what N buys, sections below."""
    view = default_view()
    work = ready(examples()[0], view)
    shown = None if work is None else work.first(view.n)
    parts: dict[str, Any] = {"work": PageState(work), "set_work": PageState(None), "reply": PageState(None)}
    parts["file"] = gr.Textbox(visible=False)
    settings: dict[str, Any] = {}
    _tour(parts)
    with gr.Row(elem_classes="main bench", elem_id="vqa-bench"):
        with gr.Column(scale=0, min_width=220, elem_classes="controls", elem_id="vqa-controls"):
            _input(parts, settings, view)
        with gr.Column(scale=1, min_width=300, elem_classes="results", elem_id="vqa-results"):
            parts["verdict"] = gr.HTML(render.verdict(shown), elem_id="vqa-verdict", padding=False)
            with gr.Row(elem_classes="stage"):
                with gr.Column(scale=5, min_width=280, elem_id="vqa-answers"):
                    parts["table"] = gr.HTML(
                        render.table(shown), js_on_load=CHOOSE, elem_id="vqa-gallery", padding=False
                    )
                    parts["status"] = gr.HTML(render.headline(shown), elem_id="vqa-status", padding=False)
                with gr.Column(scale=6, min_width=280, elem_id="vqa-worth"):
                    settings["n"] = _slider("n", "N: answers, of which one is chosen", view.n, 1, "")
                    parts["curve"] = gr.Plot(None, show_label=False, elem_id="vqa-curve")
                    later(parts["curve"], lambda: render.question_figure(work))
            _sections(parts, view, work)
    parts["settings"] = [settings[name] for name in ORDER]
    parts["now"] = gr.HTML("", elem_id="vqa-now", elem_classes="unseen", padding=False)
    parts["links"] = linked("vqa")
    return VqaParts(**parts)


def _asked() -> tuple[Any, ...]:
    known = opening_set()
    return known.asked if known is not None else ()


def _tour(parts: dict[str, Any]) -> None:
    with gr.Column(elem_id="vqa-tour", elem_classes="tour-bar"):
        with gr.Row(elem_classes="tour"):
            parts["tour"] = {
                stop.key: gr.Button(stop.title, size="sm", min_width=60, scale=0, elem_id=f"vqa-tour-{stop.key}")
                for stop in tour.STOPS
            }
        parts["tour_note"] = card(next(iter(tour.tour_cards().values())))


def _input(parts: dict[str, Any], settings: dict[str, Any], view: VqaView) -> None:
    parts["picture"] = upload("Picture", value=examples()[0].picture, height=130, elem_id="vqa-image")
    settings["question"] = gr.Textbox(
        view.question, label="Question", lines=2, max_lines=6, max_length=LONGEST_QUESTION + 1, elem_id="vqa-question"
    )
    parts["words"] = gr.HTML("", elem_id="vqa-words", padding=False)
    settings["truth"] = gr.Textbox(
        view.truth, label="Accepted answer, if known", placeholder="several: a | b", elem_id="vqa-truth"
    )
    with gr.Row(elem_classes="buttons actions"):
        parts["run"] = gr.Button("Ask", variant="primary", elem_id="vqa-run", scale=3, min_width=100)
        parts["cancel"] = gr.Button("Cancel", elem_id="vqa-cancel", scale=1, min_width=70)
    settings["temperature"] = _slider("temperature", "Temperature", view.temperature, 0.05, "0: always the likeliest.")
    shown = [(one.picture, one.question) for one in examples()]
    parts["examples"] = thumbs(shown, elem_id="vqa-examples", columns=5, height="auto")
    settings["blank"] = gr.Checkbox(
        view.blank, label="Blank picture", info="Shows white instead: what is guessed, not seen.", elem_id="vqa-blank"
    )
    with gr.Accordion("More settings", open=False):
        settings["top_p"] = _slider("top_p", "Top-p", view.top_p, 0.01, "Keeps the likeliest words up to this sum.")
        settings["top_k"] = _slider("top_k", "Top-k", view.top_k, 1, "Keeps this many words; 0 keeps all.")
        settings["seed"] = gr.Number(
            view.seed, label="Seed", info="Same seed, same answers.", precision=0, minimum=0, elem_id="vqa-seed"
        )
        settings["most_tokens"] = gr.Number(
            view.most_tokens, label="Longest reply, in tokens", info="0: 96, or 512 of an endpoint.", precision=0,
            minimum=0, maximum=LIMITS["most_tokens"][1], elem_id="vqa-most-tokens",
        )  # fmt: skip
        settings["model"] = gr.Dropdown(
            MENU.names(), value=view.model, label="Model", allow_custom_value=True, elem_id="vqa-model",
            info="A hub id is downloaded when first asked.",
        )  # fmt: skip
    gr.HTML(said(WORLD), padding=False)


def _slider(name: str, label: str, value: float, step: float, info: str) -> Any:
    return slider("vqa", name, label, value, step, info, LIMITS)


def _sections(parts: dict[str, Any], view: VqaView, work: VqaPageState | None) -> None:
    with gr.Tabs(elem_id="vqa-sections", overflow_behavior="wrap") as parts["sections"]:
        with gr.Tab("Watch an answer", id="watch"):
            heading("One reply, word by word", WATCH)
            parts["board"] = replay(words.board(work), elem_id="vqa-watch")
        with gr.Tab("A set of questions", id="set"):
            _set(parts)
        with gr.Tab("Trust", id="trust"):
            heading("Can the verifier be trusted?", "On the dotted line, P(yes) of 0.8 means right 8 times in 10.")
            parts["reliability"] = gr.Plot(None, show_label=False, elem_id="vqa-reliability")
            later(parts["reliability"], lambda: render.reliability_figure(_asked()))
        with gr.Tab("Steps as a tree", id="steps"):
            parts["steps"] = step_search_view.build()
        with gr.Tab("Theory", id="theory"):
            _theory(parts, view)
        with gr.Tab("Download", id="take"):
            heading("Take it with you", "The answers to this question as a file, a link, or a script.")
            kinds = {"csv": "CSV", "parquet": "Parquet", "html": "figure"}
            parts |= take_away("vqa", kinds, "this question and these settings")
            parts["script"] = python(render.as_python(work), elem_id="vqa-python")
            line, script = render.as_command(work), parts["script"]
            copy_as_command(script, parts["work"], render.as_command, line, elem_id="vqa-command")


def _set(parts: dict[str, Any]) -> None:
    heading("What N buys over a set of questions", "The legend shows more lines; bands are 95 %.")
    parts["set_status"] = gr.HTML("", padding=False, elem_id="vqa-set-status")
    later(parts["set_status"], lambda: render.set_reading(opening_set(), "exact"))
    with gr.Row(elem_classes="buttons bottom"):
        parts["set_name"] = gr.Dropdown(
            sets(), value=SHIPPED, label="Set of questions", min_width=160, elem_id="vqa-set"
        )
        parts["set_count"] = gr.Slider(
            1, 200, 20, step=1, label="Questions", min_width=150, buttons=[], elem_id="vqa-set-count"
        )
        parts["set_measure"] = gr.Dropdown(
            list(MEASURES), value="exact", label="Right by", min_width=110, elem_id="vqa-set-measure"
        )
        parts["set_axis"] = gr.Radio(AXES, value="n", label="Cost axis", min_width=190, elem_id="vqa-set-axis")
        parts["set_run"] = gr.Button("Ask them all N times", min_width=150, elem_id="vqa-set-run")
    parts["set_figure"] = gr.Plot(None, show_label=False, elem_id="vqa-set-curve")
    later(parts["set_figure"], lambda: render.set_figure(opening_set(), "n", "exact"))


def _theory(parts: dict[str, Any], view: VqaView) -> None:
    with gr.Row(elem_classes="stage", elem_id="vqa-theory"):
        with gr.Column(min_width=280):
            heading("At least one of N is right", "With p = 0.1 a single answer is right once in ten. And eight tries?")
            parts["theory_p"] = gr.Slider(0.01, 0.99, 0.1, step=0.01, label="p of one answer", buttons=[],
                                          elem_id="vqa-theory-p")  # fmt: skip
            parts["theory"] = gr.Plot(render.theory_figure(0.1, view.n), show_label=False, elem_id="vqa-theory-n")
        with gr.Column(min_width=280):
            heading("Temperature, top-p and top-k", "The page's sliders, on the first word of the reply.")
            shape = render.shape_figure(None, view.temperature, view.top_p, view.top_k)
            parts["shape"] = gr.Plot(shape, show_label=False, elem_id="vqa-theory-t")
