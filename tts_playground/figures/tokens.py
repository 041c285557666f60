"""The distribution that one token was drawn from: with the prompt, without it, and guided."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from tts_playground.errors import BadInput
from tts_playground.figures.theme import colour, empty, hover, themed


def token_bars(
    tokens: Sequence[int],
    conditional: Sequence[float],
    unconditional: Sequence[float],
    guided: Sequence[float],
    *,
    drawn: int | None = None,
    title: str = "",
    pictures: Sequence[str] = (),
) -> go.Figure:
    """Probabilities of the likeliest tokens as bars, three a token; the one that was drawn carries a star.

    Args:
        tokens: codebook places, the likeliest under guidance first. The three rows of probabilities go with them.
        drawn: the token that the image has at this place.
        pictures: what each token looks like, as addresses that hold a picture; they stand under the bars.

    Raises:
        BadInput: the rows are not as long as ``tokens``.
    """
    if not tokens:
        return empty("Click on a patch of the image.")
    if not len(tokens) == len(conditional) == len(unconditional) == len(guided):
        raise BadInput("Every token needs a probability with the prompt, without it, and guided.")
    names = [f"★ {token}" if token == drawn else str(token) for token in tokens]
    figure = go.Figure()
    rows = (
        ("with the prompt, T = 1", conditional, 0, 0.55),
        ("without the prompt, T = 1", unconditional, 4, 0.55),
        ("drawn from: guided, with all sliders", guided, 1, 1.0),
    )
    for what, values, number, opacity in rows:
        points = zip(names, values, strict=True)
        figure.add_bar(
            x=names,
            y=list(values),
            name=what,
            marker={"color": colour(number, opacity)},
            text=[hover(f"<b>token {name}</b>", f"{what}: {value:.3g}") for name, value in points],
            textposition="none",
            hovertemplate="%{text}<extra></extra>",
        )
    figure.update_layout(barmode="group", bargap=0.25)
    themed(figure, x="codebook entries, likeliest first (★ the one in the image)", y="probability", title=title)
    for place, source in enumerate(pictures):
        figure.add_layout_image(
            source=source,
            xref="x",
            yref="paper",
            x=place,
            y=-0.02,
            sizex=0.7,
            sizey=0.14,
            xanchor="center",
            yanchor="top",
        )
    if any(pictures):
        figure.update_xaxes(ticklabelstandoff=46)
        figure.update_layout(legend_y=-0.55)
    figure.update_layout(height=400)
    return figure.update_xaxes(type="category", tickfont={"size": 11})
