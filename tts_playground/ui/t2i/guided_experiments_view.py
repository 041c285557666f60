"""Connects the tour: a question sets the page, opens its section and draws; a guess brings the answer."""

from __future__ import annotations

from typing import Any

import gradio as gr

from tts_playground.pages.t2i.gallery_state import GalleryState
from tts_playground.pages.t2i.guided_experiments import STOPS, Stop, named, tour_cards
from tts_playground.pages.t2i.tour_answers import Evidence
from tts_playground.pages.t2i.view_settings import values_of
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.events import GPU, LIGHT, QUIET, waiting
from tts_playground.ui.t2i.callbacks import Handlers, view_from
from tts_playground.ui.t2i.layout import T2iParts
from tts_playground.ui.tour import first


def build(p: T2iParts, handlers: Handlers, sections: Any, is_open: Any, beyond: Any) -> None:
    """Connect every button and every guess.

    Args:
        sections: the tabs under the gallery. beyond: the state of the comparison of strategies.
    """
    for stop in STOPS:
        _connect(stop, p, handlers, sections, is_open)

    @friendly
    def reveal(look: GalleryState, others: tuple[GalleryState, ...], found: Any, event: gr.EventData):
        stop, guess = named(getattr(event, "key", "")), str(getattr(event, "guess", ""))[:80]
        if stop is None or guess not in stop.guesses:
            return (gr.skip(),) * 3
        answer = stop.answer(Evidence(look, others, found))
        opened = _opened(stop) if first(event) else (gr.skip(), gr.skip())
        return tour_cards()[stop.key].shown(guess=guess, answer=answer), *opened

    p.tour_note.click(reveal, [p.look, p.others, beyond], [p.tour_note, sections, is_open], **LIGHT, **QUIET)


def _opened(stop: Stop) -> tuple[Any, Any]:
    """The tabs with the question's section open, and its name."""
    return (gr.Tabs(selected=stop.section), stop.section) if stop.section else (gr.skip(), gr.skip())


def _connect(stop: Stop, p: T2iParts, handlers: Handlers, sections: Any, is_open: Any) -> None:
    @friendly
    def start(request: gr.Request, *values: Any):
        view = stop.view(view_from(request, values))
        return *values_of(view), note(stop), *_opened(stop)

    outputs = [*p.values, p.tour_note, sections, is_open]
    event = p.tour[stop.key].click(start, p.values, outputs, **LIGHT, **QUIET)
    if stop.action in handlers.actions:
        handler, given, shown = handlers.actions[stop.action]
        drawing = event.success(handler, given, shown, **waiting(p.status), **GPU, **QUIET)
        p.cancel.click(None, cancels=[drawing])


def note(stop: Stop) -> str:
    """The question with its guesses, as HTML."""
    return tour_cards()[stop.key].shown()
