"""The section "Beyond best-of-N": strategies at equal cost, and the trace of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from tts_playground.experiments.comparison import BASELINE, comparable
from tts_playground.pages.made import made
from tts_playground.pages.menu import explained
from tts_playground.pages.percent import share
from tts_playground.pages.status import status
from tts_playground.pages.strategy_names import title
from tts_playground.pages.t2i import render, reward_choice, strategy_comparison
from tts_playground.pages.t2i.gallery_state import GalleryState
from tts_playground.pages.t2i.view_settings import T2iView
from tts_playground.tasks.image_rewards import share_weights
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.events import GPU, LIGHT, QUIET, cancels, follows, is_local
from tts_playground.ui.t2i.callbacks import view_from
from tts_playground.ui.t2i.layout import T2iParts
from tts_playground.ui.widgets import PageState, heading, said

COSTS = [("tokens", "tokens"), ("reward calls", "verifier_calls"), ("images", "n"), ("seconds", "seconds")]


@dataclass(frozen=True)
class ComparisonParts:
    """The section's components."""

    state: Any
    names: Any
    judge: Any
    run: Any
    cancel: Any
    line: Any
    axis: Any
    figure: Any
    which: Any
    tree: Any


def build(p: T2iParts, opening: GalleryState, tab: Any, is_open: Any) -> Any:
    """Lay out and connect the section; ``is_open`` holds the name of the open one. Returns the comparison's state."""
    heading("Does a cleverer search beat more draws?", strategy_comparison.HELP)
    board = _layout(opening)
    _wire(p, board)
    _opening(p, board, tab, is_open)
    return board.state


def _layout(opening: GalleryState) -> ComparisonParts:
    may, all_of_them = _named(strategy_comparison.judges(opening.view.reward)), _titled(comparable("t2i"))
    first_judge = may[0][1] if may else None
    with gr.Row(elem_classes="buttons bottom"):
        first = ["parm", "suffix"]
        names = gr.CheckboxGroup(all_of_them, value=first, label="Strategies", elem_id="t2i-strategies", min_width=330)
        judge = gr.Dropdown(
            may, value=first_judge, label="Judge", min_width=180, allow_custom_value=True, elem_id="t2i-judge"
        )
        cancel = gr.Button("Cancel", min_width=90, scale=0, elem_id="t2i-compare-cancel")
        run = gr.Button("Compare", variant="primary", min_width=140, scale=0, elem_id="t2i-compare")
    with gr.Accordion("What these searches do", open=False):
        gr.HTML(said(explained("t2i", without=(BASELINE,))), padding=False)
    line = gr.HTML("", padding=False, elem_id="t2i-compare-status")
    with gr.Row(elem_classes="main"):
        with gr.Column(scale=5, min_width=320):
            axis = gr.Radio(COSTS, value="tokens", label="Cost axis", elem_id="t2i-compare-axis")
            shown = strategy_comparison.figure(None, "tokens", opening, first_judge)
            figure = gr.Plot(shown, show_label=False, elem_id="t2i-compare-figure")
        with gr.Column(scale=5, min_width=320):
            of = _titled(first[:1])
            which = gr.Radio(of, value=first[0], label="Trace of", visible=False, elem_id="t2i-trace-of")
            tree = gr.Plot(None, show_label=False, visible=False, elem_id="t2i-trace")
    return ComparisonParts(PageState(None), names, judge, run, cancel, line, axis, figure, which, tree)


def _wire(p: T2iParts, b: ComparisonParts) -> None:
    @friendly
    def compare(names: list[str], judge: str, axis: str, request: gr.Request, *values: Any) -> Iterator[Any]:
        last = None
        measure = reward_choice.chosen(judge or "", is_local(request))
        view = view_from(request, values)
        for found in strategy_comparison.run(view, measure, names):
            if last is not None and found.state.doing == last.state.doing:
                yield (gr.skip(),) * 5  # a cancel, or a page that closes, gets through here
                continue
            yield _shown(found, last, axis, view)
            last = found

    heavy = {"show_progress": "minimal", "show_progress_on": b.line, **GPU, **QUIET}
    outputs = [b.state, b.line, b.figure, b.which, b.tree]
    event = b.run.click(compare, [b.names, b.judge, b.axis, *p.values], outputs, **heavy)
    event.success(strategy_comparison.tree, [b.state, b.which], b.tree, **LIGHT, **QUIET)
    cancels([p.cancel, b.cancel], [event], [b.line], "Cancelled; the points that were finished stay.", "Not compared")
    b.axis.change(strategy_comparison.figure, [b.state, b.axis, p.look, b.judge], b.figure, **LIGHT, **QUIET)
    b.which.input(strategy_comparison.tree, [b.state, b.which], b.tree, **LIGHT, **QUIET)

    @friendly
    def follow(reward: str, now: str):
        if (guide := reward_choice.known(reward)) is None:
            return gr.skip()  # whoever shows the images says why
        fine = strategy_comparison.judges(guide)
        typed = reward_choice.known(now)
        keeps = typed is not None and not share_weights(typed, guide)
        return gr.Dropdown(_named(fine), value=now if keeps else (fine[0] if fine else None))

    p.value("reward").change(follow, [p.value("reward"), b.judge], b.judge, **LIGHT, **QUIET)


def _opening(p: T2iParts, b: ComparisonParts, tab: Any, is_open: Any) -> None:
    """Before a comparison the figure shows the line of the images in view, and follows them while it is open."""

    def glance(found: strategy_comparison.Beyond | None, axis: str, look: GalleryState, judge: str | None, name: str):
        return strategy_comparison.figure(None, axis, look, judge) if found is None and name == "beyond" else gr.skip()

    given = [b.state, b.axis, p.look, b.judge, is_open]
    tab.select(lambda: "beyond", None, is_open, **LIGHT, **QUIET).then(glance, given, b.figure, **LIGHT, **QUIET)
    follows([p.look.change, b.judge.change], glance, given, b.figure)


def _titled(strategies: Sequence[str]) -> list[tuple[str, str]]:
    return [(title(name), name) for name in strategies]


def _named(rewards: list[str]) -> list[tuple[str, str]]:
    return [(render.measure(name), name) for name in rewards]


def _shown(
    found: strategy_comparison.Beyond, last: strategy_comparison.Beyond | None, axis: str, view: T2iView
) -> tuple[Any, ...]:
    """(state, status, figure, strategies that ran, trace): what is drawn again only when a piece is finished.

    The trace opens on the first strategy that has run; which one is looked at is then the person's choice.
    """
    doing = found.state.doing
    said = f"{share(found.state.done)}: {doing}" if doing else strategy_comparison.verdict(found)
    of = render.settings_of(view) | {"reward": view.reward}
    line = status(said, busy=bool(doing)) + made("t2i", render.drawn_with(view), of, part="t2i-compare")
    if doing and last is not None and len(found.state.points) == len(last.state.points):
        return gr.skip(), line, gr.skip(), gr.skip(), gr.skip()
    labels, figure = found.labels, strategy_comparison.figure(found, axis)
    ran = _titled(labels)
    if not labels:
        return found, line, figure, gr.skip(), gr.skip()
    if last is None or not last.labels:
        tree = gr.Plot(strategy_comparison.tree(found, labels[0]), visible=True)
        return found, line, figure, gr.Radio(ran, value=labels[0], visible=True), tree
    return found, line, figure, gr.Radio(ran), gr.skip()
