"""The web app: a shell and one module a tab. Only this room and app.py import gradio."""

from tts_playground.ui.gradio_import import gradio_without_stubs

gradio_without_stubs()
