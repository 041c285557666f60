"""One look for all figures: colours that colour-blind readers tell apart, legible on white and on black, and saving."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from tts_playground import files
from tts_playground.errors import BadInput, CannotDo
from tts_playground.estimators.intervals import Interval

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's palette without its black and its yellow, which vanish on a dark and on a light page"""
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "star")
INK = "#7a7a7a"
"""text and axes: 4.3 to 1 against white, 4.4 to 1 against the dark theme's background"""
LINE = 34
"""characters of an axis title before it goes on in a second line"""
GRID = "rgba(128, 128, 128, 0.25)"

AXES = {
    "n": "candidates N",
    "tokens": "generator tokens",
    "renders": "renders",
    "verifier_calls": "verifier calls",
    "seconds": "seconds",
}
"""the cost axes to choose from: their name and what is written under the axis"""


EVALUATIONS = "evaluations of the denoiser"
"""what stands in place of "generator tokens" where pictures are denoised"""


def called(axis: str, tokens: str = "") -> str:
    """What is written under an axis; ``tokens`` is what a generator's tokens are where they are none."""
    return tokens if tokens and axis == "tokens" else AXES[axis]


def check_axis(axis: str) -> str:
    """The axis if there is one of that name; raises BadInput where there is none."""
    if axis not in AXES:
        raise BadInput(f"There is no cost axis {axis!r}; choose one of: {', '.join(AXES)}.")
    return axis


def colour(index: int, opacity: float = 1.0) -> str:
    """The colour of the ``index``-th series; they repeat after six, when symbols and dashes still differ."""
    red, green, blue = (int(COLOURS[index % len(COLOURS)][i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity:g})"


def themed(figure: go.Figure, *, x: str, y: str, title: str = "") -> go.Figure:
    """Give a figure the common look; changes and returns it."""
    x, y = (("<br>".join(wrap(words, LINE)) if words else "") for words in (x, y))  # a phone is 300 pixels wide
    axis = {"gridcolor": GRID, "zeroline": False, "linecolor": GRID, "automargin": True, "title": {"standoff": 8}}
    look: dict[str, Any] = {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": INK, "family": "system-ui, sans-serif", "size": 13},
        "margin": {"l": 8, "r": 8, "t": 44 if title else 16, "b": 8},
        "legend": {"orientation": "h", "y": -0.22, "yanchor": "top", "x": 0, "bgcolor": "rgba(0,0,0,0)"},
        "hoverlabel": {"align": "left"},
        "uirevision": "keep",  # a new N must not undo the reader's zoom
        "xaxis": {**axis, "title": {"text": x, "standoff": 8, "font": {"size": 13}}},
        "yaxis": {**axis, "title": {"text": y, "standoff": 8, "font": {"size": 13}}},
    }
    if title:
        look["title"] = {"text": title, "font": {"size": 14}, "x": 0.02}
    given = {name: value for name, value in figure.layout.to_plotly_json().items() if name != "template"}
    figure.layout = _merged(given, look)  # one assignment: update_layout takes five times as long
    return figure


def _merged(given: Any, look: Any) -> Any:
    """``look`` over ``given``, level by level."""
    if not (isinstance(given, dict) and isinstance(look, dict)):
        return look
    return given | {name: _merged(given.get(name), value) for name, value in look.items()}


def steady(figure: go.Figure, values: ArrayLike, axis: str = "yaxis") -> go.Figure:
    """Keep an axis from being stretched until rounding shows, where all ``values`` are one."""
    numbers = np.asarray(values, dtype=np.float64)
    middle = float(numbers.mean())
    room = 0.1 * max(1.0, abs(middle))
    if np.ptp(numbers) < 1e-6 * room:
        figure.layout[axis].range = [middle - room, middle + room]
    return figure


def log2_axis(figure: go.Figure, low: float, high: float) -> go.Figure:
    """A log axis with its ticks at powers of two, at most ten of them."""
    first, last = int(np.floor(np.log2(low))), int(np.ceil(np.log2(high)))
    step = max(1, -(-(last - first) // 9))
    ticks = [2.0**power for power in range(first, last + 1, step)]
    margin = 0.03 * max(1.0, np.log10(high / low))
    return figure.update_xaxes(
        type="log",
        tickvals=ticks,
        ticktext=[_power(tick) for tick in ticks],
        range=[float(np.log10(low) - margin), float(np.log10(high) + margin)],
    )


def _power(tick: float) -> str:
    """A power of two in few characters: 0.125, 512, 16k, 2M."""
    for size, letter in ((2**20, "M"), (2**10, "k")):
        if tick >= size:
            return f"{tick / size:.0f}{letter}"
    return f"{tick:.3g}"


def short(number: float) -> str:
    """A number for a sentence: 0.125, 12.5, 36,864."""
    return f"{number:.3g}" if abs(number) < 100 else f"{number:,.0f}"


def error_bars(found: Sequence[Interval]) -> dict[str, Any]:
    """What ``error_x`` or ``error_y`` takes; points without an interval have no bar."""
    below, above = zip(*(one.reach for one in found), strict=True) if found else ((), ())
    return {"type": "data", "symmetric": False, "array": list(above), "arrayminus": list(below), "thickness": 1.5}


def empty(sentence: str) -> go.Figure:
    """A figure that says why there is nothing to see yet."""
    figure = themed(go.Figure(), x="", y="")
    figure.update_layout(height=110)  # one sentence needs no more: an empty box says nothing
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure.add_annotation(text=sentence, showarrow=False, x=0.5, y=0.5, xref="paper", yref="paper")


def save(figure: go.Figure, path: Path | str) -> Path:
    """Write the figure: .html works offline (plotly.js inside); .png, .svg and .pdf need a browser for kaleido.

    Raises:
        BadInput: another ending. CannotDo: no browser. StoreError: the file cannot be written.
    """
    file = Path(path)
    ending = file.suffix.lower()
    if ending not in (".html", ".png", ".svg", ".pdf"):
        raise BadInput(f"A figure is saved as .html, .png, .svg or .pdf; {file.name!r} ends otherwise.")
    if ending == ".html":
        files.write_text(file, figure.to_html(include_plotlyjs=True, full_html=True), "The figure")
    else:
        files.write_bytes(file, _picture(figure, ending[1:]), "The figure")
    return file


def _picture(figure: go.Figure, kind: str) -> bytes:
    on_white = go.Figure(figure).update_layout(paper_bgcolor="white", plot_bgcolor="white")
    try:
        return on_white.to_image(format=kind, width=900, height=560, scale=2 if kind == "png" else 1)
    except Exception as error:  # kaleido and its browser raise many kinds, among them bare RuntimeError
        raise CannotDo(
            f"A .{kind} needs the kaleido package and a Chrome or Chromium it can start; save as .html instead."
        ) from error


def hover(*lines: Any) -> str:
    """Lines of hover text; empty ones fall away."""
    return "<br>".join(str(line) for line in lines if line)
