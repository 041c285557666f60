"""The section "Microscope": click a patch, and see its token's distributions reshape under the sliders."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from tts_playground import figures
from tts_playground.errors import BadInput
from tts_playground.pages.status import status
from tts_playground.pages.t2i import inspector
from tts_playground.pages.t2i.gallery_state import GalleryState
from tts_playground.pages.t2i.view_settings import view_of
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.events import GPU, LIGHT, QUIET
from tts_playground.ui.t2i.layout import T2iParts
from tts_playground.ui.widgets import PageState, heading

HELP = (
    "Every patch of an image is one token. Click a patch, then move temperature, CFG, top-p and top-k above: the bars"
    " reshape at once, and nothing is drawn."
)
HELLO = "Click on an image of the gallery (or take the best), then press “Look closer”."


@dataclass(frozen=True)
class Scope:
    """The section's components."""

    subject: gr.State
    """the ``scope.Subject`` that is looked at, or None"""
    load: gr.Button
    mode: gr.Radio
    picture: gr.Image
    bars: gr.Plot
    line: gr.HTML

    @property
    def shown(self) -> list[Any]:
        """What ``scope.panel`` fills."""
        return [self.picture, self.bars, self.line]


def build(p: T2iParts, tab: Any, is_open: Any) -> None:
    """Lay out and connect the section; ``is_open`` holds the name of the open one."""
    _connect(p, _laid_out(), tab, is_open)


def _laid_out() -> Scope:
    heading("Inside one token", HELP)
    subject = PageState(None)
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
                height=inspector.SIDE + 16,
                show_label=False,
                interactive=False,
                buttons=[],
                elem_id="t2i-scope",
            )
        with gr.Column(scale=1, min_width=320):
            bars = gr.Plot(figures.empty("Choose an image first."), show_label=False, elem_id="t2i-scope-bars")
            line = gr.HTML(status(HELLO), padding=False, elem_id="t2i-scope-status")
    return Scope(subject, load, mode, picture, bars, line)


def _panel(mine: inspector.Subject, mode: str, values: tuple[Any, ...]) -> tuple[Any, ...]:
    return inspector.panel(mine, view_of(*values), mode != "picture")


def _closer(look: GalleryState, chosen: int | None, mode: str, values: tuple[Any, ...]) -> tuple[Any, ...]:
    mine = inspector.Subject(look.view, look.marked(chosen))
    inspector.prepare(mine)
    return mine, *_panel(mine, mode, values)


@friendly
def _prepare(look: GalleryState, chosen: int | None, mode: str, *values: Any):
    if not look.shown:
        raise BadInput("There is no image yet; draw some first.")
    return _closer(look, chosen, mode, values)


@friendly
def _follow(look: GalleryState, chosen: int | None, name: str, mode: str, *values: Any):
    if name != "scope" or not look.shown or not inspector.is_quick(look.view):
        return (gr.skip(),) * 4
    return _closer(look, chosen, mode, values)


@friendly
def _click(mine: inspector.Subject | None, mode: str, event: gr.SelectData, *values: Any):
    if mine is None:
        return (gr.skip(),) * 4
    if not isinstance(event.index, (list, tuple)) or len(event.index) != 2:
        raise BadInput("The place of a click on a picture is two numbers, its column and its row.")
    x, y = event.index
    mine = replace(mine, position=inspector.clicked(mine, float(x), float(y)))
    return mine, *_panel(mine, mode, values)


@friendly
def _reshape(mine: inspector.Subject | None, mode: str, name: str, *values: Any):
    return (gr.skip(),) * 3 if mine is None or name != "scope" else _panel(mine, mode, values)


def _connect(p: T2iParts, s: Scope, tab: Any, is_open: Any) -> None:
    heavy: dict[str, Any] = {"show_progress": "minimal", "show_progress_on": s.line, **GPU, **QUIET}
    whole = [s.subject, *s.shown]
    s.load.click(_prepare, [p.look, p.chosen, s.mode, *p.values], whole, **heavy)
    following: dict[str, Any] = {"inputs": [p.look, p.chosen, is_open, s.mode, *p.values], "outputs": whole}
    p.chosen.change(_follow, **following, trigger_mode="always_last", **heavy)
    s.picture.select(_click, [s.subject, s.mode, *p.values], whole, **LIGHT, **QUIET)
    moved: dict[str, Any] = {"inputs": [s.subject, s.mode, is_open, *p.values], "outputs": s.shown}
    for control in (*(p.value(name) for name in ("temperature", "cfg", "top_p", "top_k")), s.mode):
        control.change(_reshape, **moved, trigger_mode="always_last", **LIGHT, **QUIET)
    tab.select(lambda: "scope", None, is_open, **LIGHT, **QUIET).then(_follow, **following, **heavy)
