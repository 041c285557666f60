"""The web app: a shell and one module a tab. Only this room and app.py import gradio."""
