"""The sweep of a page: every cell a pool of its own, drawn together, read back from the store or the starter."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tts_playground.core import Progress
from tts_playground.errors import Cancelled, PlaygroundError
from tts_playground.experiments import sweeps
from tts_playground.experiments.sweeps import SweepCell
from tts_playground.models.zerogpu import cancellable
from tts_playground.pages.t2i import image_repository, inspector, page_state, render
from tts_playground.pages.t2i.gallery_state import GalleryState
from tts_playground.pages.t2i.request_queue import DrawRequest
from tts_playground.pages.t2i.view_settings import T2iView
from tts_playground.store.pool import PoolView

CHUNK = 64
"""images of a sweep that are drawn together"""
EACH = (2, 4, 8, 16)
"""images a cell that may be asked for"""


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep that was drawn: one look and one cell per setting, row by row."""

    view: T2iView
    looks: tuple[GalleryState, ...]
    cells: tuple[SweepCell, ...]


def views(view: T2iView) -> list[T2iView]:
    """The view under every setting of the sweep."""
    return [replace(view, temperature=s.temperature, cfg=s.cfg) for s in sweeps.cells(view.of_tokens)]


def stored(view: T2iView, each: int) -> Sweep | None:
    """A sweep that is there already, in the store or among the starters; None when any cell lacks images or scores."""
    try:
        pools = [image_repository.readable(cell) for cell in views(view)]
    except PlaygroundError:
        return None
    if any(len(pool.rows(seed=view.seed, below=each)) < each for pool in pools):
        return None
    return _read(view, pools, each)


def opening(view: T2iView) -> Sweep | None:
    """The sweep that ships, read without any model; None when there is none."""
    pools = image_repository.ready_made(image_repository.SWEEP, view)
    if not pools:
        return None
    shown = image_repository.matching(pools[0], view)
    return _read(shown, pools, min(len(pool) for pool in pools))


def _read(view: T2iView, pools: Sequence[PoolView], each: int) -> Sweep | None:
    looks, cells = [], []
    for pool in pools:
        one = replace(image_repository.matching(pool, view), n=each)
        look = image_repository.look_at(pool, one)
        if view.reward not in look.scores:
            return None
        samples = pool.samples(each, seed=view.seed)
        looks.append(look)
        cells.append(sweeps.cell_of(one.of_tokens, samples, look.scores[view.reward][:each]))
    return Sweep(view, tuple(looks), tuple(cells))


def draw(session: str, view: T2iView, each: int) -> Iterator[Progress[Any] | Sweep]:
    """Draw what the sweep lacks, all cells together; the sweep itself comes last, unless the page was cancelled.

    Raises:
        BadInput: the view's sampler does not draw by tokens, whose entropy a sweep shows.
    """
    inspector.draws_by_tokens(view)
    if (ready := stored(view, each)) is not None:
        yield ready
        return
    wish = DrawRequest(view, each)
    page_state.request_queue().ask(session, wish)
    cells = tuple(views(view))
    try:
        yield from cancellable(
            image_repository.draw, lambda: page_state.request_queue().newest(session) is not wish, cells, each, CHUNK
        )
    except Cancelled:
        return
    image_repository.score([image_repository.pool_of(cell) for cell in cells], view)
    page_state.request_queue().done(session, wish)
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


def _cell(look: GalleryState, cell: SweepCell, best: bool) -> str:
    place = look.ranked()[0] if best else 0
    score = render.number(cell.rewards[place])
    hint = f"{cell.name}: one draw {sum(cell.rewards) / len(cell.rewards):.3g}, best {max(cell.rewards):.3g}"
    source = render.small_uri(look.files[place])
    return f'<td title="{hint}"><img alt="{cell.name}" src="{source}"><small>{score}</small></td>'


def explained(sweep: Sweep | None) -> str:
    """The captions of a sweep's extremes as HTML."""
    if sweep is None:
        return ""
    found = {(cell.temperature, cell.cfg): cell for cell in sweep.cells}
    return "".join(f'<p class="what">{html.escape(text)}</p>' for text in sweeps.captions(found))
