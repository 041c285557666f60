"""The tree of a search as one block of HTML: it grows step by step in the browser, and every node is a button.

From left to right a column a step; a column's nodes stand in the order of what they go on from, so that few lines
cross. Colour is what the process reward says of the step, from violet (wrong) to yellow (right); a ring says the truth
where it is known, drawn through for right and dashed for wrong.
"""

from __future__ import annotations

import html
import json
import re
import zlib
from collections import defaultdict
from collections.abc import Sequence

from tts_playground.experiments.step_tree import StepNode, StepTree

COLUMN, LEFT, RIGHT, EDGE = 96, 54, 92, 20
"""pixels: between two steps, before the first, behind the last, above and below"""
TALL, LOW = 22, 15
"""pixels between two nodes of a column where there are few and where there are many"""
MANY = 20
SCALE = ("#440154", "#482878", "#3e4a89", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725")
"""viridis"""
FATES = {"best": "chosen", "finished": "finished", "went on": "went on", "dropped": "dropped: not drawn any further"}


def colour(score: float) -> str:
    """Of a score, 0 to 1; what lies beyond counts as the end."""
    return SCALE[min(len(SCALE) - 1, max(0, int(score * len(SCALE))))]


def placed(tree: StepTree) -> tuple[dict[int, tuple[float, float]], float, float]:
    """(place of a node -> x and y in pixels, width, height)."""
    columns: dict[int, list[int]] = defaultdict(list)
    for place, node in enumerate(tree.nodes):
        columns[len(node.steps)].append(place)
    order: dict[int | None, float] = {None: 0.0}
    for depth in sorted(columns):
        columns[depth].sort(key=lambda place: (order.get(tree.nodes[place].parent, 0.0), place))
        order |= {place: float(rank) for rank, place in enumerate(columns[depth])}
    most = max(map(len, columns.values()), default=1)
    pitch = TALL if most <= MANY else LOW
    height = 2 * EDGE + pitch * max(most, 5)
    spots = {}
    for depth, places in columns.items():
        gap = (height - 2 * EDGE) / len(places)
        for rank, place in enumerate(places):
            spots[place] = (LEFT + COLUMN * (depth - 0.5), EDGE + gap * (rank + 0.5))
    return spots, LEFT + COLUMN * (max(columns, default=1) - 0.5) + RIGHT, height


def tree_picture(tree: StepTree | None, *, board: str = "first", read: int | None = None, title: str = "") -> str:
    """The picture with its replay.

    Args:
        board: "first" or "beside": which of two trees it is.
        read: place of the node whose steps are shown; None marks none.
    """
    if tree is None or not tree.nodes:
        return '<p class="what">The tree grows here while a search runs.</p>'
    label = title or f"Tree of {tree.strategy}: {len(tree.nodes)} steps, {len(tree.finished)} solutions"
    width, height, inside = _inside(tree, read)
    svg = (
        f'<svg width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" role="group"'
        f' data-last="{width - RIGHT:.0f}"'
        f' aria-label="{html.escape(label)}">{inside}</svg>'
    )
    notes = html.escape(_json(tree.notes), quote=True)
    # the browser may find another tree in the very elements of the last one
    key = f"{zlib.crc32(svg.encode()):08x}"
    head = f"<h3>{html.escape(title)}</h3>" if title else ""
    return (
        f'<div class="math-tree" data-board="{board}" data-key="{key}" data-notes="{notes}">{head}{_controls(tree)}'
        f'<div class="canvas">{svg}</div>{_legend()}</div>'
    )


def tree_file(tree: StepTree, lines: Sequence[str]) -> str:
    """The picture as an SVG file that stands alone, under some lines of text."""
    width, height, inside = _inside(tree, None)
    top = 18 * len(lines) + 10
    wide = max(width, 7 * max(map(len, lines), default=0) + 20)
    said = "".join(
        f'<text x="10" y="{18 * number + 18}">{html.escape(line)}</text>' for number, line in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:.0f}" height="{height + top:.0f}"><style>{FILE_STYLE}'
        f'</style><rect width="100%" height="100%" fill="white"/>{said}<g transform="translate(0 {top})">{inside}</g>'
        "</svg>\n"
    )


FILE_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#222}.edge{fill:none;stroke:#888}.edge.strong{stroke:#d55e00;"
    "stroke-width:3}.dropped{opacity:.35}.node>circle,.node>rect{stroke:#888}.node.right>circle,.node.right>rect"
    "{stroke:#009e73;stroke-width:2.5}.node.wrong>circle,.node.wrong>rect{stroke:#d55e00;stroke-width:2.5;"
    "stroke-dasharray:3 2}"
)


def _inside(tree: StepTree, read: int | None) -> tuple[float, float, str]:
    """(width, height, what stands in the picture)."""
    spots, width, height = placed(tree)
    strong = set(tree.lineage(tree.best))
    edges = "".join(_edge(tree, place, spots, place in strong, height) for place in range(len(tree.nodes)))
    stop = next(iter(spots)) if read is None else read
    nodes = "".join(
        _node(tree.nodes[place], place, spots[place], strong=place in strong, read=place == read, stop=place == stop)
        for place in spots
    )
    root = f'<circle class="root" cx="16" cy="{height / 2:.0f}" r="5"/>'
    return width, height, edges + root + nodes


def _json(notes: tuple[str, ...]) -> str:
    return json.dumps(list(notes), ensure_ascii=False)


def _controls(tree: StepTree) -> str:
    last = max(node.frame for node in tree.nodes)
    speeds = "".join(
        f'<option value="{speed}"{" selected" if speed == 2 else ""}>{words}</option>'
        for speed, words in ((1, "slow"), (2, "normal"), (5, "fast"))
    )
    return (
        '<div class="replay"><button type="button" class="play">Replay</button>'
        f'<input type="range" min="0" max="{last}" value="{last}" aria-label="Step of the search">'
        f'<select aria-label="Speed of the replay">{speeds}</select><span class="note-line"></span></div>'
    )


def _legend() -> str:
    bar = "".join(f'<i style="background:{one}"></i>' for one in SCALE)
    return (
        f'<p class="legend">score of the step: 0 <span class="bar">{bar}</span> 1 &nbsp;'
        '<span><b class="ring right"></b> right so far</span> <span><b class="ring wrong"></b> wrong</span> '
        "<span>faded: dropped</span> <span>bold line: chosen</span></p>"
    )


def _edge(tree: StepTree, place: int, spots: dict[int, tuple[float, float]], strong: bool, height: float) -> str:
    node = tree.nodes[place]
    x, y = spots[place]
    x0, y0 = (16.0, height / 2) if node.parent is None else spots[node.parent]
    bend = (x0 + x) / 2
    marks = "edge" + (" strong" if strong else " dropped" if node.fate == "dropped" else "")
    path = f"M{x0:.0f} {y0:.1f}C{bend:.0f} {y0:.1f} {bend:.0f} {y:.1f} {x:.0f} {y:.1f}"
    ends = f'data-from="{x0:.0f} {y0:.1f}" data-to="{x:.0f} {y:.1f}"'
    return f'<path class="{marks}" data-frame="{node.frame}" {ends} d="{path}"/>'


def answer_mark(answer: str) -> str:
    """The name under which all that say the same light up together: one word."""
    return "answer-" + "-".join(re.findall(r"[\w.]+", answer.lower()))[:40]


def _node(node: StepNode, place: int, spot: tuple[float, float], *, strong: bool, read: bool, stop: bool) -> str:
    """A node; Tab stops at one of a tree, and the arrows lead from there."""
    x, y = spot
    truth = {True: " right", False: " wrong", None: ""}[node.right]
    marks = f"node {node.fate.replace(' ', '-')}{truth}" + (" strong" if strong else "") + (" read" if read else "")
    said = node.steps[-1] if node.steps else ""
    told = {True: "right", False: "wrong", None: ""}[node.right]
    words = ", ".join(filter(None, (f"step {len(node.steps)}", f"score {node.score:.2f}", FATES[node.fate], told)))
    size = 8 if strong else 6.5
    shape = (
        f'<rect x="{x - size:.1f}" y="{y - size:.1f}" width="{2 * size}" height="{2 * size}" rx="2"'
        if node.whole
        else f'<circle cx="{x:.0f}" cy="{y:.1f}" r="{size}"'
    )
    text = linked = ""
    if node.whole:
        linked = f' data-marks="{answer_mark(node.answer)}"'
        sign = {True: "✓ ", False: "✗ ", None: ""}[node.right]
        answer = node.answer if len(node.answer) <= 8 else node.answer[:7] + "…"
        text = f'<text x="{x + size + 4:.0f}" y="{y + 4:.1f}">{html.escape(sign + (answer or "–"))}</text>'
    return (
        f'<g class="{marks}" data-frame="{node.frame}" data-place="{place}" data-x="{x:.0f}" role="button"'
        f' tabindex="{0 if stop else -1}"{linked} aria-label="{html.escape(words)}">'
        f"<title>{html.escape(words)}\n{html.escape(said[:300])}</title>"
        f'{shape} fill="{colour(node.score)}"/>{text}</g>'
    )
