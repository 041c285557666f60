"""The tab "Random-Choice Audit": does a model choose uniformly, what does its choice depend on, and what helps?"""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr


@dataclass(frozen=True, slots=True)
class AuditTab:
    """What the shell shows."""

    slug: str = "audit"
    label: str = "Random-Choice Audit"

    def ready(self) -> bool:
        """Always: scripted choosers need no model."""
        return True

    def build(self, app: gr.Blocks) -> None:
        """Lay out and wire the tab; opens on a finished audit."""
        from tts_playground.pages.audit import page_state
        from tts_playground.ui.audit import callbacks, layout

        callbacks.wire(app, layout.build(page_state.opening()))

    def warm(self) -> None:
        """Load the default model where it is small."""
        from tts_playground.pages.audit.page_state import warm

        warm()


TAB = AuditTab()
