"""``app``: start the web app."""

from __future__ import annotations

import gc


def app() -> None:
    """Start the app in your browser (GRADIO_SERVER_NAME and GRADIO_SERVER_PORT are honoured)."""
    gc.disable()  # imports make a million objects that all stay: searching them for garbage costs a second of start-up
    from tts_playground.ui.shell import launch

    launch()
