"""A tab's figures, galleries and longer texts are sent when the tab is first opened, so that the other tabs cost the
first page nothing.

What a component opens with stays on the server, and its page gets none of it with the configuration. It comes with the
tab's ``select``, unless something newer was shown there in the meantime. What a link shows there comes once and alone:
the link's own event brings what it leaves as it is, or this is brought when that event fails.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import gradio as gr

from tts_playground.ui.events import LIGHT, QUIET
from tts_playground.ui.gradio_patches.page import Page
from tts_playground.ui.gradio_patches.repeated_work import plot

LONG = 2000
"""characters of a text that is worth waiting"""


def later(part: Any, make: Callable[[], Any]) -> Any:
    """The component, which shows what ``make()`` returns once its tab is opened; made once for all pages."""
    part.made_later = cache(make)
    return part


def make_ready(app: Page) -> None:
    """Make what tabs open with before the first person waits for it; a failure is left for who opens the tab."""
    for make in app.openings.values():
        try:
            make()
        except Exception:  # whatever it is, a person is told of it by the event that asks again
            logging.getLogger(__name__).warning("a part of a tab could not be made ahead", exc_info=True)


def on_first_open(app: Page) -> None:
    """Wire all of an app's tabs; called when the app is laid out."""
    waiting: defaultdict[Any, list[Any]] = defaultdict(list)
    for part, tab in _parts(app, None):
        if (make := _opening(part, hidden=tab is not None)) is not None:
            waiting[tab].append((part, make))
    first, others = _tabs(app)
    for tab, pairs in waiting.items():
        parts, makes = zip(*pairs, strict=True)
        app.openings.update(pairs)
        fill, how = _filling(app, pairs), {**LIGHT, **QUIET, "show_progress_on": _not_canvas(parts)}
        if tab is None:
            app.fills.add(app.load(_unless(others, fill, len(parts)), None, list(parts), **how).fn)
        if (opened := first if tab is None else tab) is None:
            continue
        app.fills.add(opened.select(fill, None, list(parts), **how).fn)
        for one in app.arrivals:
            if one.tab == opened.id:
                after = one.event.failure(lambda makes=makes: _all(makes), None, list(parts), **how)
                app.fills.add(after.fn)


def _not_canvas(parts: Sequence[Any]) -> Any:
    """Where progress shows, which is nowhere: a canvas would be sent back with every status message."""
    return next((part for part in parts if not isinstance(part, gr.ImageEditor)), parts[0])


def _tabs(app: Page) -> tuple[Any, list[str]]:
    """(the page's first tab, the names of the others); (None, []) where it has no tabs."""
    bars = [block for block in getattr(app, "children", ()) if isinstance(block, gr.Tabs)]
    tabs = [tab for bar in bars[:1] for tab in bar.children if isinstance(tab, gr.Tab)]
    return (tabs[0], [str(tab.id) for tab in tabs[1:]]) if tabs else (None, [])


def _unless(others: Sequence[str], fill: Callable[..., Any], count: int) -> Callable[..., Any]:
    """Nothing for a link to another tab, which is open from the start (``ui.edge.early``)."""

    def seen(request: gr.Request) -> Any:
        if request.query_params.get("tab") not in others:
            return fill(request)
        return gr.skip() if count == 1 else [gr.skip()] * count

    return seen


def _parts(block: Any, tab: Any) -> Iterator[tuple[Any, Any]]:
    """(part, the tab that has to be opened to see it; None for what is seen at once), by a walk of the layout."""
    for place, child in enumerate(getattr(block, "children", ())):
        closed = child if isinstance(child, gr.Tab) and place else tab
        yield child, closed
        yield from _parts(child, closed)


def _opening(part: Any, *, hidden: bool) -> Callable[[], Any] | None:
    """What makes the component's first value, which it loses where it waits; None where it need not wait."""
    if (make := getattr(part, "made_later", None)) is not None:
        return make
    value = getattr(part, "value", None)
    if not hidden or not value:
        return None
    if isinstance(part, gr.Plot):
        kept = plot(value["plot"]) if isinstance(value, dict) else value
    elif isinstance(part, gr.Gallery):
        kept = part.constructor_args["value"]
    elif isinstance(part, (gr.HTML, gr.Code)) and isinstance(value, str) and len(value) > LONG:
        kept = value
    else:
        return None
    part.value = None
    return lambda: kept


def _filling(app: Page, pairs: Sequence[tuple[Any, Callable[[], Any]]]) -> Callable[..., Any]:
    def fill(request: gr.Request) -> Any:
        coming = app.awaited(request)
        return _all([gr.skip if part in coming else make for part, make in pairs])

    return fill


def _all(makes: Sequence[Callable[[], Any]]) -> Any:
    found = [make() for make in makes]
    return found if len(found) > 1 else found[0]
