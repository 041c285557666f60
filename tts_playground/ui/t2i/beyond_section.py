"""The section "Beyond best-of-N": strategies at equal cost, and the trace of one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from tts_playground.ui.faults import friendly
from tts_playground.ui.status import status
from tts_playground.ui.t2i import beyond, show
from tts_playground.ui.t2i.choices import View
from tts_playground.ui.t2i.layout import Parts, heading
from tts_playground.ui.t2i.wiring import GPU, LIGHT, QUIET, view_from


def build(p: Parts, view: View) -> None:
    """Lay out and connect the section."""
    heading("Does a cleverer search beat more draws?", beyond.HELP)
    state = gr.State(None)
    may = [(show.measure(name), name) for name in beyond.judges(view.reward)]
    with gr.Row(elem_classes="buttons bottom"):
        names = gr.CheckboxGroup(
            list(beyond.STRATEGIES),
            value=["parm", "suffix"],
            label="Strategies",
            elem_id="t2i-strategies",
            min_width=330,
        )
        judge = gr.Dropdown(may, value=may[0][1] if may else None, label="Judge", min_width=180, elem_id="t2i-judge")
        run = gr.Button("Compare", variant="primary", min_width=120, elem_id="t2i-compare")
    lines = "".join(f"<b>{name}</b> {what}. " for name, what in beyond.STRATEGIES.items())
    gr.HTML(f"<p class='what'>{lines}</p>", padding=False)
    line = gr.HTML("", padding=False, elem_id="t2i-compare-status")
    with gr.Row(elem_classes="main"):
        with gr.Column(scale=5, min_width=320):
            axis = gr.Radio(
                [("tokens", "tokens"), ("reward calls", "verifier_calls"), ("images", "n"), ("seconds", "seconds")],
                value="tokens",
                label="Cost axis",
                elem_id="t2i-compare-axis",
            )
            figure = gr.Plot(beyond.figure(None, "tokens"), show_label=False, elem_id="t2i-compare-figure")
        with gr.Column(scale=5, min_width=320):
            which = gr.Radio(["parm"], value="parm", label="Trace of", elem_id="t2i-trace-of")
            tree = gr.Plot(beyond.tree(None, None), show_label=False, elem_id="t2i-trace")

    @friendly
    def compare(names: list[str], judge: str, axis: str, request: gr.Request, *values: Any) -> Iterator[Any]:
        view, last = view_from(request, values), None
        for found in beyond.run(view, judge, names):
            if last is not None and found.state.doing == last.state.doing and found.state.doing:
                yield (gr.skip(),) * 5
                continue
            new = last is None or len(found.state.points) != len(last.state.points) or not found.state.doing
            last = found
            words = f"{found.state.done:.0%}: {found.state.doing}" if found.state.doing else "Done."
            tail = [gr.skip()] * 3
            if new and found.labels:
                chosen = gr.Radio(found.labels, value=found.labels[-1])
                tail = [beyond.figure(found, axis), chosen, beyond.tree(found, found.labels[-1])]
            elif new:
                tail = [beyond.figure(found, axis), gr.skip(), gr.skip()]
            kept = found if new else gr.skip()
            yield kept, status(words, busy=bool(found.state.doing)), *tail

    heavy = {"show_progress": "minimal", "show_progress_on": line, **GPU, **QUIET}
    event = run.click(compare, [names, judge, axis, *p.values], [state, line, figure, which, tree], **heavy)
    p.cancel.click(None, cancels=[event])
    axis.change(beyond.figure, [state, axis], figure, **LIGHT, **QUIET)
    which.input(beyond.tree, [state, which], tree, **LIGHT, **QUIET)

    @friendly
    def follow(reward: str, now: str):
        fine = beyond.judges(reward)
        shown = [(show.measure(name), name) for name in fine]
        return gr.Dropdown(shown, value=now if now in fine else (fine[0] if fine else None))

    p.value("reward").change(follow, [p.value("reward"), judge], judge, **LIGHT, **QUIET)
