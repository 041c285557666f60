"""The section "Download": files, a script and a link that bring the images back; drop a picture in, too."""

from __future__ import annotations

from typing import Any

import gradio as gr

from tts_playground.errors import BadInput
from tts_playground.ui.events import LIGHT, QUIET, is_local, named_in, offers, session_of, shares
from tts_playground.ui.faults import friendly
from tts_playground.ui.scripts import SAVE_FILE
from tts_playground.ui.status import status
from tts_playground.ui.t2i import take, work
from tts_playground.ui.t2i.choices import MENU, ORDER, View, bent, to_query, values_of, view_of
from tts_playground.ui.t2i.layout import Parts
from tts_playground.ui.t2i.look import Look
from tts_playground.ui.t2i.wiring import Handlers
from tts_playground.ui.widgets import heading, python


def build(app: gr.Blocks, p: Parts, handlers: Handlers, view: View) -> None:
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
            code = python(take.script(view), elem_id="t2i-python")
    file = gr.File(visible=False)

    @friendly
    def save_one(look: Look, chosen: int | None):
        return str(take.picture(look, chosen))

    @friendly
    def save_pool(look: Look):
        return str(take.dataset(look))

    @friendly
    def save_page(look: Look, others: tuple[Look, ...]):
        return str(take.figure(look, others))

    for button, save, inputs in (
        (one, save_one, [p.look, p.chosen]),
        (pool, save_pool, [p.look]),
        (page, save_page, [p.look, p.others]),
    ):
        button.click(save, inputs, file, **LIGHT, **QUIET).success(None, file, None, js=SAVE_FILE)

    shares(link, text, lambda *values: to_query(view_of(*values)), p.values)
    p.look.change(lambda look: take.script(look.view), p.look, code, trigger_mode="always_last", **LIGHT, **QUIET)
    _bring_back(app, p, handlers, drop)


def _bring_back(app: gr.Blocks, p: Parts, handlers: Handlers, drop: Any) -> None:
    """A dropped picture and a link set every component, and what is there of them is shown."""

    @friendly
    def dropped(path: str | None, request: gr.Request, *values: Any):
        if not path:
            raise BadInput("Drop a PNG that was saved here.")
        view, place = take.brought_back(path, view_of(*values))
        MENU.allowed(view.model, is_local(request))
        line = f"The settings of this picture are back: it is number {place + 1} of its seed. Press “Draw” to see it."
        return *values_of(view), place, status(line)

    @friendly
    def arrive(request: gr.Request):
        query = dict(request.query_params)
        if query.get("tab") != "t2i" or not set(query) & set(ORDER):
            return (gr.skip(),) * len(ORDER)
        view = bent(query)
        MENU.allowed(view.model, is_local(request))
        return named_in(query, ORDER, values_of(view))

    shown: dict[str, Any] = {"inputs": [p.look, *p.values], "outputs": handlers.outputs, **LIGHT, **QUIET}
    drop.upload(dropped, [drop, *p.values], [*p.values, p.chosen, p.status], **LIGHT, **QUIET).success(
        handlers.glance, **shown
    )

    def leave(request: gr.Request) -> None:
        work.desk().forget(session_of(request))  # what this page had asked for ends within a token

    app.unload(leave)
    offers(app, p.value("model"), MENU.names)
    app.load(arrive, None, p.values, **LIGHT, **QUIET).success(handlers.glance, **shown)
