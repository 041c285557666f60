"""The tab "DSL Sketch-to-Program": draw a shape, get its program back."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr


@dataclass(frozen=True, slots=True)
class SketchTab:
    """What the shell shows."""

    slug: str = "sketch"
    label: str = "DSL Sketch-to-Program"

    def ready(self) -> bool:
        """Always: it needs no model."""
        return True

    def build(self, app: gr.Blocks) -> None:
        """Lay out and wire the tab; opens on a starter pool when one is installed."""
        from tts_playground.pages.sketch import examples
        from tts_playground.pages.sketch.view_settings import ORDER
        from tts_playground.ui.events import LIGHT, QUIET
        from tts_playground.ui.sketch import api, callbacks, closeness_view, layout, learn_view, tour_view

        starters = examples.starters()
        opening = starters.get(examples.OPENING) or next(iter(starters.values()), None)
        parts = layout.build(starters, opening)
        callbacks.wire(app, parts, starters)
        closeness_view.wire(parts)
        sampler = parts.settings[ORDER.index("sampler")]
        with parts.results:
            learn = learn_view.build(parts.drawn, sampler)
        tour_view.wire(parts, learn)
        menus = [sampler, learn.menu]
        # adapters may have come since the app was started, and who is at this machine may use more than its visitors
        app.load(learn_view.menus, None, menus, **LIGHT, **QUIET)
        api.build()

    def warm(self) -> None:
        """Build the search's tables, which otherwise the first search would wait for."""
        from tts_playground.dsl import render
        from tts_playground.tasks.sketch import SketchSettings, sketch_rounds

        for _ in sketch_rounds(render("(Circle 3 8 8)"), SketchSettings(n=2)):
            pass


TAB = SketchTab()
