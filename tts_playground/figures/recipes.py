"""Recipes: accuracy against tokens, one line an approach, over all problems or a panel for each level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from tts_playground.experiments.recipes.shipped import RecipePoint
from tts_playground.figures.theme import GRID, SYMBOLS, colour, empty, hover, log2_axis, themed

NAMES = {
    "best_of_n": "best of N",
    "beam_search": "beam search",
    "dvts": "DVTS",
    "rebase": "REBASE",
    "mcts": "MCTS",
}
"""in the order of their colours"""


def recipes(points: Sequence[RecipePoint], *, title: str = "", measure: str = "problems solved") -> go.Figure:
    """Accuracy against tokens a problem, with 95 % bands over problems.

    Where a search must be run again for each N, its line joins its runs.
    """
    if not points:
        return empty("No recipe has been run yet.")
    figure = go.Figure()
    for number, (approach, name) in enumerate(NAMES.items()):
        _add(figure, [one for one in points if one.approach == approach], name, number)
    themed(figure, x="tokens per problem", y=measure, title=title)
    return log2_axis(figure, min(one.tokens for one in points), max(one.tokens for one in points))


def recipes_by_level(levels: Mapping[int, Sequence[RecipePoint]], *, title: str = "") -> go.Figure:
    """A panel for each level, all on the same axes."""
    shown = {level: points for level, points in sorted(levels.items()) if points}
    if not shown:
        return empty("No recipe has been run yet.")
    figure = make_subplots(
        1, len(shown), shared_yaxes=True, horizontal_spacing=0.02, subplot_titles=[f"level {one}" for one in shown]
    )
    for column, points in enumerate(shown.values(), 1):
        for number, (approach, name) in enumerate(NAMES.items()):
            own = [one for one in points if one.approach == approach]
            _add(figure, own, name, number, band=False, row=1, col=column, showlegend=column == 1)
    themed(figure, x="", y="", title=title)
    figure.update_xaxes(
        type="log", tickvals=[100, 1000, 10000], ticktext=["100", "1k", "10k"], gridcolor=GRID, zeroline=False
    )
    figure.update_yaxes(gridcolor=GRID, zeroline=False)
    figure.update_xaxes(title_text="tokens per problem", title_font_size=13, col=(len(shown) + 1) // 2)
    figure.update_yaxes(title_text="problems solved", col=1)
    figure.update_annotations(font_size=13)
    figure.update_layout(margin_t=64 if title else 32)
    return figure.update_yaxes(range=[0, 1.02])


def _add(figure: go.Figure, points: Sequence[RecipePoint], name: str, number: int, *, band: bool = True,
         **place: int | bool) -> None:  # fmt: skip
    """A line with its marks, and a band where there are three points or more."""
    if not points:
        return
    points = sorted(points, key=lambda one: one.tokens)
    x, y = [one.tokens for one in points], [one.value.value for one in points]
    ends = [(one.value.low, one.value.high) for one in points]
    known = [(low, high) for low, high in ends if low is not None and high is not None]
    if band and len(points) > 2 and len(known) == len(points):
        low, high = map(list, zip(*known, strict=True))
        figure.add_scatter(
            x=[*x, *x[::-1]],
            y=[*high, *low[::-1]],
            mode="lines",  # plotly marks the points of short lines
            fill="toself",
            fillcolor=colour(number, 0.12),
            line={"width": 0},
            hoverinfo="skip",
            showlegend=False,
            legendgroup=name,
        )
    words = [
        hover(f"{name}, N = {one.n}", f"solved {one.value.value:.0%} (95 %: {one.value.words('.0%')})",
              f"{one.tokens:,.0f} tokens per problem")
        for one in points
    ]  # fmt: skip
    figure.add_scatter(
        x=x,
        y=y,
        name=name,
        mode="lines+markers",
        legendgroup=name,
        line={"color": colour(number)},
        marker={"symbol": SYMBOLS[number % len(SYMBOLS)], "size": 7},
        hovertext=words,
        hoverinfo="text",
        **place,
    )
