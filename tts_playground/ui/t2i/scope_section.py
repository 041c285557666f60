"""The section "Microscope": click a patch, and see its token's distributions reshape under the sliders."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gradio as gr

from tts_playground.errors import BadInput
from tts_playground.runs import figures
from tts_playground.ui.events import GPU, LIGHT, QUIET
from tts_playground.ui.faults import friendly
from tts_playground.ui.status import status
from tts_playground.ui.t2i import scope
from tts_playground.ui.t2i.choices import view_of
from tts_playground.ui.t2i.layout import Parts
from tts_playground.ui.t2i.look import Look
from tts_playground.ui.widgets import heading

HELP = (
    "Every patch of an image is one token. Click a patch, then move temperature, CFG, top-p and top-k above: the bars"
    " reshape at once, and nothing is drawn."
)
HELLO = "Click on an image of the gallery (or take the best), then press “Look closer”."


def build(p: Parts, tab: Any, is_open: Any) -> None:
    """Lay out and connect the section; ``is_open`` holds the name of the open one."""
    heading("Inside one token", HELP)
    subject = gr.State(None)
    with gr.Row(elem_classes="buttons bottom"):
        load = gr.Button("Look closer", variant="primary", min_width=140, scale=0, elem_id="t2i-look-closer")
        mode = gr.Radio(
            ["picture", "entropy map"], value="picture", label="Shown", min_width=220, elem_id="t2i-scope-mode"
        )
    with gr.Row(elem_classes="main"):
        with gr.Column(scale=0, min_width=400):
            picture = gr.Image(
                None,
                type="pil",
                format="png",
                height=scope.SIDE + 16,
                show_label=False,
                interactive=False,
                buttons=[],
                elem_id="t2i-scope",
            )
        with gr.Column(scale=1, min_width=320):
            bars = gr.Plot(figures.empty("Choose an image first."), show_label=False, elem_id="t2i-scope-bars")
            line = gr.HTML(status(HELLO), padding=False, elem_id="t2i-scope-status")
    shown = [picture, bars, line]

    def closer(look: Look, chosen: int | None, mode: str, values: tuple[Any, ...]):
        mine = scope.Subject(look.view, look.marked(chosen))
        scope.prepare(mine)
        return mine, *scope.panel(mine, view_of(*values), mode != "picture")

    @friendly
    def prepare(look: Look, chosen: int | None, mode: str, *values: Any):
        if not look.shown:
            raise BadInput("There is no image yet; draw some first.")
        return closer(look, chosen, mode, values)

    @friendly
    def follow(look: Look, chosen: int | None, name: str, mode: str, *values: Any):
        if name != "scope" or not look.shown or not scope.is_quick(look.view):
            return (gr.skip(),) * 4
        return closer(look, chosen, mode, values)

    @friendly
    def click(mine: scope.Subject | None, mode: str, event: gr.SelectData, *values: Any):
        if mine is None:
            return gr.skip(), *[gr.skip()] * 3
        x, y = event.index  # type: ignore[misc]
        mine = replace(mine, position=scope.clicked(mine, float(x), float(y)))
        return mine, *scope.panel(mine, view_of(*values), mode != "picture")

    @friendly
    def reshape(mine: scope.Subject | None, mode: str, name: str, *values: Any):
        if mine is None or name != "scope":
            return (gr.skip(),) * 3
        return scope.panel(mine, view_of(*values), mode != "picture")

    heavy = {"show_progress": "minimal", "show_progress_on": line, **GPU, **QUIET}
    load.click(prepare, [p.look, p.chosen, mode, *p.values], [subject, *shown], **heavy)
    following: dict[str, Any] = {"inputs": [p.look, p.chosen, is_open, mode, *p.values], "outputs": [subject, *shown]}
    p.chosen.change(follow, **following, trigger_mode="always_last", **heavy)
    picture.select(click, [subject, mode, *p.values], [subject, *shown], **LIGHT, **QUIET)
    quick = {"trigger_mode": "always_last", **LIGHT, **QUIET}
    for name in ("temperature", "cfg", "top_p", "top_k"):
        p.value(name).change(reshape, [subject, mode, is_open, *p.values], shown, **quick)
    mode.change(reshape, [subject, mode, is_open, *p.values], shown, **quick)
    tab.select(lambda: "scope", None, is_open, **LIGHT, **QUIET).then(follow, **following, **heavy)
