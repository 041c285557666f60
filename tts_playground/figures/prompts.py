"""One curve a prompt, thin, and their average, thick: what best-of-N buys here and in general."""

from __future__ import annotations

import html
from collections.abc import Sequence

import plotly.graph_objects as go

from tts_playground.estimators.curves import Curve
from tts_playground.figures.lines import add_curve, along, heights
from tts_playground.figures.theme import AXES, INK, colour, empty, hover, log2_axis, steady, themed


def prompts(
    curves: Sequence[tuple[str, Curve]], average: Curve | None = None, *, at: int | None = None, title: str = ""
) -> go.Figure:
    """Best-of-N of several prompts without bands, and their average with its band.

    Args:
        curves: (prompt, its curve).
        at: an N to mark with a vertical line.
    """
    if not curves:
        return empty("No samples yet.")
    figure = go.Figure()
    for number, (name, curve) in enumerate(curves, start=1):
        label = html.escape(name)  # plotly reads a little HTML, and prompts are anybody's
        points = zip(curve.n.tolist(), curve.mean.tolist(), strict=True)
        figure.add_scatter(
            x=curve.n,
            y=curve.mean,
            mode="lines",
            line={"color": colour(number, 0.75), "width": 1.25, "dash": "solid" if number <= 6 else "dot"},
            name=label,
            text=[hover(f"<b>{label}</b>", f"draw {n}, keep one: {value:.4g}") for n, value in points],
            hovertemplate="%{text}<extra></extra>",
        )
    if average is not None:
        add_curve(figure, average, along(average, "n"), 0, "n")
    last = max(int(curve.n[-1]) for _, curve in curves)
    themed(figure, x=AXES["n"], y=curves[0][1].measure, title=title)
    if at is not None and at <= last:
        figure.add_vline(x=at, line={"color": INK, "dash": "dot", "width": 1})
    steady(figure, heights(*(curve for _, curve in curves)))
    return log2_axis(figure, 1.0, float(last))
