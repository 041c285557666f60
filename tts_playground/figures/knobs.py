"""What guidance and temperature do, in four panels each: pass rate, CLIP score, diversity and entropy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from tts_playground.figures.theme import GRID, colour, themed

PANELS = {
    "pass rate": "geneval_single_{}",
    "CLIP score": "clip_score_{}",
    "diversity": "diversity_{}",
    "entropy, nats a token": "entropy_{}",
}
"""what a panel shows -> the name of its numbers, by cell"""
CROWDED = (3.0, 7.5)
"""guidances whose labels would stand in their neighbours'"""


def knobs_figure(
    numbers: Mapping[str, Mapping[str, Any]], guidances: Sequence[float], temperatures: Sequence[float]
) -> go.Figure:
    """The numbers of ``eval stickers`` against guidance (upper row) and against temperature (lower row).

    Args:
        numbers: name -> value, low, high; names as ``evaluation.sticker_knobs`` gives them. Missing ones are left out.
        guidances: 1 and more, drawn on a logarithmic axis, at temperature 1.
        temperatures: at the model's own guidance.
    """
    figure = make_subplots(2, len(PANELS), column_titles=list(PANELS), horizontal_spacing=0.06, vertical_spacing=0.2)
    themed(figure, x="", y="")
    for row, (prefix, values) in enumerate((("cfg", guidances), ("t", temperatures)), start=1):
        for column, name in enumerate(PANELS.values(), start=1):
            got = {one: numbers[key] for one in values if (key := name.format(f"{prefix}{one:g}")) in numbers}
            figure.add_trace(_line(got, column - 1), row=row, col=column)
        words = ["" if prefix == "cfg" and one in CROWDED else f"{one:g}" for one in values]
        figure.update_xaxes(row=row, tickvals=list(values), ticktext=words, tickangle=0, gridcolor=GRID)
        figure.update_xaxes(row=row, title_text="guidance" if prefix == "cfg" else "temperature")
    figure.update_xaxes(row=1, type="log")
    figure.update_yaxes(gridcolor=GRID, rangemode="tozero", nticks=5)
    figure.update_layout(showlegend=False, font_size=11, margin={"l": 12, "r": 12, "t": 40, "b": 12})
    return figure


def _line(got: Mapping[float, Mapping[str, Any]], number: int) -> go.Scatter:
    lows, highs = ([_gap(one, end) for one in got.values()] for end in ("low", "high"))
    return go.Scatter(
        x=list(got),
        y=[one["value"] for one in got.values()],
        error_y={"type": "data", "array": highs, "arrayminus": lows, "thickness": 1.5, "width": 3},
        mode="lines+markers",
        line={"color": colour(number)},
    )


def _gap(one: Mapping[str, Any], end: str) -> float:
    return 0.0 if one.get(end) is None else abs(one[end] - one["value"])
