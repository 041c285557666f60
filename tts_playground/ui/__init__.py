"""The web app: a shell and one module a tab. Only this room and app.py import gradio."""

from tts_playground.ui import (
    gradio_patches as gradio_patches,  # first of all: it imports gradio without its stub writer
)
