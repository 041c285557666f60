"""The section "Reasoning steps as a tree": a search over the lines of a reply, and who went on from whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from tts_playground.runs.comparison import BASELINE
from tts_playground.tasks.vqa_search import MOST
from tts_playground.ui.events import GPU, QUIET, cancels
from tts_playground.ui.faults import friendly
from tts_playground.ui.menu import explained
from tts_playground.ui.status import status
from tts_playground.ui.vqa import steps
from tts_playground.ui.vqa.choices import View
from tts_playground.ui.widgets import copy_as_python, heading

HELP = (
    "A line of reasoning is a step: unfinished replies are judged after every line, unpromising ones are dropped, and"
    " promising ones go on in several ways. Picture, question and settings are those above."
)


@dataclass(frozen=True)
class Board:
    """The section's components."""

    strategy: Any
    guide: Any
    n: Any
    run: Any
    cancel: Any
    line: Any
    tree: Any
    reading: Any
    script: Any


def build() -> Board:
    """Lay out the section."""
    heading("Reasoning steps as a tree", HELP)
    with gr.Row(elem_classes="buttons bottom"):
        strategy = gr.Dropdown(
            steps.strategies(), value="beam", label="Search", min_width=180, elem_id="vqa-steps-strategy"
        )
        guide = gr.Dropdown(steps.guides(), value="p_yes", label="Guided by", min_width=200, elem_id="vqa-steps-guide")
        n = gr.Slider(1, MOST, 8, step=1, label="Whole replies", min_width=160, buttons=[], elem_id="vqa-steps-n")
        cancel = gr.Button("Cancel", min_width=90, scale=0, elem_id="vqa-steps-cancel")
        run = gr.Button("Search", variant="primary", min_width=120, scale=0, elem_id="vqa-steps-run")
    about = explained("vqa", without=(BASELINE,))
    gr.HTML(f"<p class='what'>{about}</p>", padding=False)
    line = gr.HTML("", padding=False, elem_id="vqa-steps-status")
    with gr.Row(elem_classes="main"):
        with gr.Column(scale=6, min_width=320):
            tree = gr.Plot(steps.tree(None), show_label=False, elem_id="vqa-steps-tree")
        with gr.Column(scale=4, min_width=320):
            reading = gr.HTML(steps.reading(None), padding=False, elem_id="vqa-steps-reading")
    script = copy_as_python(steps.as_python(None, None), elem_id="vqa-steps-python")
    return Board(strategy, guide, n, run, cancel, line, tree, reading, script)


def wire(board: Board, picture: Any, settings: Sequence[Any], read: Callable[..., View], cancel: Any) -> None:
    """Connect the section.

    Args:
        settings: the tab's components. read: a request and their values to a view that this server may serve.
        cancel: the tab's button, which ends this too.
    """

    @friendly
    def run(
        picture: Any, strategy: str, guide: str, n: float, request: gr.Request, *values: Any
    ) -> Iterator[tuple[Any, ...]]:
        view = read(request, values)
        yield status(f"{steps.heading_of(strategy)} begins.", busy=True), *(gr.skip(),) * 3
        for found in steps.search(picture, view, strategy, guide, n):
            script = steps.as_python(found, view) if found.done else gr.skip()
            yield steps.headline(found), steps.tree(found), steps.reading(found), script

    given = [picture, board.strategy, board.guide, board.n, *settings]
    outputs = [board.line, board.tree, board.reading, board.script]
    event = board.run.click(run, given, outputs, show_progress="hidden", **GPU, **QUIET)
    cancels([board.cancel, cancel], [event], [board.line], "Cancelled; the lines that came before are kept.")
