"""The section "Microscope": click a patch, and see its token's distributions reshape under the sliders."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from tts_playground import figures
from tts_playground.errors import BadInput
from tts_playground.pages.made import made
from tts_playground.pages.status import status
from tts_playground.pages.t2i import inspector, render
from tts_playground.pages.t2i.gallery_state import GalleryState
from tts_playground.pages.t2i.view_settings import LIMITS, T2iView, coerce_view
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.events import GPU, LIGHT, QUIET, follows
from tts_playground.ui.t2i.layout import T2iParts
from tts_playground.ui.widgets import PageState, heading, slider

HELP = "Click a patch, then move the sliders beside it: the bars reshape at once, and nothing is drawn."
HELLO = "Click an image of the gallery, or take the best; then press “Look closer”."
KNOBS = (("temperature", "Temperature", 0.05), ("cfg", "CFG: guidance", 0.5), ("top_p", "Top-p", 0.01))
"""the section's own sliders: they reshape the bars and draw nothing"""


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
    knobs: list[Any]
    """the section's own temperature, CFG and top-p"""

    @property
    def shown(self) -> list[Any]:
        """What ``scope.panel`` fills."""
        return [self.picture, self.bars, self.line]

    @property
    def whole(self) -> list[Any]:
        """What another image fills."""
        return [self.subject, *self.shown, *self.knobs]


def build(p: T2iParts, tab: Any, is_open: Any, view: T2iView) -> None:
    """Lay out and connect the section; ``is_open`` holds the name of the open one."""
    _connect(p, _laid_out(view), tab, is_open)


def _laid_out(view: T2iView) -> Scope:
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
        with gr.Column(scale=1, min_width=280):
            with gr.Row(elem_classes="buttons"):
                knobs = [
                    slider("t2i-scope", name, label, getattr(view, name), step, "", LIMITS)
                    for name, label, step in KNOBS
                ]
            bars = gr.Plot(figures.empty("Choose an image first."), show_label=False, elem_id="t2i-scope-bars")
            line = gr.HTML(status(HELLO), padding=False, elem_id="t2i-scope-status")
    return Scope(subject, load, mode, picture, bars, line, knobs)


def _panel(mine: inspector.Subject, mode: str, knobs: tuple[Any, ...]) -> tuple[Any, ...]:
    given = dict(zip((name for name, *_ in KNOBS), knobs, strict=True))
    asked = coerce_view({"model": mine.view.model, **given})
    view = replace(mine.view, **{name: getattr(asked, name) for name in given})
    picture, bars, line = inspector.panel(mine, view, mode != "picture")
    # another prompt may be drawn while this image stays under the microscope
    made_of = made("t2i", render.drawn_with(mine.view), render.settings_of(mine.view), part="t2i-scope")
    return picture, bars, line + made_of


def _closer(look: GalleryState, chosen: int | None, mode: str) -> tuple[Any, ...]:
    """Another image, at the patch about which the model was least decided, under the settings it was drawn with."""
    mine = inspector.Subject(look.view, look.marked(chosen))
    inspector.prepare(mine)
    mine, knobs = inspector.undecided(mine), tuple(getattr(look.view, name) for name, *_ in KNOBS)
    return mine, *_panel(mine, mode, knobs), *knobs


@friendly
def _prepare(look: GalleryState, chosen: int | None, mode: str):
    if not look.shown:
        raise BadInput("There is no image yet; draw some first.")
    return _closer(look, chosen, mode)


@friendly
def _follow(look: GalleryState, chosen: int | None, name: str, mode: str):
    if name != "scope" or not look.shown or not inspector.is_quick(look.view):
        return (gr.skip(),) * (4 + len(KNOBS))
    return _closer(look, chosen, mode)


@friendly
def _click(mine: inspector.Subject | None, event: gr.SelectData):
    if mine is None:
        return gr.skip()
    if not isinstance(event.index, (list, tuple)) or len(event.index) != 2:
        raise BadInput("The place of a click on a picture is two numbers, its column and its row.")
    x, y = event.index
    return replace(mine, position=inspector.clicked(mine, float(x), float(y)))


@friendly
def _reshape(mine: inspector.Subject | None, mode: str, *knobs: Any):
    return (gr.skip(),) * 3 if mine is None else _panel(mine, mode, knobs)


def _connect(p: T2iParts, s: Scope, tab: Any, is_open: Any) -> None:
    heavy: dict[str, Any] = {"show_progress": "minimal", "show_progress_on": s.line, **GPU, **QUIET}
    s.load.click(_prepare, [p.look, p.chosen, s.mode], s.whole, **heavy)
    following: dict[str, Any] = {"inputs": [p.look, p.chosen, is_open, s.mode], "outputs": s.whole}
    p.chosen.change(_follow, **following, trigger_mode="always_last", **heavy)
    # a click only says where: were it to draw as well, a slider's answer that is under way would draw over it
    s.picture.select(_click, s.subject, s.subject, **LIGHT, **QUIET)
    moved: dict[str, Any] = {"inputs": [s.subject, s.mode, *s.knobs], "outputs": s.shown}
    follows([part.change for part in (s.subject, s.mode, *s.knobs)], _reshape, **moved)
    tab.select(lambda: "scope", None, is_open, **LIGHT, **QUIET).then(_follow, **following, **heavy)
