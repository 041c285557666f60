"""Figures of curves: best-of-N against N or cost, proxy beside gold, and over-optimisation against sqrt(KL)."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from tts_playground.errors import BadInput
from tts_playground.estimators.curves import Curve, Floats, kl_bound
from tts_playground.estimators.fits import fit_over_optimisation
from tts_playground.estimators.intervals import between
from tts_playground.figures.places import of_curves
from tts_playground.figures.theme import (
    AXES,
    GRID,
    INK,
    called,
    check_axis,
    colour,
    empty,
    hover,
    log2_axis,
    short,
    steady,
    themed,
)


def best_of_n(*curves: Curve, axis: str = "n", at: int | None = None, title: str = "", measure: str = "") -> go.Figure:
    """Curves from pools with their 95 % bands (where there are any), faint where N > M/2, dashed where an oracle chose.

    Args:
        axis: "n", or a cost ("tokens", "renders", "verifier_calls", "seconds"): N times what one candidate costs.
        at: an N to mark with a vertical line (on the N axis).
        measure: what stands beside the y axis; by default what the first curve measures.
    """
    shown = [curve for curve in curves if check_axis(axis) == "n" or curve.unit.get(axis, 0) > 0]
    if not shown:
        what = f"None of these candidates cost any {AXES[axis]}; choose another axis." if curves else "No samples yet."
        return empty(what)
    figure = go.Figure()
    places = of_curves([curve.label for curve in shown])
    for place, curve in zip(places, shown, strict=True):
        add_curve(figure, curve, along(curve, axis), place, axis)
    ends = np.concatenate([along(curve, axis)[[0, -1]] for curve in shown])
    themed(figure, x=AXES[axis], y=measure or shown[0].measure, title=title)
    log2_axis(figure, float(ends.min()), float(ends.max()))
    steady(figure, heights(*shown))
    if at is not None and axis == "n":
        figure.add_vline(x=at, line={"color": INK, "dash": "dot", "width": 1})
        within = {place: curve for place, curve in zip(places, shown, strict=True) if curve.n[0] <= at <= curve.n[-1]}
        figure.add_scatter(
            x=[at] * len(within),
            y=[curve.at(at) for curve in within.values()],
            mode="markers",
            marker={"size": 9, "color": [colour(place) for place in within]},
            hoverinfo="skip",
            showlegend=False,
            name=f"N = {at}",
        )
    pools = sorted({curve.pool_size for curve in shown if curve.pool_size})  # a fitted law has none
    size = "pool of " + " to ".join(map(str, dict.fromkeys((pools[0], pools[-1])))) if pools else ""
    band = "shaded: 95 % band" if any(curve.low is not None for curve in shown) else ""
    faint = "faint: N is more than half of the pool" if pools else ""
    figure.layout.meta = {"caption": "; ".join(part for part in (size, band, faint) if part)}
    return figure


def mark_of(label: str) -> str:
    """The name under which a curve and what else is about the same thing light up together: one word."""
    return "line-" + "-".join(re.findall(r"[a-z0-9]+", label.lower()))


def along(curve: Curve, axis: str) -> Floats:
    """[n_N] where the points of a curve lie on a cost axis."""
    return curve.n.astype(np.float64) * (1.0 if axis == "n" else float(curve.unit[axis]))


def heights(*curves: Curve) -> Floats:
    """All that curves and their bands reach."""
    parts = [part for curve in curves for part in (curve.mean, curve.low, curve.high) if part is not None]
    reached = np.concatenate(parts)
    return reached[np.isfinite(reached)]


def add_curve(
    figure: go.Figure, curve: Curve, x: Floats, number: int, axis: str, yaxis: str = "y", tokens: str = ""
) -> None:
    """Draw one curve: band, then the trusted part, then the faint part beyond half of the pool."""
    group, name = f"curve {number}", curve.label + (" (oracle)" if curve.oracle else "")
    texts = np.array([_words(curve, i, x[i], axis, tokens) for i in range(len(curve.n))])
    trusted = max(1, int((curve.n <= max(1, curve.pool_size / 2)).sum()))
    parts = [(slice(0, trusted), 1.0, True), (slice(trusted - 1, None), 0.3, False)]
    for part, strength, legend in parts if trusted < len(curve.n) else parts[:1]:
        known = _known(curve)[part]
        if known.sum() > 1:
            ends = np.array(curve.low), np.array(curve.high)
            at, low, high = (values[part][known] for values in (x, *ends))
            figure.add_scatter(
                x=np.concatenate([at, at[::-1]]),
                y=np.concatenate([high, low[::-1]]),
                fill="toself",
                fillcolor=colour(number, 0.18 * strength),
                line={"width": 0},
                mode="lines",
                hoverinfo="skip",
                legendgroup=group,
                showlegend=False,
                name=f"95 % band of {name}",
                yaxis=yaxis,
            )
        figure.add_scatter(
            x=x[part],
            y=curve.mean[part],
            mode="lines+markers" if len(curve.n) <= 16 else "lines",
            line={"color": colour(number, strength), "width": 2.5, "dash": "dash" if curve.oracle else "solid"},
            marker={"size": 5},
            name=name,
            text=texts[part],
            hovertemplate="%{text}<extra></extra>",
            legendgroup=group,
            showlegend=legend,
            yaxis=yaxis,
            meta={"marks": [f"n-{n} {mark_of(curve.label)}" for n in curve.n[part].tolist()]},
        )


def _known(curve: Curve) -> NDArray[np.bool_]:
    """[n_N] where the curve has a band."""
    if curve.low is None or curve.high is None:
        return np.zeros(len(curve.n), dtype=bool)
    return np.isfinite(curve.low) & np.isfinite(curve.high)


def _words(curve: Curve, i: int, x: float, axis: str, tokens: str = "") -> str:
    n, prompts = int(curve.n[i]), f", mean of {curve.prompts} prompts" if curve.prompts > 1 else ""
    band = ""
    if curve.low is not None and curve.high is not None:
        band = f"95 % band {between(curve.low[i], curve.high[i], '.3g')}"
    return hover(
        f"<b>{curve.label}</b>",
        f"draw {n}, keep one: {curve.measure} {curve.mean[i]:.4g}{prompts}",
        band,
        "" if axis == "n" else f"at about {short(x)} {called(axis, tokens)}",
        f"over every choice of {n} out of the {curve.pool_size} samples drawn",
        "the choice looks at the answer: a ceiling" if curve.oracle else "",
        "beyond half of the pool: leans on few samples" if n > curve.pool_size / 2 else "",
    )


def two_axes(left: Curve, right: Curve, *, title: str = "") -> go.Figure:
    """Two measures of the same choice against N, each on its own axis: what the reward says, and what is true."""
    figure = go.Figure()
    add_curve(figure, left, along(left, "n"), 0, "n")
    add_curve(figure, right, along(right, "n"), 1, "n", yaxis="y2")
    themed(figure, x=AXES["n"], y=left.measure, title=title)
    log2_axis(figure, 1.0, float(max(left.n[-1], right.n[-1])))
    steady(figure, heights(left))
    figure.update_layout(
        yaxis={"title": {"font": {"color": colour(0)}}},
        yaxis2={
            "title": {"text": right.measure, "font": {"color": colour(1), "size": 13}, "standoff": 8},
            "overlaying": "y",
            "side": "right",
            "tickmode": "auto",
            "showgrid": False,
            "zeroline": False,
            "linecolor": GRID,
            "automargin": True,
        },
    )
    return steady(figure, heights(right), "yaxis2")


def over_optimisation(proxy: Curve, *gold: Curve, title: str = "", law: bool = True) -> go.Figure:
    """Proxy and gold reward of the proxy's pick against sqrt(KL) from the base (Gao et al. 2023), with the fitted law.

    Each gold curve measures the pick of the same proxy. A dotted vertical line marks where the fit says that more
    candidates begin to hurt; ``law=False`` fits nothing, for curves that are no more than noise.

    Raises:
        BadInput: there is no gold curve.
    """
    if not gold:
        raise BadInput("Over-optimisation compares the proxy with at least one gold curve.")
    figure = go.Figure()
    curves: Sequence[Curve] = (proxy, *gold)
    for number, curve in enumerate(curves):
        add_curve(figure, curve, np.sqrt(kl_bound(curve.n)), number, "n")
    for number, curve in enumerate(gold, start=1):
        if not law or curve.n[0] != 1 or len(curve.n) < 3:
            continue
        fitted = fit_over_optimisation(curve)
        d = np.sqrt(kl_bound(curve.n))
        figure.add_scatter(
            x=d,
            y=fitted(d),
            mode="lines",
            line={"color": colour(number), "width": 1, "dash": "dot"},
            name=f"fit: d({fitted.alpha:.3g} {'-' if fitted.beta >= 0 else '+'} {abs(fitted.beta):.3g} d)",
            hoverinfo="skip",
        )
        if 0 < fitted.peak < d[-1]:
            figure.add_vline(x=fitted.peak, line={"color": colour(number), "dash": "dot", "width": 1})
    themed(figure, x="d = sqrt(KL from the base), nats^0.5 (upper bound)", y=proxy.measure, title=title)
    return steady(figure, heights(*curves))
