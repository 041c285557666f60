"""Figures of scores: how they are spread, and how two rewards agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from tts_playground.errors import BadInput
from tts_playground.estimators.curves import Floats
from tts_playground.estimators.fits import correlation
from tts_playground.estimators.intervals import Interval
from tts_playground.figures.theme import INK, colour, empty, themed


def histogram(
    scores: Sequence[float] | Mapping[str, Sequence[float]], *, measure: str = "reward", title: str = ""
) -> go.Figure:
    """How the scores of a pool are spread, with the mean (what one draw gives) as a line; several pools overlaid."""
    pools = dict(scores) if isinstance(scores, Mapping) else {measure: scores}
    pools = {name: np.asarray(values, dtype=np.float64) for name, values in pools.items() if len(values)}
    if not pools:
        return empty("No scores yet.")
    together = np.concatenate(list(pools.values()))
    edges = edges_of(together)
    figure = go.Figure()
    for number, (name, values) in enumerate(pools.items()):
        counts, _ = np.histogram(values, edges)
        words = f"%{{y}} of {len(values)} samples score between %{{customdata[0]:.3g}} and %{{customdata[1]:.3g}}"
        figure.add_bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=counts,
            width=np.diff(edges),
            marker={"color": colour(number, 0.55), "line": {"color": colour(number), "width": 1}},
            name=name,
            customdata=np.stack([edges[:-1], edges[1:]], axis=1),
            hovertemplate=words + f"<extra>{name}</extra>",
            meta={"marks": [f"bar-{place}" for place in range(len(counts))]},
        )
        figure.add_vline(x=float(values.mean()), line={"color": colour(number), "dash": "dot", "width": 2})
    figure.update_layout(barmode="overlay", showlegend=len(pools) > 1, bargap=0)
    return themed(figure, x=f"{measure} (dotted: the mean, what one draw gives)", y="samples", title=title)


def edges_of(scores: Floats) -> Floats:
    """Where bins end; equal scores stand in the middle one of a few."""
    middle = float(scores.mean())
    room = 0.1 * max(1.0, abs(middle))
    if np.ptp(scores) < 1e-6 * room:
        return middle + np.linspace(-room, room, 10)
    # Freedman and Diaconis's width breaks down where most scores are equal, so the number of bins is bounded
    return np.histogram_bin_edges(scores, bins=int(np.clip(np.sqrt(len(scores)) * 1.5, 8, 60)))


def scatter(
    first: Sequence[float],
    second: Sequence[float],
    *,
    names: tuple[str, str] = ("reward 1", "reward 2"),
    title: str = "",
) -> go.Figure:
    """One dot a sample, one reward on each axis, with Pearson's and Spearman's correlation and their 95 % intervals.

    Raises:
        BadInput: the two lists are not equally long.
    """
    if len(first) != len(second):
        raise BadInput(f"Both rewards must score the same samples; got {len(first)} and {len(second)} scores.")
    if not len(first):
        return empty("No scores yet.")
    figure = go.Figure(
        go.Scatter(
            x=list(first),
            y=list(second),
            mode="markers",
            marker={"size": 7, "color": colour(0, 0.6)},
            text=[f"sample {i}" for i in range(len(first))],
            hovertemplate=f"%{{text}}<br>{names[0]} %{{x:.4g}}<br>{names[1]} %{{y:.4g}}<extra></extra>",
        )
    )
    themed(figure, x=names[0], y=names[1], title=title)
    return figure.add_annotation(
        text=_agreement(first, second),
        showarrow=False,
        xref="paper",
        yref="paper",
        x=0.01,
        y=1,
        yanchor="bottom",
        align="left",
        font={"color": INK, "size": 12},
    ).update_layout(margin={"t": 74 if title else 54})


def _agreement(first: Sequence[float], second: Sequence[float]) -> str:
    if len(first) < 4:
        return "correlation: needs at least 4 samples"
    found = correlation(first, second)
    if found.pearson is None or found.spearman is None:
        return "correlation: undefined, one of the<br>rewards is the same everywhere"
    return ";<br>".join(_words(name, r) for name, r in (("Pearson", found.pearson), ("Spearman", found.spearman)))


def _words(name: str, r: Interval) -> str:
    return f"{name} {r.value:.2f} ({r.words('.2f')})"
