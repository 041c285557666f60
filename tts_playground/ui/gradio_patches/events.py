"""What gradio knows of its events and requests, and shows in no function of its own."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.context import LocalContext


def writes(event: Any, part: Any) -> bool:
    """Whether an event, as ``button.click`` returns it, has a component among its outputs."""
    return part._id in event["outputs"]


def current_request() -> gr.Request | None:
    """The request that is being answered on this thread, also where its handler does not take it."""
    return LocalContext.request.get(None)
