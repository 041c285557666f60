"""The tab "Reasoning Steps": a problem solved in steps, the search as a tree, and who picks the right answer."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr


@dataclass(frozen=True, slots=True)
class MathTab:
    """What the shell shows."""

    slug: str = "math"
    label: str = "Reasoning Steps"

    def ready(self) -> bool:
        """Whether there is a model that solves problems."""
        from tts_playground.pages.math.view_settings import MENU

        return MENU.available()

    def build(self, app: gr.Blocks) -> None:
        """Lay out and wire the tab."""
        from tts_playground.pages.math.page_state import opening_view
        from tts_playground.ui.math import api, callbacks, layout

        callbacks.wire(app, layout.build(opening_view()))
        api.build()

    def warm(self) -> None:
        """Draw what is said of many problems, load the default model where it is small, and solve one problem.

        The first person would wait for each of these.
        """
        from tts_playground.pages.math import many_problems
        from tts_playground.pages.math.page_state import opening, warm
        from tts_playground.ui.math.callbacks import many

        many("tokens", "all", opening().view.aggregation)
        many_problems.trust_figure()
        warm()


TAB = MathTab()
