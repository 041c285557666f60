"""Figures for answers: the verifier's reliability, and two theory questions as live pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from tts_playground.figures.theme import INK, colour, empty, hover, log2_axis, themed


def reliability_plot(said: ArrayLike, true: ArrayLike, count: ArrayLike, *, title: str = "") -> go.Figure:
    """How often a verifier is right against how sure it is, in bins; the diagonal is a verifier that can be trusted."""
    x, y, sizes = (np.asarray(values, dtype=np.float64) for values in (said, true, count))
    if not len(x):
        return empty("No verified answers with known truth yet.")
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": INK, "dash": "dot"}, name="as sure as right", hoverinfo="skip"
    )
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines+markers",
        line={"color": colour(0)},
        marker={"size": 6 + 18 * np.sqrt(sizes / sizes.max()), "opacity": 0.7},
        name="verifier",
        text=[
            hover(f"says {a:.2f}, is right {b:.2f}", f"{int(c)} answers") for a, b, c in zip(x, y, sizes, strict=True)
        ],
        hovertemplate="%{text}<extra></extra>",
    )
    figure.update_yaxes(range=[-0.03, 1.03])
    return themed(figure, x="P(yes) said", y="share that is right", title=title)


def at_least_once(ps: Sequence[float], most: int = 64, at: int | None = None) -> go.Figure:
    """1 - (1 - p)^N: the chance that at least one of N independent answers is right, for several p."""
    n = np.arange(1, most + 1)
    figure = go.Figure()
    for number, p in enumerate(ps):
        figure.add_scatter(
            x=n,
            y=1 - (1 - p) ** n,
            mode="lines",
            line={"color": colour(number), "width": 2.5},
            name=f"p = {p:g}",
            hovertemplate=f"p = {p:g}, N = %{{x}}: %{{y:.3f}}<extra></extra>",
        )
    if at is not None:
        figure.add_vline(x=at, line={"color": INK, "dash": "dot", "width": 1})
    figure.update_yaxes(range=[0, 1.03])
    themed(figure, x="answers N", y="right at least once: 1 - (1 - p)^N")
    return log2_axis(figure, 1.0, float(most))


def reshaped(
    words: Sequence[str], logits: ArrayLike, temperature: float, top_p: float = 1.0, top_k: int = 0
) -> go.Figure:
    """What temperature, top-p and top-k do to a distribution over the next word: before and after."""
    plain, after = softmax(logits), reshape(logits, temperature, top_p, top_k)
    figure = go.Figure()
    for number, (name, values) in enumerate((("the model's own", plain), ("sampled from", after))):
        figure.add_bar(
            x=list(words),
            y=values,
            name=name,
            marker={"color": colour(number, 0.45 if number == 0 else 1.0)},
            hovertemplate="%{x}: %{y:.3f}<extra>" + name + "</extra>",
        )
    figure.update_layout(barmode="group")
    figure.update_yaxes(range=[0, 1.03])
    return themed(figure, x="next word", y="probability")


def softmax(logits: ArrayLike) -> np.ndarray:
    """Probabilities float64 [k]."""
    values = np.asarray(logits, dtype=np.float64)
    weights = np.exp(values - values.max())
    return weights / weights.sum()


def reshape(logits: ArrayLike, temperature: float, top_p: float = 1.0, top_k: int = 0) -> np.ndarray:
    """Temperature (0 is greedy), then top-k, then top-p (Holtzman et al. 2020): probabilities float64 [k]."""
    values = np.asarray(logits, dtype=np.float64)
    probabilities = softmax(values / temperature) if temperature > 0 else (values == values.max()).astype(np.float64)
    order = np.argsort(-probabilities, kind="stable")
    kept = order[: top_k or len(order)]
    part = probabilities[kept] / probabilities[kept].sum()
    kept = kept[np.cumsum(part) - part < top_p] if top_p < 1 else kept
    result = np.zeros_like(probabilities)
    result[kept] = probabilities[kept]
    return result / result.sum()
