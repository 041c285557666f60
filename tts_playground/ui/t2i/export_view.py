"""The section "Download": files, a script and a link that bring the images back; drop a picture in, too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gradio as gr

from tts_playground.errors import BadInput
from tts_playground.pages.status import status
from tts_playground.pages.t2i import export, image_repository, page_state, reward_choice
from tts_playground.pages.t2i.gallery_state import GalleryState
from tts_playground.pages.t2i.view_settings import (
    MENU,
    OF_MODEL,
    ORDER,
    T2iView,
    coerce_view,
    default_view,
    following,
    to_query,
    values_of,
    view_of,
)
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.events import LIGHT, QUIET, is_local, offers, session_of, shares, values_in_query
from tts_playground.ui.scripts import SAVE_FILE
from tts_playground.ui.t2i.callbacks import Handlers, seen, view_from
from tts_playground.ui.t2i.layout import T2iParts
from tts_playground.ui.widgets import copy_as_command, heading, python

REWARDS = ("reward", "second")


def build(app: gr.Blocks, p: T2iParts, handlers: Handlers, view: T2iView) -> None:
    """Lay out and connect the section, and what a link brings."""
    heading("Take it with you", "Every picture carries its settings: drop one back in, and they return.")
    with gr.Row(elem_classes="main"):
        with gr.Column(scale=5, min_width=320):
            with gr.Row(elem_classes="buttons"):
                one = gr.Button("Save the picture", size="sm", min_width=120, elem_id="t2i-save-png")
                pool = gr.Button("Save all as a dataset", size="sm", min_width=140, elem_id="t2i-save-parquet")
                page = gr.Button("Save the curve", size="sm", min_width=110, elem_id="t2i-save-html")
                link = gr.Button("Copy link", size="sm", min_width=90, elem_id="t2i-link")
            text = gr.Textbox(label="A link that brings all of this back", visible=False, buttons=["copy"], max_lines=2)
            drop = gr.File(
                label="Drop a picture that was saved here",
                file_types=[".png"],
                type="filepath",
                height=150,
                elem_id="t2i-drop",
            )
        with gr.Column(scale=5, min_width=320):
            code = python(export.script(view), elem_id="t2i-python")
            line = export.as_command(view)
            copy_as_command(code, p.look, lambda look: export.as_command(look.view), line, elem_id="t2i-command")
    file = gr.File(visible=False)

    @friendly
    def save_one(look: GalleryState, chosen: int | None):
        return str(export.picture(look, chosen))

    @friendly
    def save_pool(look: GalleryState):
        return str(export.dataset(look))

    @friendly
    def save_page(look: GalleryState, others: tuple[GalleryState, ...]):
        return str(export.figure(look, others))

    for button, save, inputs in (
        (one, save_one, [p.look, p.chosen]),
        (pool, save_pool, [p.look]),
        (page, save_page, [p.look, p.others]),
    ):
        button.click(save, inputs, file, **LIGHT, **QUIET).success(None, file, None, js=SAVE_FILE)

    shares(link, text, lambda *values: to_query(view_of(*values)), p.values)
    p.look.change(lambda look: export.script(look.view), p.look, code, trigger_mode="always_last", **LIGHT, **QUIET)
    _bring_back(app, p, handlers, drop)


def _bring_back(app: gr.Blocks, p: T2iParts, handlers: Handlers, drop: Any) -> None:
    """A dropped picture and a link set every component, and what is there of them is shown."""

    @friendly
    def dropped(path: str | None, request: gr.Request, *values: Any):
        if not path:
            raise BadInput("Drop a PNG that was saved here.")
        view, place = export.brought_back(path, view_of(*values))
        MENU.allowed(view.model, is_local(request))
        line = f"The settings of this picture are back: it is number {place + 1} of its seed. Press “Draw” to see it."
        return *values_of(view), place, status(line)

    @friendly
    def arrive(request: gr.Request):
        query = dict(request.query_params)
        if query.get("tab") != "t2i" or not set(query) & set(ORDER):
            return (gr.skip(),) * len(ORDER)
        view, base, local = coerce_view(query), default_view(), is_local(request)
        MENU.allowed(view.model, local)
        view = following(view, query)
        found = {one: reward_choice.linked(getattr(view, one), local, getattr(base, one)) for one in REWARDS}
        view = replace(view, **found)
        return values_in_query(query, ORDER, values_of(view), OF_MODEL if "model" in query else ())

    shown: dict[str, Any] = {"inputs": [p.look, *p.values], "outputs": handlers.outputs, **LIGHT, **QUIET}
    drop.upload(dropped, [drop, *p.values], [*p.values, p.chosen, p.status], **LIGHT, **QUIET).success(
        handlers.glance, **shown
    )

    def leave(request: gr.Request) -> None:
        page_state.request_queue().forget(session_of(request))  # what this page had asked for ends within a token

    app.unload(leave)

    @friendly
    def arrived(look: GalleryState, request: gr.Request, *values: Any):
        view = view_from(request, values)
        if request.query_params.get("tab") == "t2i" and not image_repository.look(view).size:
            return seen(GalleryState(view))  # what the page opened with are pictures of another prompt
        return handlers.glance(look, request, *values)

    offers(app, p.value("model"), MENU.names)
    app.load(arrive, None, p.values, **LIGHT, **QUIET).success(arrived, **shown)
