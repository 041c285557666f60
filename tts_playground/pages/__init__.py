"""Sessions, queue and state of a page: everything of the app that needs no gradio."""
