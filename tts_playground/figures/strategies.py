"""Strategies at equal cost: adaptive ones as points with error bars, because each budget was a run of its own."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from tts_playground.estimators.curves import Curve
from tts_playground.experiments.comparison import StrategyPoint
from tts_playground.figures.lines import add_curve, along
from tts_playground.figures.places import of_curves, of_strategy
from tts_playground.figures.theme import (
    called,
    check_axis,
    colour,
    empty,
    error_bars,
    hover,
    log2_axis,
    short,
    themed,
)


def strategies(
    points: Sequence[StrategyPoint],
    axis: str = "n",
    curves: Sequence[Curve] = (),
    *,
    title: str = "",
    measure: str = "",
    tokens: str = "",
) -> go.Figure:
    """Adaptive strategies as points over the exact best-of-N curves, on one cost axis.

    Points have 95 % error bars, or none where too few runs stand behind one.

    Args:
        tokens: what a generator's tokens are called where they are none (``theme.EVALUATIONS``).
    """
    check_axis(axis)
    lines = [curve for curve in curves if axis == "n" or curve.unit.get(axis, 0) > 0]
    shown = [point for point in points if point.where(axis) > 0]
    if not lines and not shown:
        return empty(
            f"Nothing here cost any {called(axis, tokens)}; choose another axis." if points else "No runs yet."
        )
    figure = go.Figure()
    for place, curve in zip(of_curves([curve.label for curve in lines]), lines, strict=True):
        add_curve(figure, curve, along(curve, axis), place, axis, tokens=tokens)
    labels = list(dict.fromkeys(point.label for point in shown))
    for number, label in enumerate(labels):
        _add_points(figure, [p for p in shown if p.label == label], axis, number, tokens)
    places = [point.where(axis) for point in shown]
    places += [float(along(curve, axis)[end]) for curve in lines for end in (0, -1)]
    y = measure or (lines[0].measure if lines else "result")
    themed(figure, x=called(axis, tokens), y=y, title=title)
    return log2_axis(figure, min(places), max(places))


def _add_points(figure: go.Figure, points: list[StrategyPoint], axis: str, number: int, tokens: str) -> None:
    first = points[0]
    place, sign = of_strategy(first.label, number)
    symbol = sign + ("-open" if first.oracle else "")
    figure.add_scatter(
        x=[point.where(axis) for point in points],
        y=[point.result.value for point in points],
        mode="markers",
        marker={"size": 10, "symbol": symbol, "color": colour(place)},
        error_y=error_bars([point.result for point in points]),
        name=first.label + (" (oracle)" if first.oracle else ""),
        text=[_words(point, axis, tokens) for point in points],
        hovertemplate="%{text}<extra></extra>",
    )


def _words(point: StrategyPoint, axis: str, tokens: str = "") -> str:
    result = point.result
    return hover(
        f"<b>{point.label}</b>",
        f"reached {result.value:.4g} (95 %: {result.words('.3g')})",
        f"for {short(point.where(axis))} {called(axis, tokens)}, mean of {result.n} runs at this budget",
        point.note,
        "guided by the answer: a ceiling" if point.oracle else "",
    )
