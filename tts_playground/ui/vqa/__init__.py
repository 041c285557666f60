"""The tab "VQA Verifier": ask about a picture, draw many answers, and see who picks the right one."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr


@dataclass(frozen=True, slots=True)
class VqaTab:
    """What the shell shows."""

    slug: str = "vqa"
    label: str = "VQA Verifier"

    def ready(self) -> bool:
        """Whether there is a model that reads pictures."""
        from tts_playground.pages.vqa.view_settings import MENU

        return MENU.available()

    def build(self, app: gr.Blocks) -> None:
        """Lay out and wire the tab."""
        from tts_playground.ui.vqa import api, callbacks, layout

        callbacks.wire(app, layout.build())
        api.build()

    def warm(self) -> None:
        """Load the default model where it is small, and answer one question, which the first person waits for."""
        from tts_playground.pages.vqa.page_state import warm

        warm()


TAB = VqaTab()
