"""What the events of all tabs share: who waits for whom, who asks, and how files and links leave the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gradio as gr

from tts_playground.ui.faults import friendly
from tts_playground.ui.scripts import LINK, SAVE
from tts_playground.ui.status import halted

GPU: dict[str, Any] = {"concurrency_id": "gpu", "concurrency_limit": 1}
"""one model at work at a time, whatever the tab; the rest wait in the queue and see their place"""
LIGHT: dict[str, Any] = {"concurrency_id": "light", "concurrency_limit": 32, "show_progress": "hidden"}
"""what only looks never waits for models: the server's other threads are theirs"""
AT_ONCE: dict[str, Any] = {**LIGHT, "queue": False}
"""what answers a cancel: a page's stream closes when its last event ends, and an answer that joins the queue in that
moment is lost with it"""
QUIET: dict[str, Any] = {"api_visibility": "private"}
"""the page's own; named endpoints are written down in each tab's ``api``"""


def waiting(line: Any) -> dict[str, Any]:
    """For events that may wait in the queue: ``line`` shows the place there, and nothing else flickers."""
    return {"show_progress": "minimal", "show_progress_on": line}


def is_local(request: gr.Request | None) -> bool:
    """Whether the page is open on the machine that serves it."""
    host = getattr(getattr(request, "client", None), "host", "")
    forwarded = "x-forwarded-for" in getattr(request, "headers", {})
    return host in ("127.0.0.1", "::1", "localhost") and not forwarded


def named_in(query: Mapping[str, str], names: Sequence[str], values: Sequence[Any]) -> tuple[Any, ...]:
    """What a link sets: the values that it names. The others may have been moved by hand while the page was loading."""
    return tuple(value if name in query else gr.skip() for name, value in zip(names, values, strict=True))


def session_of(request: gr.Request | None) -> str:
    """Which open page asks."""
    return getattr(request, "session_hash", None) or ""


def cancels(buttons: Sequence[Any], events: Sequence[Any], lines: Sequence[Any], words: str) -> None:
    """Each button ends the events, and a line that says that something is in work says ``words`` instead.

    It says so at once, and a line that an event still sent after that is put right when the event has ended; gradio
    tells an end by cancel as a failure.
    """

    def say(sentence: str) -> Callable[..., Any]:
        def told(*shown: str | None) -> Any:
            new = [halted(line, sentence) or gr.skip() for line in shown]
            return new if len(new) > 1 else new[0]

        return told

    for event in events:
        event.failure(say("Stopped; what came before is kept."), lines, lines, **AT_ONCE, **QUIET)
    for button in buttons:
        button.click(None, cancels=list(events))  # first: a page runs a click's events one after the other
        button.click(say(words), lines, lines, **AT_ONCE, **QUIET)


def saves(buttons: Mapping[str, Any], download: Callable[[Any, str], str], subject: Any, file: Any) -> None:
    """Each button saves ``download(subject, kind)``, which is ``scripts.offer``'s text; ``file`` carries it, unseen."""
    for kind, button in buttons.items():

        @friendly
        def save(value: Any, kind: str = kind):
            return download(value, kind)

        button.click(save, subject, file, **LIGHT, **QUIET).success(None, file, None, js=SAVE)


def shares(button: Any, text: Any, query: Callable[..., str], inputs: Sequence[Any]) -> None:
    """The button copies a link to this page with the query string of the inputs' values, and shows it in ``text``."""

    @friendly
    def share(*values: Any):
        return gr.Textbox(query(*values), visible=True)

    button.click(share, list(inputs), text, **LIGHT, **QUIET).success(None, text, text, js=LINK)
