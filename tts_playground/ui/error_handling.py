"""Errors reach the person as one sentence, and never as a traceback."""

from __future__ import annotations

import html
import inspect
import logging
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

import gradio as gr

from tts_playground.errors import Cancelled, PlaygroundError, clean
from tts_playground.ui.gradio_patches.events import current_request


class Refusals:
    """Why a page's last run ended with an error: gradio tells its end as a failure, and keeps the reason to itself."""

    FRESH = 5.0
    """seconds within which the failure is told"""
    KEPT = 500
    """pages that are remembered"""

    def __init__(self) -> None:
        self._told: dict[str, tuple[float, PlaygroundError]] = {}

    def told(self, session: str, error: Exception) -> None:
        """A run of the page raised ``error``; one that is no sentence for people is not remembered."""
        self._told.pop(session, None)
        if isinstance(error, PlaygroundError) and not isinstance(error, Cancelled):
            self._told[session] = time.monotonic(), error
        while len(self._told) > self.KEPT:
            self._told.pop(next(iter(self._told)), None)

    def taken(self, session: str) -> PlaygroundError | None:
        """The error of the run that has just ended, once."""
        when, error = self._told.pop(session, (0.0, None))
        return error if time.monotonic() - when < self.FRESH else None


REFUSALS = Refusals()


def _remember(error: Exception, args: tuple[Any, ...]) -> None:
    request = next((one for one in args if isinstance(one, gr.Request)), None) or current_request()
    REFUSALS.told(getattr(request, "session_hash", None) or "", error)


def friendly(handler: Callable) -> Callable:
    """The same handler (function or generator), whose errors reach the person as one sentence and never a traceback."""
    if inspect.isgeneratorfunction(handler):

        @wraps(handler)
        def stream(*args: Any, **kwargs: Any):
            try:
                yield from handler(*args, **kwargs)
            except Exception as error:
                _remember(error, args)
                raise said(error) from error

        return stream

    if inspect.isasyncgenfunction(handler):

        @wraps(handler)
        async def waiting(*args: Any, **kwargs: Any):
            try:
                async for shown in handler(*args, **kwargs):
                    yield shown
            except Exception as error:
                _remember(error, args)
                raise said(error) from error

        return waiting

    @wraps(handler)
    def call(*args: Any, **kwargs: Any):
        try:
            return handler(*args, **kwargs)
        except Exception as error:
            raise said(error) from error

    return call


def said(error: Exception) -> gr.Error:
    """The error as a message for the page; what the library did not raise on purpose is logged and named a fault."""
    if isinstance(error, gr.Error):
        # gradio's own repeat what was sent as it came; those of handlers are made to be shown
        return gr.Error(html.escape(clean(error.message)), print_exception=False) if error.print_exception else error
    if isinstance(error, PlaygroundError):
        # messages are rendered as HTML, and may quote what somebody typed
        return gr.Error(html.escape(str(error), quote=False), title="This did not work", print_exception=False)
    logging.getLogger(__name__).exception("fault in a handler", exc_info=error)
    sentence = "Something broke inside the app; what was finished before is kept. Please try again with other settings."
    return gr.Error(sentence, title="A fault of the app", print_exception=False)
