"""What evaluations of a denoiser buy: more denoising steps against search, and strategies at equal evaluations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from tts_playground.figures.theme import GRID, INK, colour, themed

Numbers = Mapping[str, Mapping[str, Any]]


def flow_figure(
    numbers: Numbers, steps: Sequence[int], searched: Sequence[int], strategies: Sequence[str], usual: int
) -> go.Figure:
    """The numbers of ``eval flow``: pass rates with 95 % intervals; those that are missing are left out.

    Args:
        numbers: name -> value, low, high; names as ``evaluation.flow`` gives them.
        steps: denoising steps of one picture (left panel, against the evaluations that they take).
        searched: candidates of best-of-N at ``usual`` steps each (left panel).
        strategies: names of the right panel, beside best-of-N.
        usual: the pipeline's own denoising steps.
    """
    titles = ["more steps, or more candidates", "strategies at equal evaluations"]
    figure = make_subplots(1, 2, column_titles=titles, horizontal_spacing=0.12, shared_yaxes=True)
    themed(figure, x="", y="")
    lines = (
        ("one picture in more steps", {2 * one: f"steps_{one}" for one in steps}),
        ("best-of-N by CLIP", {2 * usual * one: f"search_n{one}" for one in searched}),
    )
    for number, (name, places) in enumerate(lines):
        got = {at: numbers[key] for at, key in places.items() if key in numbers}
        figure.add_trace(_points(list(got), list(got.values()), number, name, "lines+markers"), row=1, col=1)
    shown = [name for name in ("best-of-n", *strategies) if f"search_{name}" in numbers]
    told = [numbers[f"search_{name}"] for name in shown]
    figure.add_trace(_points(shown, told, 2, "", "markers"), row=1, col=2)
    figure.update_xaxes(gridcolor=GRID)
    ticks = sorted({at for _, places in lines for at in places})  # few, each the place of a point
    figure.update_xaxes(
        row=1,
        col=1,
        type="log",
        title_text="evaluations of the denoiser, guided ones twice",
        tickvals=ticks,
        ticktext=[str(at) for at in ticks],
    )
    figure.update_yaxes(gridcolor=GRID)
    figure.update_yaxes(row=1, col=1, title_text="GenEval-style pass rate")
    if shown and shown[0] == "best-of-n":
        where: dict[str, Any] = {"row": 1, "col": 2}
        figure.add_hline(told[0]["value"], line={"color": INK, "dash": "dot", "width": 1}, **where)
    return figure.update_layout(font_size=12, margin={"l": 12, "r": 12, "t": 40, "b": 12})


def _points(x: list[Any], found: list[Mapping[str, Any]], number: int, name: str, mode: str) -> go.Scatter:
    lows, highs = ([_gap(one, end) for one in found] for end in ("low", "high"))
    return go.Scatter(
        x=x,
        y=[one["value"] for one in found],
        error_y={"type": "data", "array": highs, "arrayminus": lows, "thickness": 1.5, "width": 3},
        mode=mode,
        line={"color": colour(number)},
        marker={"color": colour(number), "size": 8},
        name=name,
        showlegend=bool(name),
    )


def _gap(one: Mapping[str, Any], end: str) -> float:
    return 0.0 if one.get(end) is None else abs(one[end] - one["value"])
