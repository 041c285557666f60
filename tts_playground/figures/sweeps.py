"""Figures of a sweep: a curve per cell, and diversity against reward."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from tts_playground.experiments.sweeps import SweepCell
from tts_playground.figures.theme import AXES, colour, empty, hover, log2_axis, steady, themed

DASHES = ("dot", "dash", "solid", "dashdot", "longdash")


def sweep_curves(cells: Sequence[SweepCell], measure: str, *, title: str = "", only: float | None = None) -> go.Figure:
    """Best-of-N of every cell: a colour per guidance, a dash per temperature.

    Args:
        only: the one guidance whose lines are drawn, in a colour per temperature; None draws all.
    """
    if not cells:
        return empty("No sweep yet.")
    guidances = sorted({cell.cfg for cell in cells})
    temperatures = sorted({cell.temperature for cell in cells})
    figure = go.Figure()
    for place, cell in enumerate(cells):
        if only is not None and cell.cfg != only:
            continue
        number = guidances.index(cell.cfg) if only is None else temperatures.index(cell.temperature)
        curve = cell.curve(measure)
        points = zip(curve.n.tolist(), curve.mean.tolist(), strict=True)
        figure.add_scatter(
            x=curve.n,
            y=curve.mean,
            mode="lines",
            line={
                "color": colour(number),
                "width": 2,
                "dash": "solid" if only is not None else _dash(temperatures.index(cell.temperature)),
            },
            name=f"T {cell.temperature:g}",
            text=[hover(f"<b>{cell.name}</b>", f"draw {n}, keep one: {value:.4g}") for n, value in points],
            hovertemplate="%{text}<extra></extra>",
            showlegend=only is not None,
            meta={"marks": f"cell-{place}"},
        )
    for number, cfg in enumerate(guidances if only is None else ()):
        _key(figure, f"CFG {cfg:g}", colour(number), "solid")
    for number, temperature in enumerate(temperatures if only is None else ()):
        _key(figure, f"T {temperature:g}", "#7a7a7a", _dash(number))
    themed(figure, x=AXES["n"], y=measure, title=title)
    steady(figure, [reward for cell in cells for reward in cell.rewards])
    return log2_axis(figure, 1.0, float(max(len(cell.rewards) for cell in cells)))


def sweep_map(cells: Sequence[SweepCell], measure: str, *, best: bool = False, title: str = "") -> go.Figure:
    """Every cell as a field: temperature down, guidance across; its colour is what one draw gives, or its best."""
    if not cells:
        return empty("No sweep yet.")
    guidances = sorted({cell.cfg for cell in cells})
    temperatures = sorted({cell.temperature for cell in cells})
    places = {(cell.temperature, cell.cfg): place for place, cell in enumerate(cells)}
    rows = [[places.get((t, cfg)) for cfg in guidances] for t in temperatures]

    def value(place: int | None) -> float | None:
        return None if place is None else float((max if best else np.mean)(cells[place].rewards))

    what = f"best of {len(cells[0].rewards)}" if best else "one draw"
    shown = [[value(place) for place in row] for row in rows]
    figure = go.Figure(
        go.Heatmap(
            x=[f"{cfg:g}" for cfg in guidances],
            y=[f"{t:g}" for t in temperatures],
            z=shown,
            text=[["" if v is None else f"{v:.2f}" for v in row] for row in shown],
            texttemplate="%{text}",
            textfont={"size": 11},
            colorscale="Viridis",
            colorbar={"thickness": 10, "outlinewidth": 0},
            hovertemplate=f"T %{{y}}, CFG %{{x}}: {what} %{{z:.3g}}<extra></extra>",
            meta={"marks": [], "grid": [[f"cell-{place}" for place in row] for row in rows]},
        )
    )
    themed(figure, x="CFG: guidance", y="temperature", title=title)
    figure.update_layout(height=300)
    figure.update_xaxes(type="category", showgrid=False)
    return figure.update_yaxes(type="category", autorange="reversed", showgrid=False)


def _dash(number: int) -> str:
    return DASHES[number % len(DASHES)]


def _key(figure: go.Figure, name: str, tint: str, dash: str) -> None:
    figure.add_scatter(x=[None], y=[None], mode="lines", name=name, line={"color": tint, "width": 2, "dash": dash})


def diversity_against_reward(cells: Sequence[SweepCell], measure: str, *, title: str = "") -> go.Figure:
    """Every cell as a line from what one draw gives to what its best gives, at its diversity: the room to choose.

    A colour per temperature.
    """
    if not cells:
        return empty("No sweep yet.")
    temperatures = sorted({cell.temperature for cell in cells})
    figure = go.Figure()
    for number, temperature in enumerate(temperatures):
        row = [cell for cell in cells if cell.temperature == temperature]
        means, bests = [float(np.mean(c.rewards)) for c in row], [max(c.rewards) for c in row]
        x: list[float | None] = []
        y: list[float | None] = []
        for cell, mean, best in zip(row, means, bests, strict=True):
            x += [cell.diversity, cell.diversity, None]
            y += [mean, best, None]
        tint = colour(number)
        figure.add_scatter(x=x, y=y, mode="lines", line={"color": tint, "width": 1}, hoverinfo="skip", showlegend=False)
        for values, symbol, what, legend in (
            (means, "circle-open", "one draw", False),
            (bests, "circle", "best of the cell", True),
        ):
            figure.add_scatter(
                x=[cell.diversity for cell in row],
                y=values,
                mode="markers",
                marker={"color": tint, "size": 9, "symbol": symbol},
                name=f"T {temperature:g}",
                text=[
                    hover(f"<b>{c.name}</b>", f"{what}: {v:.4g}", f"entropy {c.entropy:.2g} nats a token")
                    for c, v in zip(row, values, strict=True)
                ],
                hovertemplate="%{text}<extra></extra>",
                showlegend=legend,
                meta={"marks": [f"cell-{cells.index(cell)}" for cell in row]},
            )
    x_words = "diversity (0: all the same); open: one draw, filled: best"
    themed(figure, x=x_words, y=measure, title=title)
    return steady(figure, [reward for cell in cells for reward in cell.rewards])
