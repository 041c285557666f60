"""Which drawing stands on whose canvas: a search for an older one ends, so that it never shows under a newer one."""

from __future__ import annotations

from typing import Any

import gradio as gr

from tts_playground.ui.events import session_of

KEPT = 500
"""pages that are remembered"""
ANOTHER = "The drawing changed, so the search for the older one ended; press “Find the program”."


class CanvasNow:
    """The newest drawing of each page."""

    def __init__(self) -> None:
        self._tasks: dict[str, Any] = {}

    def holds(self, request: gr.Request | None, task: Any) -> None:
        """The page's canvas has come to hold ``task``; None where it is clear."""
        self._tasks.pop(session_of(request), None)
        self._tasks[session_of(request)] = task
        while len(self._tasks) > KEPT:
            self._tasks.pop(next(iter(self._tasks)), None)

    def newer(self, request: gr.Request | None, task: Any) -> bool:
        """Whether another drawing than ``task`` has come since."""
        return self._tasks.get(session_of(request), task) != task

    def task(self, request: gr.Request | None) -> Any:
        """What the page's canvas holds, as far as it has told."""
        return self._tasks.get(session_of(request))


CANVAS = CanvasNow()
