"""The components of the tab of reasoning, in the order in which they stand on the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from tts_playground.pages.math import export, tour
from tts_playground.pages.math.page_state import MathPageState, shown_problems
from tts_playground.pages.math.view_settings import LIMITS, MENU, ORDER, MathView, guides, strategies
from tts_playground.rewards.prm import AGGREGATIONS
from tts_playground.tasks.reasoning import LONGEST
from tts_playground.ui.first_open import later
from tts_playground.ui.gradio_patches import enclosing_tab
from tts_playground.ui.linked_marks import linked
from tts_playground.ui.math import recipes_view
from tts_playground.ui.scripts import part
from tts_playground.ui.tour import card
from tts_playground.ui.widgets import PageState, heading, python, slider, take_away

AXES = [("tokens", "tokens"), ("N", "n"), ("judged", "verifier_calls")]
LEVELS = ["all", "1", "2", "3", "4", "5"]
ACCURACY = "Lines: whole solutions and a choice among them. Points: searches over steps."
TRUST = "On the diagonal a score of 0.8 means that 8 of 10 such steps are right."
BINS = "Problems by how often one solution is right."
WORDS = "tiny:math solves small word problems in plain English (prices, ages, trips), and sums such as 12*7+5."


@dataclass(frozen=True)
class MathParts:
    """What the handlers read and write."""

    tab: Any
    """the tab itself, of which being opened is an event; None where the parts stand alone"""
    state: Any
    was_open: Any
    """whether the page has filled the tab"""
    values: list[Any]
    """the settings, in the order of ``view_settings.ORDER``"""
    examples: Any
    words: Any
    run: Any
    cancel: Any
    status: Any
    stale: Any
    tree: Any
    reading: Any
    draw: Any
    picks: Any
    curve: Any
    chips: Any
    axis: Any
    level: Any
    accuracy: Any
    accuracy_words: Any
    compare: Any
    compared: Any
    beside: Any
    beside_reading: Any
    trust: Any
    trust_words: Any
    bins: Any
    recipes: recipes_view.RecipeParts
    tour: dict[str, Any]
    tour_note: Any
    files: dict[str, Any]
    figure: Any
    kind: Any
    save_figure: Any
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
        """What stands beside a search, filled when the tab is first opened."""
        return [self.accuracy, self.accuracy_words, self.bins, self.trust, self.trust_words]


def build(opening: MathView) -> MathParts:
    """Lay the tab out; what it shows is sent when it is first opened."""
    held = PageState(MathPageState(opening))
    parts: dict[str, Any] = {"state": held, "was_open": gr.State(False), "file": gr.Textbox(visible=False)}
    parts["tab"] = enclosing_tab()
    settings: dict[str, Any] = {}
    _tour(parts)
    with gr.Row(elem_classes="main", elem_id="math-top"):
        with gr.Column(scale=3, min_width=220, elem_id="math-settings"):
            _input(parts, settings, opening)
        with gr.Column(scale=5, min_width=300, elem_id="math-found"):
            parts["status"] = _html("math-status")
            parts["stale"] = _html("math-stale")
            parts["tree"] = _tree("math-tree")
            parts["reading"] = _html("math-reading")
        with gr.Column(scale=4, min_width=300, elem_id="math-choice"):
            gr.HTML("<h2>Who picks the right answer?</h2>", padding=False, elem_classes="heading")
            settings["look"] = slider("math", "look", "N: solutions that count", opening.look, 1, "", LIMITS)
            parts["draw"] = gr.Button("Draw solutions to choose from", visible=False, size="sm", elem_id="math-draw")
            parts["curve"] = gr.Plot(None, show_label=False, elem_id="math-curve")
            parts["picks"] = _html("math-picks")
            parts["chips"] = _html("math-chips")
    with gr.Row(elem_classes="main"):
        with gr.Column(scale=6, min_width=300):
            heading("Accuracy against tokens", ACCURACY)
            parts["accuracy_words"] = _html("math-accuracy-words")
            with gr.Row(elem_classes="buttons"):
                parts["axis"] = gr.Radio(
                    AXES, value="tokens", label="Cost axis", min_width=180, scale=2, elem_id="math-axis"
                )
                parts["level"] = gr.Radio(
                    LEVELS, value="all", label="Level", min_width=240, scale=3, elem_id="math-level"
                )
            parts["accuracy"] = gr.Plot(None, show_label=False, elem_id="math-accuracy")
            _beside(parts, settings, opening)
        with gr.Column(scale=4, min_width=300):
            heading("Easy and hard problems", BINS)
            parts["bins"] = _html("math-bins")
            heading("Can the judge be trusted?", TRUST)
            parts["trust_words"] = _html("math-trust-words")
            parts["trust"] = gr.Plot(None, show_label=False, elem_id="math-trust")
    parts["recipes"] = recipes_view.build()
    _take_away(parts)
    linked("math")
    return MathParts(values=[settings[name] for name in ORDER], **parts)


def _html(elem_id: str) -> Any:
    return gr.HTML("", elem_id=elem_id, padding=False)


def _tree(elem_id: str) -> Any:
    return gr.HTML("", js_on_load=part("tree"), elem_id=elem_id, padding=False)


def _tour(parts: dict[str, Any]) -> None:
    with gr.Column(elem_classes="tour-bar"):
        with gr.Row(elem_classes="tour", elem_id="math-tour"):
            parts["tour"] = {
                stop.key: gr.Button(stop.title, size="sm", elem_id=f"math-tour-{stop.key}") for stop in tour.STOPS
            }
        first = next(iter(tour.tour_cards().values()))
        parts["tour_note"] = later(card(first, empty=True), lambda: first.shown(quiet=True))


def _input(parts: dict[str, Any], settings: dict[str, Any], view: MathView) -> None:
    settings["problem"] = gr.Textbox(
        view.problem, label="Problem", info=WORDS, lines=3, max_lines=8, max_length=LONGEST + 1, elem_id="math-problem"
    )
    parts["words"] = _html("math-words")
    with gr.Row(elem_classes="buttons", elem_id="math-buttons"):
        parts["run"] = gr.Button("Solve", variant="primary", elem_id="math-run", scale=3, min_width=90)
        parts["cancel"] = gr.Button("Cancel", elem_id="math-cancel", scale=1, min_width=70)
    known = [(f"level {one.level}: {one.problem[:60]}…", one.problem) for one in shown_problems()]
    parts["examples"] = gr.Dropdown(
        known, value=view.problem if known else None, label="Or one of these", elem_id="math-examples"
    )
    settings["strategy"] = gr.Dropdown(strategies(), value=view.strategy, label="Strategy", elem_id="math-strategy")
    settings["n"] = slider("math", "n", "N of the search", view.n, 1, "Whole solutions in the end.", LIMITS)
    with gr.Row(elem_classes="buttons"):
        settings["reward"] = gr.Dropdown(
            guides(), value=view.reward, label="Judge of steps", allow_custom_value=True, min_width=116,
            info="Scores a step as it comes.", elem_id="math-reward",
        )  # fmt: skip
        settings["aggregation"] = gr.Dropdown(
            list(AGGREGATIONS), value=view.aggregation, label="Solution's score", min_width=116,
            info="Made of its steps' scores.", elem_id="math-aggregation",
        )  # fmt: skip
    settings["temperature"] = _slider("temperature", "Temperature", view.temperature, 0.05, "0 says the likeliest.")
    with gr.Accordion("More settings", open=False):
        settings["truth"] = gr.Textbox(
            view.truth,
            label="Right answer, if known",
            info="Shown to no model; of a plain sum it is worked out.",
            elem_id="math-truth",
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


def _beside(parts: dict[str, Any], settings: dict[str, Any], opening: MathView) -> None:
    heading("Another strategy on the same problem", "With as many tokens as the search above has spent.")
    with gr.Row(elem_classes="buttons bottom"):
        settings["other"] = gr.Dropdown(
            strategies(), value=opening.other, label="Strategy beside it", min_width=200, elem_id="math-other"
        )
        parts["compare"] = gr.Button("Compare", min_width=100, scale=0, elem_id="math-compare")
    parts["compared"] = _html("math-compared")
    parts["beside"] = _tree("math-beside")
    parts["beside_reading"] = _html("math-beside-reading")


def _take_away(parts: dict[str, Any]) -> None:
    heading("Take it with you", "Files carry the problem and the settings.")
    with gr.Row(elem_classes="buttons bottom"):
        choices = [(words, name) for name, (words, _) in export.FIGURES.items()]
        parts["figure"] = gr.Dropdown(choices, value="tree", label="Figure", min_width=160, elem_id="math-figure")
        parts["kind"] = gr.Dropdown(
            list(export.PICTURES), value="svg", label="As", min_width=90, elem_id="math-figure-kind"
        )
        parts["save_figure"] = gr.Button("Save the figure", min_width=120, elem_id="math-save-figure")
    parts |= take_away("math", export.KINDS, "this problem and these settings")
    with gr.Accordion("Copy as Python, or as a command", open=False):
        parts["script"] = python("", elem_id="math-python")
        parts["command"] = gr.Code(
            "", language="shell", interactive=False, show_label=False, buttons=["copy"],
            elem_id="math-command",
        )  # fmt: skip
