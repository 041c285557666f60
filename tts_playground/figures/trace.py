"""The trace of a run: a line per path from left to right, forks where one left another, colours by reward."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from tts_playground.core import Sample
from tts_playground.experiments.trace import Node, Trace
from tts_playground.figures.theme import INK, colour, empty, hover, themed

if TYPE_CHECKING:
    from PIL import Image

SYMBOLS = {"best": "star", "finished": "circle", "went on": "circle-open", "dropped": "x"}
LEGEND = {
    "best": "the best",
    "finished": "finished",
    "went on": "partial, went on",
    "dropped": "dropped: not drawn any further",
}
SIZES = {"best": 14}
"""pixels of a marker, where they are not 9"""
LANES = 40
"""most paths shown"""
THUMBNAIL = 48
"""pixels a side of a glimpse"""
Glimpse = Callable[[Sample], "Image.Image"]
Caption = Callable[[Node], tuple[str, str]]
"""what is written beside a view, in a few letters, and the lines added to its hover; both as plotly reads them"""


def trace_tree(
    shown: Trace,
    *,
    glimpse: Glimpse | None = None,
    caption: Caption | None = None,
    title: str = "",
    most: int = LANES,
    mark: Callable[[Node], str] | None = None,
    tokens: str = "",
) -> go.Figure:
    """Who descended from whom in one run.

    Args:
        shown: see ``experiments.trace``.
        glimpse: the picture of a view, e.g. ``lambda sample: sample.content`` for images; None draws no pictures.
        caption: for views that are texts; None writes nothing.
        mark: the names under which a view lights up with what belongs to it; None names none.
        most: paths shown; of more, the best one's ancestors and the first ones.
        tokens: what a generator's tokens are called where they are none (``theme.EVALUATIONS``).
    """
    if not shown.nodes:
        return empty("No run yet.")
    rows = _rows(shown, most)
    kept = [node for node in shown.nodes if node.lane in rows]
    figure = go.Figure()
    _lines(figure, shown, rows)
    for fate in LEGEND:
        nodes = [node for node in kept if node.fate == fate]
        if nodes:
            _points(figure, shown, nodes, rows, fate, caption, shift=0.36 if glimpse else 0.0)
            if mark is not None:
                figure.data[-1].meta = {"marks": [mark(node) for node in nodes]}
    for node, picture in ((node, glimpse(node.sample)) for node in kept) if glimpse else ():
        source = _data_uri(picture)
        place = {"x": node.step, "y": rows[node.lane], "xref": "x", "yref": "y", "sizex": 0.8, "sizey": 0.8}
        figure.add_layout_image(source=source, xanchor="center", yanchor="middle", layer="above", **place)
    rewards = [node.reward for node in kept]
    hidden = f"; showing {len(rows)} of {_lanes(shown)} paths" if len(rows) < _lanes(shown) else ""
    themed(
        figure,
        x=f"steps taken. {_summary(shown, tokens or 'tokens')}{hidden}",
        y="paths, the first on top",
        title=title,
    )
    bar = {"title": {"text": "reward", "side": "right"}, "thickness": 12, "outlinewidth": 0}
    colours = {"colorscale": "Viridis", "cmin": min(rewards), "cmax": max(rewards), "colorbar": bar}
    figure.update_layout(height=int(110 + len(rows) * (58 if glimpse else 40 if caption else 24)), coloraxis=colours)
    figure.update_xaxes(range=[-0.3, shown.horizon + 0.7], dtick=max(1, shown.horizon // 12), showgrid=False)
    return figure.update_yaxes(range=[len(rows) - 0.3, -0.7], showticklabels=False, showgrid=False)


def _lanes(shown: Trace) -> int:
    return 1 + max(node.lane for node in shown.nodes)


def _rows(shown: Trace, most: int) -> dict[int, int]:
    """Lane -> row of the figure, for the lanes that are shown."""
    needed = {shown.nodes[place].lane for place in shown.lineage(shown.best)}
    others = [lane for lane in range(_lanes(shown)) if lane not in needed]
    lanes = sorted(needed | set(others[: max(0, most - len(needed))]))
    return {lane: row for row, lane in enumerate(lanes)}


def _lines(figure: go.Figure, shown: Trace, rows: dict[int, int]) -> None:
    """From every view back to where it left its parent; the best one's ancestors in strong lines."""
    strong = set(shown.lineage(shown.best))
    for chosen, line in ((False, {"color": INK, "width": 1}), (True, {"color": colour(1), "width": 3})):
        x: list[float | None] = []
        y: list[float | None] = []
        for place, node in enumerate(shown.nodes):
            if node.lane not in rows or (place in strong) is not chosen:
                continue
            above = None if node.parent is None else shown.nodes[node.parent]
            from_row = rows[node.lane] if above is None else rows.get(above.lane, rows[node.lane])
            start = 0 if above is None else node.left
            bend = min(start + 0.5, node.step)
            x += [start, bend, node.step, None]
            y += [from_row, rows[node.lane], rows[node.lane], None]
        figure.add_scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip", showlegend=False)


def _points(
    figure: go.Figure,
    shown: Trace,
    nodes: list[Node],
    rows: dict[int, int],
    fate: str,
    caption: Caption | None,
    *,
    shift: float,
) -> None:
    beside = [("", "") if caption is None else caption(node) for node in nodes]
    x, y = [node.step + shift for node in nodes], [rows[node.lane] + shift for node in nodes]
    if caption is not None:
        # with an unseen marker of its size, since only then plotly lays the words above it and not on it
        words: dict[str, Any] = {"mode": "markers+text", "marker": {"size": SIZES.get(fate, 9), "opacity": 0}}
        words |= {"text": [short for short, _ in beside], "textposition": "top center"}
        figure.add_scatter(x=x, y=y, **words, textfont={"size": 11}, hoverinfo="skip", showlegend=False)
    figure.add_scatter(
        x=x,
        y=y,
        mode="markers",
        marker={
            "symbol": SYMBOLS[fate],
            "size": SIZES.get(fate, 9),
            "color": [node.reward for node in nodes],
            "coloraxis": "coloraxis",
            "line": {"width": 2} if fate == "went on" else {"width": 0.5, "color": INK},
        },
        name=LEGEND[fate],
        text=[hover(_words(shown, node), more) for node, (_, more) in zip(nodes, beside, strict=True)],
        hovertemplate="%{text}<extra></extra>",
    )


def _words(shown: Trace, node: Node) -> str:
    above = None if node.parent is None else shown.nodes[node.parent]
    fork = above is not None and above.lane != node.lane
    return hover(
        f"<b>path {node.lane + 1}</b>, step {node.step} of {shown.horizon}: {LEGEND[node.fate]}",
        f"reward {node.reward:.4g}",
        f"took over the first {node.left} steps of path {above.lane + 1}" if above and fork else "",
        shown.notes[node.round] if node.round < len(shown.notes) else "",
    )


def _summary(shown: Trace, tokens: str) -> str:
    parts = (
        [f"{shown.spent:,} {tokens} drawn" if tokens == "tokens" else f"{shown.spent:,} {tokens}"]
        if shown.spent
        else []
    )
    parts += [f"{shown.saved:,} saved by dropping"] if shown.saved else []
    parts += [f"{shown.shared:,} shared by forks"] if shown.shared else []
    return "; ".join(parts)


def _data_uri(picture: Image.Image) -> str:
    small = picture.convert("RGB").resize((THUMBNAIL, THUMBNAIL))
    file = io.BytesIO()
    small.save(file, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
