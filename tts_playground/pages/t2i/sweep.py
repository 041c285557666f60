"""The sweep of a page: every cell a pool of its own, drawn together, read back from the store or the starter."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tts_playground.core import Progress
from tts_playground.errors import Cancelled, PlaygroundError, plural
from tts_playground.estimators.intervals import difference, sign
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

    @property
    def rewards(self) -> list[str]:
        """Rewards by which every image of every cell is scored; the view's first, then the check of truth."""
        named = (self.view.reward, "geneval")
        shared = [name for name in self.looks[0].scores if all(name in look.scores for look in self.looks)]
        return sorted(shared, key=lambda name: named.index(name) if name in named else len(named))

    def by(self, reward: str) -> Sweep:
        """The same images ordered by another of ``rewards``; equals by the view's own."""
        if reward not in self.rewards or reward == self.view.reward:
            return self
        view = replace(self.view, reward=reward, second=self.view.reward)
        looks = tuple(
            replace(look, view=replace(look.view, reward=reward, second=self.view.reward)) for look in self.looks
        )
        cells = tuple(
            replace(cell, rewards=look.scores[reward][: len(cell.rewards)])
            for look, cell in zip(looks, self.cells, strict=True)
        )
        return Sweep(view, looks, cells)


def views(view: T2iView) -> list[T2iView]:
    """The view under every setting of the sweep."""
    return [replace(view, temperature=s.temperature, cfg=s.cfg) for s in sweeps.cells(view.of_tokens)]


def stored(view: T2iView, each: int) -> Sweep | None:
    """A sweep that is there already, in the store or among the starters; None when any cell lacks images or scores."""
    if view.denoises:
        return None
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


def at_hand(view: T2iView) -> Sweep | None:
    """What there is without drawing: of the view in the store, or else what ships."""
    found = (stored(view, each) for each in reversed(EACH))
    return next((one for one in found if one is not None), None) or opening(view)


def grid(sweep: Sweep | None, best: bool) -> str:
    """The grid of images as HTML: temperature down, guidance across; the first draw of each cell, or its best."""
    if sweep is None:
        return '<div class="picks empty"><p>No sweep yet: press “Draw the sweep”.</p></div>'
    rows: dict[float, list[str]] = {}
    for place, (look, cell) in enumerate(zip(sweep.looks, sweep.cells, strict=True)):
        rows.setdefault(cell.temperature, []).append(_cell(look, cell, best, place))
    guidances = list(dict.fromkeys(cell.cfg for cell in sweep.cells))
    head = "".join(f'<th scope="col">CFG {cfg:g}</th>' for cfg in guidances)
    body = "".join(f'<tr><th scope="row">T {t:g}</th>{"".join(cells)}</tr>' for t, cells in rows.items())
    title = html.escape(sweep.view.prompt)
    table = f'<table class="sweep"><caption>{title}</caption><tr><td></td>{head}</tr>{body}</table>'
    return f'<div class="scrolls">{table}</div>'


def _cell(look: GalleryState, cell: SweepCell, best: bool, number: int) -> str:
    place = look.ranked()[0] if best else 0
    score = f"{cell.rewards[place]:.2f}" if abs(cell.rewards[place]) < 10 else render.number(cell.rewards[place])
    hint = f"{cell.name}: one draw {sum(cell.rewards) / len(cell.rewards):.3g}, best {max(cell.rewards):.3g}"
    source = render.small_uri(look.files[place])
    picture = f'<img alt="{cell.name}" src="{source}"><small>{score}</small>'
    return f'<td title="{hint}" tabindex="0" data-marks="cell-{number}">{picture}</td>'


def conclusion(sweep: Sweep) -> str:
    """One line: where one draw is best, where choosing ends highest, and where it adds most."""
    cells, each = sweep.cells, len(sweep.cells[0].rewards)
    means = [float(np.mean(cell.rewards)) for cell in cells]
    one = max(range(len(cells)), key=lambda i: means[i])
    top = max(range(len(cells)), key=lambda i: (max(cells[i].rewards), means[i]))
    line = f"One draw is best at {cells[one].name}: {render.number(means[one])} by {render.measure(sweep.view.reward)}."
    close = sum(sign(difference(cells[one].rewards, cell.rewards)) == 0 for cell in cells) - 1
    if close > 0:
        line += f" {plural(close, 'other cell')} {'is' if close == 1 else 'are'} not clearly behind it."
    if each < 2:
        return line
    where = "the same cell" if top == one else cells[top].name
    return f"{line} The best of {each} is highest at {where}: {render.number(max(cells[top].rewards))}."


def explained(sweep: Sweep | None) -> str:
    """The captions of a sweep's extremes as HTML."""
    if sweep is None:
        return ""
    found = {(cell.temperature, cell.cfg): cell for cell in sweep.cells}
    return "".join(f'<p class="what">{html.escape(text)}</p>' for text in sweeps.captions(found))
