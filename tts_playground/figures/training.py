"""Figures of training runs: loss against step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from tts_playground.figures.theme import colour, empty, themed


def losses(runs: Mapping[str, Sequence[Sequence[float]]], *, title: str = "") -> go.Figure:
    """Loss curves by the name of the run, each a list of (step, loss in nats)."""
    shown = {name: rows for name, rows in runs.items() if len(rows)}
    if not shown:
        return empty("No steps yet.")
    figure = go.Figure()
    for number, (name, rows) in enumerate(shown.items()):
        figure.add_scatter(
            x=[row[0] for row in rows],
            y=[row[1] for row in rows],
            mode="lines+markers" if len(rows) <= 40 else "lines",
            line={"color": colour(number), "width": 2.5},
            name=name,
            showlegend=len(shown) > 1,
            hovertemplate="step %{x}<br>loss %{y:.4f}<extra></extra>",
        )
    return themed(figure, x="step", y="loss of the program's tokens, nats", title=title)
