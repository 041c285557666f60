"""The sweep of a page: every cell a pool of its own, drawn together, read back from the store or the starter."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tts_playground.errors import Cancelled, PlaygroundError
from tts_playground.models.zerogpu import cancellable
from tts_playground.runs import images, sweeps
from tts_playground.runs.pool import PoolView
from tts_playground.runs.sweeps import Cell
from tts_playground.ui.t2i import shelf, show, work
from tts_playground.ui.t2i.choices import View
from tts_playground.ui.t2i.desk import Wish
from tts_playground.ui.t2i.look import Look

CHUNK = 64
"""images of a sweep that are drawn together"""
EACH = (2, 4, 8, 16)
"""images a cell that may be asked for"""


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep that was drawn: one look and one cell per setting, row by row."""

    view: View
    looks: tuple[Look, ...]
    cells: tuple[Cell, ...]


def views(view: View) -> list[View]:
    """The view under every setting of the sweep."""
    return [replace(view, temperature=s.temperature, cfg=s.cfg) for s in sweeps.cells(view.settings)]


def stored(view: View, each: int) -> Sweep | None:
    """A sweep that is there already, in the store or among the starters; None when any cell lacks images or scores."""
    try:
        pools = [shelf.readable(cell) for cell in views(view)]
    except PlaygroundError:
        return None
    if any(len(pool.rows(seed=view.seed, below=each)) < each for pool in pools):
        return None
    return _read(view, pools, each)


def opening(view: View) -> Sweep | None:
    """The sweep that ships, read without any model; None when there is none."""
    pools = shelf.ready_made(shelf.SWEEP, view)
    if not pools:
        return None
    shown = shelf.matching(pools[0], view)
    return _read(shown, pools, min(len(pool) for pool in pools))


def _read(view: View, pools: Sequence[PoolView], each: int) -> Sweep | None:
    looks, cells = [], []
    for pool in pools:
        one = replace(shelf.matching(pool, view), n=each)
        look = shelf.look_at(pool, one)
        if view.reward not in look.scores:
            return None
        samples = pool.samples(each, seed=view.seed)
        looks.append(look)
        cells.append(sweeps.cell_of(one.settings, samples, look.scores[view.reward][:each]))
    return Sweep(view, tuple(looks), tuple(cells))


def draw(session: str, view: View, each: int) -> Iterator[images.Progress | Sweep]:
    """Draw what the sweep lacks, all cells together; the sweep itself comes last, unless the page was cancelled."""
    if (ready := stored(view, each)) is not None:
        yield ready
        return
    wish = Wish(view, each)
    work.desk().ask(session, wish)
    cells = tuple(views(view))
    try:
        yield from cancellable(shelf.draw, lambda: work.desk().newest(session) is not wish, cells, each, CHUNK)
    except Cancelled:
        return
    shelf.score([shelf.pool_of(cell) for cell in cells], view)
    work.desk().done(session, wish)
    if (ready := stored(view, each)) is not None:
        yield ready


def grid(sweep: Sweep | None, best: bool) -> str:
    """The grid of images as HTML: temperature down, guidance across; the first draw of each cell, or its best."""
    if sweep is None:
        return '<div class="picks empty"><p>No sweep yet: press “Draw the sweep”.</p></div>'
    rows: dict[float, list[str]] = {}
    for look, cell in zip(sweep.looks, sweep.cells, strict=True):
        rows.setdefault(cell.temperature, []).append(_cell(look, cell, best))
    guidances = list(dict.fromkeys(cell.cfg for cell in sweep.cells))
    head = "".join(f'<th scope="col">CFG {cfg:g}</th>' for cfg in guidances)
    body = "".join(f'<tr><th scope="row">T {t:g}</th>{"".join(cells)}</tr>' for t, cells in rows.items())
    title = html.escape(sweep.view.prompt)
    return f'<table class="sweep"><caption>{title}</caption><tr><td></td>{head}</tr>{body}</table>'


def _cell(look: Look, cell: Cell, best: bool) -> str:
    place = look.ranked()[0] if best else 0
    score = show.number(cell.rewards[place])
    hint = f"{cell.name}: one draw {sum(cell.rewards) / len(cell.rewards):.3g}, best {max(cell.rewards):.3g}"
    source = show.small_uri(look.files[place])
    return f'<td title="{hint}"><img alt="{cell.name}" src="{source}"><small>{score}</small></td>'


def explained(sweep: Sweep | None) -> str:
    """The captions of a sweep's extremes as HTML."""
    if sweep is None:
        return ""
    found = {(cell.temperature, cell.cfg): cell for cell in sweep.cells}
    return "".join(f'<p class="what">{html.escape(text)}</p>' for text in sweeps.captions(found))
