"""The section "Reasoning steps as a tree": a search over the lines of a reply, and who went on from whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from tts_playground.experiments.comparison import BASELINE
from tts_playground.pages.menu import explained
from tts_playground.pages.status import status
from tts_playground.pages.vqa import step_search
from tts_playground.pages.vqa.view_settings import VqaView
from tts_playground.tasks.vqa_search import MOST
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.events import GPU, QUIET, cancels, waiting
from tts_playground.ui.widgets import copy_as_python, heading, said

HELP = (
    "A line of reasoning is a step. Replies are judged after every line: unpromising ones are dropped, promising ones"
    " go on in several ways. Picture, question and settings are the page's."
)


@dataclass(frozen=True)
class StepSearchParts:
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
    command: Any


def build() -> StepSearchParts:
    """Lay out the section."""
    heading("Reasoning steps as a tree", HELP)
    with gr.Row(elem_classes="buttons bottom"):
        strategy = gr.Dropdown(
            step_search.strategies(), value="beam", label="Search", min_width=180, elem_id="vqa-steps-strategy"
        )
        guide = gr.Dropdown(
            step_search.guides(), value="p_yes", label="Guided by", min_width=200, elem_id="vqa-steps-guide"
        )
        n = gr.Slider(1, MOST, 8, step=1, label="Whole replies", min_width=160, buttons=[], elem_id="vqa-steps-n")
        cancel = gr.Button("Cancel", min_width=90, scale=0, elem_id="vqa-steps-cancel")
        run = gr.Button("Search", variant="primary", min_width=120, scale=0, elem_id="vqa-steps-run")
    with gr.Accordion("What these searches do", open=False):
        gr.HTML(said(explained("vqa", without=(BASELINE,))), padding=False)
    line = gr.HTML("", padding=False, elem_id="vqa-steps-status")
    with gr.Row(elem_classes="main"):
        with gr.Column(scale=6, min_width=320):
            tree = gr.Plot(None, show_label=False, visible=False, elem_id="vqa-steps-tree")
        with gr.Column(scale=4, min_width=320):
            reading = gr.HTML(step_search.reading(None), padding=False, elem_id="vqa-steps-reading")
    script = copy_as_python(step_search.as_python(None, None), elem_id="vqa-steps-python")
    with gr.Accordion("Copy as a command", open=False):
        line_of_shell = gr.Code(
            step_search.as_command(None, None), language="shell", interactive=False, show_label=False,
            buttons=["copy"], max_lines=8, elem_id="vqa-steps-command",
        )  # fmt: skip
    return StepSearchParts(strategy, guide, n, run, cancel, line, tree, reading, script, line_of_shell)


def wire(
    board: StepSearchParts, picture: Any, settings: Sequence[Any], read: Callable[..., VqaView], cancel: Any
) -> None:
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
        yield status(f"{step_search.heading_of(strategy)} begins.", busy=True), *(gr.skip(),) * 4
        for found in step_search.search(picture, view, strategy, guide, n):
            copied = (step_search.as_python(found, view), step_search.as_command(found, view))
            tree = gr.Plot(step_search.tree(found), visible=True)
            line = step_search.headline(found) + step_search.made_of(found, view)
            yield line, tree, step_search.reading(found), *(copied if found.done else (gr.skip(), gr.skip()))

    given = [picture, board.strategy, board.guide, board.n, *settings]
    outputs = [board.line, board.tree, board.reading, board.script, board.command]
    event = board.run.click(run, given, outputs, **waiting(board.line), **GPU, **QUIET)
    cancels(
        [board.cancel, cancel], [event], [board.line], "Cancelled; the lines that came before are kept.", "Not searched"
    )
