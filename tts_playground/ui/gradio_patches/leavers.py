"""For handlers that do not yield: whether whoever asked has left."""

from __future__ import annotations

from collections.abc import Callable

from gradio.context import LocalContext


def gone() -> Callable[[], bool]:
    """For a handler that does not yield: what tells, from any thread, whether whoever asked has left.

    Hooked: ``LocalContext``, which knows the app and the event in whose handler this is called.
    """
    app, name = LocalContext.blocks.get(None), LocalContext.event_id.get(None)
    event = app._queue.event_ids_to_events.get(name) if app is not None and name else None
    return lambda: event is not None and not event.alive
