"""What the events of all tabs share: who waits for whom, who asks, and how files and links leave the page."""

from __future__ import annotations

import html
import json
import time
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

import gradio as gr

from tts_playground.errors import BadInput, ModelUnavailable
from tts_playground.pages import put_right
from tts_playground.pages.access import is_local as is_local  # who asks: the one place that says so
from tts_playground.pages.status import halted, refusal, renewed
from tts_playground.ui.error_handling import REFUSALS, friendly
from tts_playground.ui.gradio_patches.events import current_request, writes
from tts_playground.ui.gradio_patches.page import Arrival, Page
from tts_playground.ui.scripts import LINK, SAVE

GPU: dict[str, Any] = {"concurrency_id": "gpu", "concurrency_limit": 1}
"""one model at work at a time, whatever the tab; the rest wait in the queue and see their place"""
LIGHT: dict[str, Any] = {"concurrency_id": "light", "concurrency_limit": 32, "show_progress": "hidden"}
"""what only looks never waits for models: the server's other threads are theirs"""
WATCH: dict[str, Any] = {"concurrency_id": "watch", "concurrency_limit": None, "show_progress": "hidden"}
"""what a page sees while it waits for a model: for asynchronous generators, which take no thread while nothing comes"""
AT_ONCE: dict[str, Any] = {**LIGHT, "queue": False}
"""what answers a cancel: a page's stream closes when its last event ends, and an answer that joins the queue in that
moment is lost with it"""
QUIET: dict[str, Any] = {"api_visibility": "private"}
"""the page's own; named endpoints are written down in each tab's ``api``"""
LIVE: dict[str, Any] = {"trigger_mode": "always_last", **LIGHT, **QUIET}
"""what follows a slider, a stroke or a text while it moves: of many changes the last one counts"""


def follows(moves: Sequence[Any], fn: Callable[..., Any], inputs: Any, outputs: Any) -> Any:
    """What follows whichever part moved, as one event, so that the last move counts whichever part it was of.

    As an event a part, two parts that move within a moment would be answered at the same time, and the answer to the
    first, which knows nothing of the second, may come last.

    Args:
        moves: the parts' listeners, such as ``slider.change`` and ``menu.input``.
    """
    return gr.on(list(moves), fn, inputs, outputs, **LIVE)


def waiting(line: Any) -> dict[str, Any]:
    """For events that may wait in the queue: ``line`` shows the place there, and nothing else flickers."""
    return {"show_progress": "minimal", "show_progress_on": line}


def offers(app: gr.Blocks, menu: Any, choices: Callable[[bool], Any]) -> None:
    """The menu, laid out with ``choices(False)`` for visitors, shows ``choices(True)`` to who is at this machine."""

    def more(request: gr.Request):
        return gr.Dropdown(choices(True)) if is_local(request) else gr.skip()

    if choices(True) != choices(False):
        app.load(more, None, menu, **LIGHT, **QUIET)


def values_in_query(
    query: Mapping[str, str], names: Sequence[str], values: Sequence[Any], also: Container[str] = ()
) -> tuple[Any, ...]:
    """What a link sets: the values that it names. The others may have been moved by hand while the page was loading.

    A message says where a value is not what the link asks for.

    Args:
        also: names that follow from what the link names, and are set too.
    """
    if told := put_right.sentence(query, names, values, local=is_local(current_request())):
        gr.Warning(html.escape(told, quote=False), title="About this link")
    pairs = zip(names, values, strict=True)
    return tuple(value if name in query or name in also else gr.skip() for name, value in pairs)


def arrives(
    app: gr.Blocks, tab: str, names: Sequence[str], arrival: Callable[..., Any], outputs: Sequence[Any], **how: Any
) -> Any:
    """A page that is opened by a link to ``tab`` shows ``arrival(query, request)`` in the outputs; others stay.

    ``names`` are the parameters that such a link may have; one with none of them is no more than an address.
    """

    @friendly
    def arrive(request: gr.Request):
        query = dict(request.query_params)
        if query.get("tab") != tab or not set(query) & set(names):
            return (gr.skip(),) * len(outputs)
        values = arrival(query, request)
        return app.opened(outputs, values, request) if isinstance(app, Page) else values

    event = app.load(arrive, None, list(outputs), **how)
    if isinstance(app, Page):  # tabs are laid out in plain Blocks, too
        app.arrivals.append(Arrival(event, tuple(outputs), tab, frozenset(names)))
    return event


def keeps(app: gr.Blocks, tab: str, names: Sequence[str], parts: Sequence[Any]) -> None:
    """The parts' values stand in the page's address, under the names that ``arrives`` reads, and outlive a reload.

    It all happens in the browser (``data/address.js``). Called before anything else listens to the parts: a page runs
    the events of one change one after the other.
    """
    opening = [None if isinstance(part, gr.State) else getattr(part, "value", None) for part in parts]
    given = ", ".join(map(json.dumps, (tab, list(names), opening)))
    app.load(None, None, list(parts), js=f"() => window.ttsRestore({given})")
    changes = [part.change for part in parts]
    gr.on(changes, None, list(parts), None, js=f"(...values) => window.ttsKeep({given}, values)", **QUIET)


def session_of(request: gr.Request | None) -> str:
    """Which open page asks."""
    return getattr(request, "session_hash", None) or ""


class LastWord:
    """What a page was told when it cancelled; the end of the event, which gradio tells as a failure, says it again.

    Both answers are under way at the same time, and either may have been asked for while the line was still busy.
    """

    FRESH = 5.0
    """seconds between the two, at most"""
    KEPT = 500
    """pages that are remembered"""

    def __init__(self) -> None:
        self._told: dict[str, tuple[float, str]] = {}

    def cancelled(self, request: gr.Request | None, words: str) -> None:
        """The page has been told ``words``."""
        self._told.pop(session_of(request), None)
        self._told[session_of(request)] = time.monotonic(), words
        while len(self._told) > self.KEPT:
            self._told.pop(next(iter(self._told)), None)

    def ended(self, request: gr.Request | None, words: str) -> str:
        """What to say at the end: ``words`` unless the page has just cancelled."""
        when, said = self._told.pop(session_of(request), (0.0, words))
        return said if time.monotonic() - when < self.FRESH else words


def broken_off(
    shown: Sequence[str | None], request: gr.Request | None, last: LastWord, undone: str = "Not run", own: int = 0
) -> list[str | None]:
    """The lines after an error or a cancel, None for those that stay: nothing says any more that something is in work.

    A refusal is told by the line that is busy, or by the one at ``own``: nothing else on the page speaks of it when
    the message has gone.
    """
    error = REFUSALS.taken(session_of(request))
    if error is None:
        words = "Stopped; what came before is kept."
    elif isinstance(error, (BadInput, ModelUnavailable)):
        words = refusal(undone, str(error), "What is shown is from before.")
    else:
        words = refusal("Stopped", str(error), "What came before is kept.")
    said = last.ended(request, words)
    new = [halted(line, said) for line in shown]
    if error is not None and said == words and not any(new):
        new[own] = renewed(shown[own], said)
    return new


def cancels(
    buttons: Sequence[Any], events: Sequence[Any], lines: Sequence[Any], words: str, undone: str = "Not run"
) -> None:
    """Each button ends the events, and a line that says that something is in work says ``words`` instead.

    It says so at once, and a line that an event still sent after that is put right when the event has ended; gradio
    tells an end by cancel as a failure.

    Args:
        undone: what a refused run is told with, before the reason.
    """
    last = LastWord()

    def stops(own: int) -> Callable[..., Any]:
        def stopped(request: gr.Request, *shown: str | None) -> Any:
            return _sent(broken_off(shown, request, last, undone, own))

        return stopped

    def cancelled(request: gr.Request, *shown: str | None) -> Any:
        if any(halted(line, words) for line in shown):
            last.cancelled(request, words)
        return _sent([halted(line, words) for line in shown])

    for event in events:
        own = next((place for place, line in enumerate(lines) if writes(event, line)), 0)
        event.failure(stops(own), lines, lines, **AT_ONCE, **QUIET)
    for button in buttons:
        button.click(None, cancels=list(events))  # first: a page runs a click's events one after the other
        button.click(cancelled, lines, lines, **AT_ONCE, **QUIET)


def _sent(lines: Sequence[str | None]) -> Any:
    new = [line or gr.skip() for line in lines]
    return new if len(new) > 1 else new[0]


def saves(buttons: Mapping[str, Any], download: Callable[..., str], subject: Any, file: Any) -> None:
    """Each button saves ``download(subject, kind)``, which is ``scripts.offer``'s text; ``file`` carries it, unseen.

    ``subject`` may be a list of parts, all of which are told.
    """
    for kind, button in buttons.items():

        @friendly
        def save(*subject: Any, kind: str = kind):
            return download(*subject, kind)

        button.click(save, subject, file, **LIGHT, **QUIET).success(None, file, None, js=SAVE)


def shares(
    button: Any,
    text: Any,
    query: Callable[..., str],
    inputs: Sequence[Any],
    lost: Callable[..., str] | None = None,
) -> None:
    """The button copies a link to this page with the query string of the inputs' values, and shows it in ``text``.

    Args:
        lost: a sentence about what such a link cannot carry, a picture say; "" where it carries all.
    """

    @friendly
    def share(*values: Any):
        return gr.Textbox(query(*values), info=(lost(*values) if lost else "") or None, visible=True)

    button.click(share, list(inputs), text, **LIGHT, **QUIET).success(None, text, text, js=LINK)
