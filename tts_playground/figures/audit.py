"""Figures of the random-choice audit: picks against fair, effects as dots, a heat map, what draws buy, calibrations."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go

from tts_playground import files
from tts_playground.estimators.curves import Floats
from tts_playground.figures.theme import GRID, INK, colour, empty, error_bars, hover, log2_axis, themed

LETTERS = ("red", "green", "blue", "yellow")
COLOURS_IN_WORDS = {name[0].upper(): name for name in LETTERS}
PLACES = ("left", "centre", "right"), ("top", "middle", "bottom")


def mark_of(factor: str, level: str) -> str:
    """The name under which a level's bar, dot, cell and sentence light up together: one word."""
    return f"{factor}-{level}".replace(" ", "-")


def picks(
    bars: Sequence[Any], *, factor: str = "digit", title: str = "", loud: Mapping[str, int] | None = None
) -> go.Figure:
    """Share of picks of cells with each level, against uniform and the band that holds 99 % of fair choosers.

    Args:
        bars: with level, share, fair, low, high, cells (``auditing.report.Bar``).
        loud: level -> 1 or -1 where its effect, adjusted for all factors, is one of those that a verdict speaks of:
            these have a colour.
    """
    if not bars:
        return empty("Nothing was chosen yet.")
    levels = [bar.level for bar in bars]
    figure = go.Figure()
    sides = [(loud or {}).get(bar.level, 0) for bar in bars]
    colours = [1 if side > 0 else 5 if side < 0 else -1 for side in sides]
    figure.add_bar(
        x=levels,
        y=[bar.share for bar in bars],
        marker={"color": [INK if number < 0 else colour(number) for number in colours]},
        customdata=[[bar.cells, bar.low, bar.high] for bar in bars],
        hovertemplate="chosen %{y:.1%} of the time in %{customdata[0]} pictures<br>"
        "fair choosers: %{customdata[1]:.1%} to %{customdata[2]:.1%}<extra>%{x}</extra>",
        meta={"marks": [mark_of(factor, level) for level in levels]},
        showlegend=False,
    )
    figure.add_scatter(
        x=levels,
        y=[bar.fair for bar in bars],
        mode="markers",
        marker={"symbol": "line-ew", "size": 26, "line": {"width": 1.5, "color": INK}},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [bar.high - bar.fair for bar in bars],
            "arrayminus": [bar.fair - bar.low for bar in bars],
            "color": INK,
            "width": 8,
        },
        name="fair, with 99 % of fair choosers",
        hoverinfo="skip",
    )
    figure.update_xaxes(type="category")
    themed(figure, x=factor, y="share of picks when shown", title=title)
    return figure.update_yaxes(rangemode="tozero", tickformat=".0%")


def effects(
    found: Sequence[Any],
    *,
    small: float = 0.0,
    title: str = "",
    fair: Mapping[tuple[str, str], float] | None = None,
    samples: int = 0,
) -> go.Figure:
    """Every level's effect in probability as a dot with its 95 % interval; the grey strip is what counts as small.

    Args:
        found: with factor, level, estimate, low, high, ratio, cells (``auditing.effects.Effect``).
        fair: (factor, level) -> how far from 0 those of 99 % of fair choosers lie at ``samples`` draws.
    """
    if not found:
        return empty("Effects need at least two different pictures.")
    figure = go.Figure()
    factors = list(dict.fromkeys(effect.factor for effect in found))
    if fair:
        _fair_bars(figure, found, fair, samples)
    for number, factor in enumerate(factors):
        own = [effect for effect in found if effect.factor == factor]
        figure.add_scatter(
            x=[effect.estimate for effect in own],
            y=[_row(effect) for effect in own],
            mode="markers",
            marker={"size": 8, "color": colour(number)},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [effect.high - effect.estimate for effect in own],
                "arrayminus": [effect.estimate - effect.low for effect in own],
                "thickness": 1.5,
                "width": 3,
            },
            text=[_effect_words(effect) for effect in own],
            hovertemplate="%{text}<extra></extra>",
            name=factor,
            meta={"marks": [mark_of(effect.factor, effect.level) for effect in own]},
        )
    if small:
        figure.add_vrect(x0=-small, x1=small, fillcolor=GRID, line_width=0, layer="below")
    figure.add_vline(x=0, line={"color": INK, "width": 1})
    themed(figure, x="effect on the probability of being chosen", y="factor and level", title=title)
    figure.update_yaxes(autorange="reversed", type="category", dtick=1, tickfont={"size": 11})
    return figure.update_layout(height=130 + 19 * len(found)).update_xaxes(tickformat="+.0%")


def _row(effect: Any) -> str:
    return f"{effect.factor} {COLOURS_IN_WORDS.get(effect.level, effect.level)}"


def _fair_bars(figure: go.Figure, found: Sequence[Any], fair: Mapping[tuple[str, str], float], samples: int) -> None:
    """Behind every dot the stretch on which a fair chooser's would lie."""
    reach = [fair.get((effect.factor, effect.level), 0.0) for effect in found]
    figure.add_scatter(
        x=[0.0] * len(found),
        y=[_row(effect) for effect in found],
        mode="markers",
        marker={"size": 5, "symbol": "line-ns", "line": {"width": 1, "color": INK}},
        error_x={"type": "data", "array": reach, "color": "rgba(128, 128, 128, 0.6)", "thickness": 7, "width": 0},
        text=[f"fair choosers: within {value:.1%} of 0 at {samples:,} draws" for value in reach],
        hovertemplate="%{text}<extra></extra>",
        name=f"99 % of fair choosers, {samples:,} draws",
    )


def _effect_words(effect: Any) -> str:
    usual = 0.05 <= effect.ratio <= 20
    return hover(
        f"<b>{effect.factor} {effect.level}</b>",
        f"{effect.estimate:+.1%} in probability (95 %: {effect.low:+.1%} to {effect.high:+.1%})",
        f"{effect.ratio:.2f} times as readily as a typical other"
        if usual
        else f"{'hardly ever' if effect.ratio < 1 else 'nearly always'} chosen beside a typical other",
        f"{effect.cells} cells",
    )


def heat(
    ratio: Floats,
    cells: Floats,
    *,
    title: str = "",
    reach: Floats | None = None,
    grid: Sequence[Sequence[str]] | None = None,
) -> go.Figure:
    """Where picks fall on the grid: [3, 3] how often a cell there is chosen over fair; empty where none stood.

    Args:
        reach: [3, 3] how far from 1 the cells of 99 % of fair choosers lie. grid: the marks of the cells (``mark_of``).
    """
    if not np.isfinite(ratio).any():
        return empty("Nothing was chosen yet.")
    spread = max(0.1, float(np.nanmax(np.abs(np.log2(np.maximum(ratio, 1e-3))))))
    words = [
        ["" if not n else f"{r:.2f} ×" for r, n in zip(*rows, strict=True)] for rows in zip(ratio, cells, strict=True)
    ]
    figure = go.Figure(
        go.Heatmap(
            z=np.log2(np.maximum(ratio, 1e-3)),
            x=PLACES[0],
            y=PLACES[1],
            text=words,
            texttemplate="%{text}",
            textfont={"size": 15},
            customdata=np.stack([cells, np.zeros((3, 3)) if reach is None else reach], axis=-1),
            hovertemplate="%{text} fair, in %{customdata[0]:.0f} pictures<br>"
            "fair choosers: 1 ± %{customdata[1]:.2f}<extra>%{y} %{x}</extra>",
            meta={"grid": [list(row) for row in grid], "marks": []} if grid else None,
            zmin=-spread,
            zmax=spread,
            colorscale=[[0, "#4a9bd1"], [0.5, "#b9b9b9"], [1, "#e8904e"]],
            showscale=False,
            xgap=4,
            ygap=4,
        )
    )
    themed(figure, x="column of the grid", y="row of the grid", title=title)
    return figure.update_yaxes(autorange="reversed", showgrid=False, scaleanchor="x").update_xaxes(
        showgrid=False, constrain="domain"
    )


def draws(
    n: Sequence[int],
    noticed: Floats,
    measured: Floats,
    floor: Floats,
    true: float,
    *,
    at: int | None = None,
    title: str = "",
    alarms: float = 0.0,
) -> go.Figure:
    """What more draws a picture buy: the chance that the test notices, and raw Cramer's V beside its noise.

    Args:
        noticed: [n] chance that the chi-square test of n draws rejects, mean over pictures.
        measured: [n] raw Cramer's V to expect. floor: [n] that of a fair chooser. true: without noise.
        at: an N to mark. alarms: chance that the test objects to a fair chooser.
    """
    figure = go.Figure()
    lines = [
        ("chance that a test notices", noticed, 0, "solid"),
        ("Cramer's V, as measured", measured, 1, "solid"),
        ("Cramer's V of a fair chooser", floor, 2, "dot"),
    ]
    if alarms:
        lines.insert(1, ("chance that it objects to a fair chooser", np.full(len(n), alarms), 0, "dot"))
    for name, values, number, dash in lines:
        figure.add_scatter(
            x=list(n),
            y=values,
            name=name,
            mode="lines",
            line={"color": colour(number), "width": 2.5, "dash": dash},
            hovertemplate="N = %{x}: %{y:.3f}<extra>" + name + "</extra>",
        )
    figure.add_hline(y=true, line={"color": colour(1), "width": 1, "dash": "dash"})
    themed(figure, x="draws a picture, N", y="chance, or Cramer's V", title=title)
    log2_axis(figure, float(min(n)), float(max(n)))
    if at is not None:
        figure.add_vline(x=at, line={"color": INK, "dash": "dot", "width": 1})
    return figure.update_yaxes(range=[0, 1.03])


def calibrations(found: Sequence[Any], *, title: str = "", fair: float | None = None, samples: int = 0) -> go.Figure:
    """Distance from uniform before and after each calibration, on pictures that it was not fitted on.

    Args:
        found: with name, distance (an ``Interval``), ceiling (``auditing.calibration.Calibrated``).
        fair: how far from uniform ``samples`` draws of a fair chooser are, to stand beside them; of 0 draws, its
            exact chances.
    """
    if not found:
        return empty("Calibrations need at least two layouts.")
    figure = go.Figure()
    for name, ceiling, symbol in (("on other pictures", False, "circle"), ("oracle: a ceiling", True, "circle-open")):
        own = [one for one in found if one.ceiling == ceiling]
        figure.add_scatter(
            x=[one.distance.value for one in own],
            y=[one.name for one in own],
            mode="markers",
            marker={"size": 10, "symbol": symbol, "color": colour(0 if not ceiling else 3)},
            error_x=error_bars([one.distance for one in own]),
            name=name,
            cliponaxis=False,
            hovertemplate="%{y}: %{x:.1%} of picks would have to go elsewhere<extra></extra>",
            meta={"marks": [f"calibration-{one.name}" for one in own]},
        )
    if fair is not None:
        figure.add_scatter(
            x=[fair] * len(found),
            y=[one.name for one in found],
            mode="lines",
            line={"color": INK, "dash": "dot", "width": 1.5},
            name=f"a fair chooser's {samples:,} draws" if samples else "a fair chooser",
            hovertemplate="a fair chooser: %{x:.1%}<extra></extra>",
        )
    themed(figure, x="distance from uniform (total variation)", y="calibration", title=title)
    figure.update_yaxes(autorange="reversed", type="category", categoryarray=[one.name for one in found])
    return figure.update_xaxes(tickformat=".0%", rangemode="tozero")


def confusion(table: Floats, *, title: str = "") -> go.Figure:
    """Which colour it names (columns) for the digit it chose, by that digit's true colour (rows): [4, 4]."""
    if not table.any():
        return empty("No colour was asked for.")
    figure = go.Figure(
        go.Heatmap(
            z=table,
            x=LETTERS,
            y=LETTERS,
            text=[[f"{value:.0%}" for value in row] for row in table],
            texttemplate="%{text}",
            hovertemplate="%{y} is called %{x} in %{z:.1%}<extra></extra>",
            zmin=0,
            zmax=1,
            colorscale=[[0, "rgba(128,128,128,0.15)"], [1, "#4a9bd1"]],
            showscale=False,
            xgap=3,
            ygap=3,
        )
    )
    themed(figure, x="colour named", y="colour of the chosen digit", title=title)
    return figure.update_yaxes(autorange="reversed", showgrid=False).update_xaxes(showgrid=False)


def page(figures: Mapping[str, go.Figure], file: Path, title: str, lines: Sequence[str] = ()) -> Path:
    """All figures on one web page that needs no network, under a few lines of text.

    Raises:
        StoreError: the file cannot be written.
    """
    parts = [f"<h1>{html.escape(title)}</h1>", *(f"<p>{html.escape(line)}</p>" for line in lines)]
    for number, (name, figure) in enumerate(figures.items()):
        parts += [f"<h2>{html.escape(name)}</h2>", figure.to_html(full_html=False, include_plotlyjs=number == 0)]
    style = "body{font-family:system-ui,sans-serif;max-width:60rem;margin:1rem auto;padding:0 1rem;line-height:1.5}"
    whole = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{style}</style></head><body>{''.join(parts)}</body></html>"
    )
    files.write_text(file, whole, "The page of figures")
    return file
