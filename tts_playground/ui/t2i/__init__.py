"""The tab "Text-to-Image Best-of-N": draw many images of a prompt, score them, keep the best."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr


@dataclass(frozen=True, slots=True)
class ImageTab:
    """What the shell shows."""

    slug: str = "t2i"
    label: str = "Text-to-Image Best-of-N"

    def ready(self) -> bool:
        """Whether there is a model to draw with."""
        from tts_playground.pages.t2i.view_settings import MENU

        return MENU.available()

    def build(self, app: gr.Blocks) -> None:
        """Lay out and wire the tab; opens on a starter pool when one is installed."""
        from tts_playground.pages.t2i import image_repository
        from tts_playground.pages.t2i.view_settings import ORDER, default_view
        from tts_playground.ui.events import keeps
        from tts_playground.ui.t2i import api, callbacks, layout, sections

        opening = image_repository.opening(default_view())
        parts = layout.build(opening, opening.view)
        keeps(app, self.slug, ORDER, parts.values)
        handlers = callbacks.wire(parts)
        sections.build(app, parts, handlers, opening)
        api.build()

    def warm(self) -> None:
        """Load the default model where it is small, and draw one image, which otherwise the first person waits for."""
        from tts_playground.pages.t2i.page_state import warm

        warm()


TAB = ImageTab()
