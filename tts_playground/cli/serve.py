"""``app``: start the web app."""

from __future__ import annotations


def app() -> None:
    """Start the app in your browser (GRADIO_SERVER_NAME and GRADIO_SERVER_PORT are honoured)."""
    from tts_playground.ui.shell import launch

    launch()
