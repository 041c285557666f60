"""The components of the sketch tab, in the order in which they stand on the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from tts_playground.pages.menu import strategies
from tts_playground.pages.sketch import editor, examples, results, strategy_comparison, tour
from tts_playground.pages.sketch.page_state import SketchPageState
from tts_playground.pages.sketch.render import compare
from tts_playground.pages.sketch.view_settings import LIMITS, ORDER, guides, samplers
from tts_playground.pages.status import status
from tts_playground.tasks.sketch import CANDIDATES, SketchSettings
from tts_playground.ui.first_open import later
from tts_playground.ui.linked_marks import linked
from tts_playground.ui.tour import card
from tts_playground.ui.widgets import (
    BOUNDS,
    FORMATS,
    DrawingCanvas,
    PageState,
    PictureInput,
    copy_as_command,
    copy_as_python,
    heading,
    held,
    said,
    slider,
    take_away,
    thumbs,
    upload,
)

HELLO = "Draw, upload a picture or pick an example; then press “Find the program”."

READ = {"filled": "Fill", "lines": "Keep lines", "inverted": "Invert", "cropped": "Crop"}
"""buttons that read the drawing in another way, by name"""


@dataclass(frozen=True)
class SketchParts:
    """What the handlers read and write."""

    canvas: Any
    held: Any
    """the drawing as it was last read, unseen; handlers read this and never the canvas"""
    upload: Any
    address: Any
    """not shown: what the page's address says of the drawing"""
    pasted: Any
    """not shown: takes what is pasted anywhere on the tab"""
    examples: Any
    loaded: Any
    """how to read what was put on the canvas"""
    drawn: Any
    """the drawing that edits are compared with: None, or a SketchTask"""
    work: Any
    settings: list[Any]
    """in the order of ``view_settings.ORDER``"""
    n: Any
    run: Any
    cancel: Any
    clear: Any
    status: Any
    panel: Any
    filled: Any
    lines: Any
    inverted: Any
    cropped: Any
    program: Any
    complaint: Any
    gallery: Any
    curve: Any
    reading: Any
    pool: Any
    opened: Any
    contest: Any
    contest_stop: Any
    contest_axis: Any
    contest_names: Any
    contest_figure: Any
    contest_state: Any
    contest_status: Any
    files: dict[str, Any]
    file: Any
    script: Any
    command: Any
    link: Any
    link_text: Any
    results: Any
    """the column in which "Learn" goes on"""
    links: Any
    """what lights marks that belong together"""
    linking: Any
    """not seen: says which candidates a point of the curve is about"""
    tour: dict[str, Any]
    tour_note: Any

    @property
    def closeness(self) -> Any:
        """The slider "shorter - closer"."""
        return self.settings[ORDER.index("closeness")]


def build(starters: dict[str, SketchPageState], opening: SketchPageState | None) -> SketchParts:
    """Lay the tab out, opened on a starter pool."""
    ink, loaded = (None, None) if opening is None else examples.load(examples.picture(opening.title))
    parts: dict[str, Any] = {
        "loaded": PageState(loaded),
        "work": PageState(opening),
        "drawn": PageState(None if opening is None else opening.task),
        "contest_state": PageState(None),
        "file": gr.Textbox(visible=False),
        "address": gr.Textbox("", visible=False),
    }
    _tour(parts)
    with gr.Row(elem_classes="main bench", elem_id="sketch-bench"):
        # a fixed width: the canvas measures itself once, while the page is still settling
        with gr.Column(scale=0, min_width=300, elem_classes="controls", elem_id="sketch-controls"):
            _canvas(parts, ink)
            _sources(parts)
            _settings(parts)
        with gr.Column(scale=1, min_width=300, elem_classes="results", elem_id="sketch-results") as results_column:
            parts["reading"] = gr.HTML(results.reading(opening, CANDIDATES), elem_id="sketch-reading", padding=False)
            with gr.Row(elem_classes="stage"):
                with gr.Column(scale=5, min_width=280, elem_id="sketch-found"):
                    _output(parts, opening)
                with gr.Column(scale=6, min_width=280, elem_id="sketch-worth"):
                    parts["settings"][ORDER.index("n")] = parts["n"] = _slider(
                        "n", "N: programs; the best is kept", CANDIDATES, 1, ""
                    )
                    parts["curve"] = gr.Plot(
                        results.figure(opening, CANDIDATES), show_label=False, elem_id="sketch-curve"
                    )
                    _candidates(parts, opening)
                    _pools(parts, starters, opening)
            _program(parts, opening)
            _contest(parts)
            hint = "# Run a search first; the script that repeats it then stands here."
            parts["script"] = copy_as_python(hint, elem_id="sketch-python")
            line = editor.as_command(opening)
            script = parts["script"]
            parts["command"] = copy_as_command(script, parts["work"], editor.as_command, line, elem_id="sketch-command")
    parts["results"] = results_column
    parts["links"] = linked("sketch")
    return SketchParts(**parts)


def _tour(parts: dict[str, Any]) -> None:
    with gr.Column(elem_id="sketch-tour", elem_classes="tour-bar"):
        parts["tour"] = {}
        for stops, later in ((tour.STOPS, []), (tour.REFLECTIONS, ["tour-later"])):
            with gr.Row(elem_classes=["tour", *later]):
                parts["tour"] |= {stop.key: _question(stop.key, stop.title) for stop in stops}
        parts["tour_note"] = card(next(iter(tour.tour_cards().values())))


def _question(key: str, title: str) -> gr.Button:
    return gr.Button(title, size="sm", min_width=60, scale=0, elem_id=f"sketch-tour-{key}")


def _canvas(parts: dict[str, Any], ink: Any) -> None:
    canvas = DrawingCanvas(
        value=examples.layers(None),  # type: ignore[arg-type] - gradio's hint knows no dictionaries
        type="numpy",
        image_mode="RGBA",
        sources=(),
        layers=False,
        transforms=(),
        canvas_size=(examples.SIDE, examples.SIDE),
        fixed_canvas=True,
        brush=gr.Brush(default_size=4, colors=["#000"], color_mode="fixed"),
        eraser=gr.Eraser(default_size=12),
        buttons=[],
        label="Draw in black",
        elem_id="sketch-canvas",
        height=330,
    )
    # with what shows it, and not from the start: a link's drawing would come while this one is still being loaded
    parts["canvas"] = canvas if ink is None else later(canvas, lambda: examples.layers(ink))
    parts["held"] = held(parts["canvas"])
    with gr.Row(elem_classes="buttons actions"):
        parts["run"] = gr.Button("Find the program", variant="primary", elem_id="sketch-run", scale=3, min_width=140)
        parts["cancel"] = gr.Button("Cancel", elem_id="sketch-cancel", scale=1, min_width=60)
        parts["clear"] = gr.Button("Clear", elem_id="sketch-clear", scale=1, min_width=60)


def _sources(parts: dict[str, Any]) -> None:
    gr.HTML(said("Examples; some are drawn by hand."), padding=False)
    shown = [(examples.picture(name), name) for name in examples.names()]
    parts["examples"] = thumbs(shown, elem_id="sketch-examples", columns=5, height="auto")
    parts["pasted"] = PictureInput(
        type="pil", sources=["upload"], image_mode=None, label="pasted", visible="hidden", elem_id="sketch-pasted"
    )
    with gr.Accordion("Upload or paste a picture", open=False, elem_id="sketch-upload-box"):
        gr.HTML(said(f"{FORMATS}, {BOUNDS}; a photo of a marker on paper is fine."), padding=False)
        parts["upload"] = upload("Picture", height=190, elem_id="sketch-upload")


def _settings(parts: dict[str, Any]) -> None:
    default = SketchSettings()
    strategy = gr.Dropdown(
        strategies("sketch"),
        value=default.strategy,
        label="Strategy",
        info="How the search spends its tries.",
        elem_id="sketch-strategy",
    )
    sampler = gr.Dropdown(
        samplers(local=False),
        value=default.sampler,
        label="Sampler",
        info="Who proposes programs. Searches that build shape by shape, such as beam, need “proposal”.",
        elem_id="sketch-sampler",
    )
    with gr.Accordion("More settings", open=False):
        temperature = _slider(
            "temperature", "Temperature", default.temperature, 0.05, "0 always proposes the best shape; 1 varies more."
        )
        outline = gr.Dropdown(
            [
                ("auto: fill what a hand drew", "auto"),
                ("fill thin closed loops", "fill"),
                ("keep them as lines", "keep"),
            ],
            value=default.outline,
            label="Outlines",
            info="People who draw an outline mostly mean the shape.",
            elem_id="sketch-outline",
        )
        seconds = _slider(
            "seconds",
            "Time limit (s)",
            0.0,
            0.1,
            "0: the default budget of renders, the same on a busy server.",
        )
        seed = gr.Number(
            default.seed, label="Seed", info="Same seed, same result.", precision=0, minimum=0, elem_id="sketch-seed"
        )
        reward = gr.Dropdown(
            guides(),
            value=default.reward,
            label="Reward",
            info="What guides the search. Score and curve are those of “shorter – closer”.",
            elem_id="sketch-reward",
        )
        invert = gr.Dropdown(
            [("auto: told by the picture", "auto"), ("light on dark", "yes"), ("dark on light", "no")],
            value="auto",
            label="Ink and paper",
            info="What is drawn is darker than its paper, or lighter.",
            elem_id="sketch-invert",
        )
        crop = gr.Checkbox(
            default.crop, label="Crop", info="The drawing takes up the whole canvas.", elem_id="sketch-crop"
        )
    parts["settings"] = [strategy, None, temperature, seed, outline, seconds, sampler, reward, invert, crop]
    parts["settings"] += [None]  # N and "shorter - closer" stand at what they move


def _slider(name: str, label: str, value: float, step: float, info: str) -> Any:
    return slider("sketch", name, label, value, step, info, LIMITS)


def _output(parts: dict[str, Any], opening: SketchPageState | None) -> None:
    shown = (None, None) if opening is None else (opening.task, opening.program)
    parts["panel"] = gr.HTML(compare(*shown), elem_id="sketch-panel", padding=False)
    parts["settings"][ORDER.index("closeness")] = _slider(
        "closeness",
        "Shorter – closer",
        SketchSettings().closeness,
        0.05,
        "0: few shapes; 1: as close as it gets.",
    )
    parts["status"] = gr.HTML(status(HELLO), elem_id="sketch-status", padding=False)
    with gr.Row(elem_classes="buttons", elem_id="sketch-read"):
        for name, label in READ.items():
            parts[name] = gr.Button(label, size="sm", min_width=60, elem_id=f"sketch-read-{name}")


def _program(parts: dict[str, Any], opening: SketchPageState | None) -> None:
    parts["program"] = gr.Textbox(
        "" if opening is None else str(opening.program),
        label="Program: edit it here",
        info="(Circle radius x y) · (Quad x y width height angle) · (+ a b) joins · (- a b) cuts · 16 × 16 units, y up",
        lines=2,
        max_lines=12,
        max_length=40_000,
        autoscroll=False,
        buttons=["copy"],
        elem_id="sketch-program",
    )
    parts["complaint"] = gr.HTML("", elem_id="sketch-complaint", padding=False)
    kinds = {"txt": "Text", "svg": "SVG", "png": "PNG"}
    parts |= take_away("sketch", kinds, "these settings and this program")


def _candidates(parts: dict[str, Any], opening: SketchPageState | None) -> None:
    parts["gallery"] = thumbs(results.gallery(opening), elem_id="sketch-gallery", columns=8, height="auto")
    about = said("Candidates, best first: rank and score. Point at one, or at a point of the curve.")
    gr.HTML(about, padding=False)
    parts["linking"] = gr.HTML(results.links(opening), elem_id="sketch-linking", elem_classes="unseen", padding=False)


def _pools(parts: dict[str, Any], starters: dict[str, SketchPageState], opening: SketchPageState | None) -> None:
    with gr.Row(elem_classes="buttons bottom"):
        parts["opened"] = gr.Dropdown(
            list(starters),
            value=None if opening is None else opening.title,
            label="Ready-made pool",
            visible=bool(starters),
            min_width=160,
            elem_id="sketch-opened",
        )
        parts["pool"] = gr.Button("Draw a pool of N for this drawing", min_width=140, elem_id="sketch-pool", size="sm")


def _contest(parts: dict[str, Any]) -> None:
    heading(
        "Strategies at equal cost", "On the drawing above: does a cleverer search beat more draws? Equal in candidates."
    )
    parts["contest_names"] = gr.CheckboxGroup(
        strategy_comparison.offered(),
        value=list(strategy_comparison.USUAL),
        label="Strategies",
        info="Those that the sampler cannot run are left out.",
        elem_id="sketch-contest-strategies",
    )
    with gr.Row(elem_classes="buttons bottom"):
        parts["contest_axis"] = gr.Radio(
            [("candidates", "n"), ("renders", "renders"), ("seconds", "seconds")],
            value=strategy_comparison.AXES[0],
            label="Cost axis",
            min_width=290,
            elem_id="sketch-contest-axis",
        )
        parts["contest"] = gr.Button("Compare on this drawing", min_width=160, elem_id="sketch-contest")
        parts["contest_stop"] = gr.Button("Stop", scale=0, min_width=80, elem_id="sketch-contest-stop")
    parts["contest_figure"] = gr.Plot(
        strategy_comparison.figure(None, "n"), show_label=False, elem_id="sketch-contest-figure"
    )
    parts["contest_status"] = gr.HTML(status(strategy_comparison.HELP), padding=False, elem_id="sketch-contest-status")
