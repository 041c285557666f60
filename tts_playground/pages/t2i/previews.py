"""What is shown of images in work: of the page that draws, and of pages that wait for their turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from tts_playground.core import Progress
from tts_playground.pages.t2i.view_settings import T2iView
from tts_playground.samplers.image_tokens import ImageTokens
from tts_playground.store.store import Pool

Others = tuple[tuple[T2iView, Progress[Any]], ...]
"""views that other pages wait for, each with a report that has one picture of it"""
Late = Callable[[], Sequence[T2iView]]
"""names views that other pages have come to wait for, each once"""


@dataclass(frozen=True, slots=True)
class SharedProgress(Progress[Any]):
    """A report of a drawing, and what there is of the images that other pages wait for."""

    others: Others = ()


def shared(report: Progress[Any], pictures: tuple[Any, ...], others: Others) -> SharedProgress:
    """The report as values: pictures instead of paths, and nothing that is kept already."""
    values = {one.name: getattr(report, one.name) for one in fields(Progress)}
    return SharedProgress(**{**values, "finished": (), "unfinished": pictures}, others=others)


def pictures(
    views: Sequence[T2iView], pool: Pool[Any], report: Progress[Any], seen: int, n: int, each: bool
) -> tuple[tuple[Any, ...], Others]:
    """The first ``seen`` images in work, and one of each other view: one decoding for all.

    Args:
        each: the views are those of different pages, whose settings differ; else all images are the first page's.
    """
    if not each or len(views) == 1:
        shown = pool.sampler.peek(pool.task, report.unfinished[:seen])
        return tuple(one.content for one in shown), ()
    first: dict[Any, Any] = {}
    for path in report.unfinished:
        first.setdefault(path.settings, path)
    own = [path for path in report.unfinished[:seen] if path.settings == views[0].settings]
    waiting = [view for view in views[1:] if view.settings in first]
    peeked = pool.sampler.peek(pool.task, [*own, *(first[view.settings] for view in waiting)])
    found = [one.content for one in peeked]
    others = [
        (view, Progress((), (picture,), of=n, step=report.step, steps=report.steps))
        for view, picture in zip(waiting, found[len(own) :], strict=True)
    ]
    return tuple(found[: len(own)]), tuple(others)


def first_rows(asked: Iterable[tuple[T2iView, Pool[Any]]]) -> Others:
    """The first row of the next image of each view; those of one prompt go through the model together.

    Samplers that draw whole images only have no rows to show.
    """
    groups: dict[str, list[tuple[T2iView, Pool[Any]]]] = {}
    for view, pool in asked:
        if isinstance(pool.sampler, ImageTokens):
            groups.setdefault(view.prompt, []).append((view, pool))
    found = []
    for group in groups.values():
        pool = group[0][1]
        paths = [
            path for view, one in group for path in one.sampler.start(one.task, [one.count(view.seed)], seed=view.seed)
        ]
        rows = pool.sampler.step(pool.task, paths)
        for (view, _), path, one in zip(group, rows, pool.sampler.peek(pool.task, rows), strict=True):
            found.append((view, Progress((), (one.content,), of=view.n, step=path.steps, steps=path.grid)))
    return tuple(found)
