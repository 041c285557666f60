"""Errors reach the person as one sentence, and never as a traceback."""

from __future__ import annotations

import html
import inspect
import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

import gradio as gr

from tts_playground.errors import PlaygroundError, clean


def friendly(handler: Callable) -> Callable:
    """The same handler (function or generator), whose errors reach the person as one sentence and never a traceback."""
    if inspect.isgeneratorfunction(handler):

        @wraps(handler)
        def stream(*args: Any, **kwargs: Any):
            try:
                yield from handler(*args, **kwargs)
            except Exception as error:
                raise said(error) from error

        return stream

    if inspect.isasyncgenfunction(handler):

        @wraps(handler)
        async def waiting(*args: Any, **kwargs: Any):
            try:
                async for shown in handler(*args, **kwargs):
                    yield shown
            except Exception as error:
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
