"""What follows a search on the page: the components, and their values of a state."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gradio as gr

from tts_playground.pages.math import export, render
from tts_playground.pages.math.page_state import MathPageState
from tts_playground.ui.math.layout import MathParts


def found_outputs(p: MathParts) -> list[Any]:
    """What follows a search."""
    first = [p.state, p.status, p.stale, p.tree, p.reading]
    return [*first, *beside_outputs(p), p.script, p.command, *choice_outputs(p)]


def found(state: MathPageState) -> tuple[Any, ...]:
    """The values of ``found_outputs``."""
    return (
        state,
        render.headline(replace(state, done=True)),
        "",
        render.tree_of(state),
        render.reading(state.tree),
        *beside_of(state),
        export.as_python(state),
        export.as_command(state),
        *choice_of(state),
    )


def beside_outputs(p: MathParts) -> list[Any]:
    """What shows the other strategy."""
    return [p.compared, p.beside, p.beside_reading]


def beside_of(state: MathPageState) -> tuple[str, str, str]:
    """The values of ``beside_outputs``."""
    return render.compared(state), render.beside_of(state), render.beside_reading(state)


def choice_outputs(p: MathParts) -> list[Any]:
    """What shows whom each selector picks; N, a setting, stands last."""
    return [p.draw, p.picks, p.curve, p.chips, p.value("look")]


def choice_of(state: MathPageState) -> tuple[Any, ...]:
    """The values of ``choice_outputs``; N reaches as far as there are solutions."""
    pool, how = state.pool, state.view.aggregation
    size = len(pool.solutions) if pool else 0
    look = max(1, min(state.view.look, size or state.view.look))
    return (
        gr.Button(visible=state.tree is not None and not size),
        render.picks(pool, look, how),
        render.own_curve(pool, look, how),
        render.chips(pool, look, how),
        gr.Slider(maximum=max(2, size), value=look) if size else gr.skip(),
    )
