"""The components of the tab of reasoning, in the order in which they stand on the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from tts_playground.pages.math import export, render, tour, tree_picture
from tts_playground.pages.math.page_state import MathPageState, shown_problems
from tts_playground.pages.math.view_settings import LIMITS, MENU, ORDER, MathView, guides, strategies
from tts_playground.rewards.prm import AGGREGATIONS
from tts_playground.tasks.reasoning import LONGEST
from tts_playground.ui.widgets import PageState, heading, python, slider, take_away

AXES = [("tokens", "tokens"), ("N", "n"), ("judged", "verifier_calls")]
TREE = "Left to right: a column is a step. Click a node, or press the arrow keys, to read its steps."
PICKS = "The first N of the solutions drawn; move N and see which selector changes its mind."
ACCURACY = "Lines: whole solutions and a choice among them. Points: searches over steps."
TRUST = "On the diagonal a score of 0.8 means that 8 of 10 such steps are right."
BINS = "Problems by how often one solution is right."
WORDS = "tiny:math solves small word problems in plain English: prices, ages, trips, portions, sums."


@dataclass(frozen=True)
class MathParts:
    """What the handlers read and write."""

    tab: Any
    """the tab itself, of which being opened is an event; None where the parts stand alone"""
    state: Any
    values: list[Any]
    """the settings, in the order of ``view_settings.ORDER``"""
    examples: Any
    run: Any
    cancel: Any
    status: Any
    stale: Any
    tree: Any
    reading: Any
    picks: Any
    curve: Any
    axis: Any
    accuracy: Any
    compare: Any
    compared: Any
    beside: Any
    trust: Any
    trust_words: Any
    bins: Any
    tour: dict[str, Any]
    tour_note: Any
    tour_guess: Any
    tour_key: Any
    files: dict[str, Any]
    file: Any
    link: Any
    link_text: Any
    script: Any
    command: Any

    def value(self, name: str) -> Any:
        """The component of one setting."""
        return self.values[ORDER.index(name)]

    @property
    def figures(self) -> list[Any]:
        """What is drawn when the tab is first opened."""
        return [self.curve, self.accuracy, self.trust, self.trust_words, self.bins]


def build(opening: MathPageState) -> MathParts:
    """Lay the tab out, opened on a finished search."""
    parts: dict[str, Any] = {"state": PageState(opening), "file": gr.Textbox(visible=False)}
    block = gr.context.Context.block
    parts["tab"] = block if isinstance(block, gr.Tab) else None
    settings: dict[str, Any] = {}
    _tour(parts)
    with gr.Row(elem_classes="main", elem_id="math-top"):
        with gr.Column(scale=3, min_width=300, elem_id="math-settings"):
            _input(parts, settings, opening.view)
        with gr.Column(scale=5, min_width=320, elem_id="math-found"):
            parts["status"] = gr.HTML(render.headline(opening), elem_id="math-status", padding=False)
            parts["stale"] = gr.HTML("", elem_id="math-stale", padding=False)
            parts["tree"] = _tree(render.tree_of(opening), "math-tree")
            parts["reading"] = gr.HTML(render.reading(opening.tree), elem_id="math-reading", padding=False)
        with gr.Column(scale=4, min_width=320, elem_id="math-choice"):
            heading("Who picks the right answer?", PICKS)
            settings["n"] = slider("math", "n", "N: solutions", opening.view.n, 1, "Of the search, too.", LIMITS)
            shown = render.picks(opening.pool, opening.view.n, opening.view.aggregation)
            parts["picks"] = gr.HTML(shown, elem_id="math-picks", padding=False)
            parts["curve"] = gr.Plot(None, show_label=False, elem_id="math-curve")
    with gr.Row(elem_classes="main"):
        with gr.Column(scale=6, min_width=320):
            heading("Accuracy against tokens", ACCURACY)
            parts["axis"] = gr.Radio(AXES, value="tokens", label="Cost axis", elem_id="math-axis")
            parts["accuracy"] = gr.Plot(None, show_label=False, elem_id="math-accuracy")
        with gr.Column(scale=4, min_width=320):
            heading("Easy and hard problems", BINS)
            parts["bins"] = gr.HTML("", elem_id="math-bins", padding=False)
    with gr.Row(elem_classes="main"):
        with gr.Column(scale=6, min_width=320):
            _beside(parts, settings, opening)
        with gr.Column(scale=4, min_width=320):
            heading("Can the judge be trusted?", TRUST)
            parts["trust_words"] = gr.HTML("", elem_id="math-trust-words", padding=False)
            parts["trust"] = gr.Plot(None, show_label=False, elem_id="math-trust")
    parts |= take_away("math", export.KINDS, "this problem and these settings")
    with gr.Accordion("Copy as Python, or as a command", open=False):
        parts["script"] = python(export.as_python(opening), elem_id="math-python")
        parts["command"] = gr.Code(
            export.as_command(opening), language="shell", interactive=False, show_label=False, buttons=["copy"],
            elem_id="math-command",
        )  # fmt: skip
    return MathParts(values=[settings[name] for name in ORDER], **parts)


def _tree(value: str, elem_id: str) -> Any:
    return gr.HTML(value, js_on_load=tree_picture.JS, elem_id=elem_id, padding=False)


def _tour(parts: dict[str, Any]) -> None:
    with gr.Accordion("Guided tour: guess first", open=False, elem_id="math-tour"):
        with gr.Row(elem_classes="tour"):
            parts["tour"] = {
                stop.key: gr.Button(stop.title, size="sm", elem_id=f"math-tour-{stop.key}") for stop in tour.STOPS
            }
        parts["tour_note"] = gr.HTML("", elem_id="math-tour-note", padding=False)
        parts["tour_guess"] = gr.Radio([], label="Your guess", visible=False, elem_id="math-tour-guess")
        parts["tour_key"] = gr.Textbox(visible=False)


def _input(parts: dict[str, Any], settings: dict[str, Any], view: MathView) -> None:
    settings["problem"] = gr.Textbox(
        view.problem, label="Problem", info=WORDS, lines=3, max_lines=8, max_length=LONGEST + 1, elem_id="math-problem"
    )
    with gr.Row(elem_classes="buttons"):
        parts["run"] = gr.Button("Solve", variant="primary", elem_id="math-run", scale=3, min_width=120)
        parts["cancel"] = gr.Button("Cancel", elem_id="math-cancel", scale=1, min_width=80)
    known = [(f"level {one.level}: {one.problem[:60]}…", one.problem) for one in shown_problems()]
    parts["examples"] = gr.Dropdown(
        known, value=view.problem if known else None, label="Or one of these", elem_id="math-examples"
    )
    settings["strategy"] = gr.Dropdown(strategies(), value=view.strategy, label="Strategy", elem_id="math-strategy")
    with gr.Row(elem_classes="buttons"):
        settings["reward"] = gr.Dropdown(
            guides(), value=view.reward, label="Judge of steps", allow_custom_value=True, min_width=120,
            elem_id="math-reward",
        )  # fmt: skip
        settings["aggregation"] = gr.Dropdown(
            list(AGGREGATIONS), value=view.aggregation, label="Score of a solution", min_width=120,
            elem_id="math-aggregation",
        )  # fmt: skip
    settings["temperature"] = _slider("temperature", "Temperature", view.temperature, 0.05, "0 says the likeliest.")
    with gr.Accordion("More settings", open=False):
        settings["truth"] = gr.Textbox(
            view.truth, label="Right answer, if known", info="Shown to no model.", elem_id="math-truth"
        )
        settings["top_p"] = _slider("top_p", "Top-p", view.top_p, 0.01, "Keeps the likeliest with this probability.")
        settings["top_k"] = _slider("top_k", "Top-k", view.top_k, 1, "Keeps so many tokens; 0 keeps all.")
        settings["seed"] = gr.Number(
            view.seed, label="Seed", info="Same seed, same search.", precision=0, minimum=0, elem_id="math-seed"
        )
        settings["max_tokens"] = gr.Number(
            view.max_tokens, label="Longest solution, in tokens", precision=0, minimum=LIMITS["max_tokens"][0],
            maximum=LIMITS["max_tokens"][1], elem_id="math-max-tokens",
        )  # fmt: skip
        settings["model"] = gr.Dropdown(
            MENU.names(), value=view.model, label="Model", allow_custom_value=True, elem_id="math-model",
            info="A hub id is downloaded when first asked.",
        )  # fmt: skip


def _slider(name: str, label: str, value: float, step: float, info: str) -> Any:
    return slider("math", name, label, value, step, info, LIMITS)


def _beside(parts: dict[str, Any], settings: dict[str, Any], opening: MathPageState) -> None:
    heading("Another strategy on the same problem", "With as many tokens as the search above has spent.")
    with gr.Row(elem_classes="buttons bottom"):
        settings["other"] = gr.Dropdown(
            strategies(), value=opening.view.other, label="Strategy beside it", min_width=220, elem_id="math-other"
        )
        parts["compare"] = gr.Button("Compare", min_width=120, scale=0, elem_id="math-compare")
    parts["compared"] = gr.HTML(render.compared(opening), elem_id="math-compared", padding=False)
    parts["beside"] = _tree(render.beside_of(opening), "math-beside")
