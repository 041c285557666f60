"""Where images come from: the starters that ship, the store on disk, and, when asked, the model."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from tts_playground.core import Progress
from tts_playground.errors import BadInput, NoSpace, PlaygroundError, ReadOnly, StoreError
from tts_playground.evaluation import falls
from tts_playground.experiments import image_pools
from tts_playground.models import loading, zerogpu
from tts_playground.models.hub.identity import named
from tts_playground.models.hub.picture_kinds import kind_of
from tts_playground.models.zerogpu import cancellable, on_gpu, seconds_for
from tts_playground.pages.t2i import previews, reward_choice
from tts_playground.pages.t2i.gallery_state import GalleryState
from tts_playground.pages.t2i.request_queue import DrawRequest
from tts_playground.pages.t2i.view_settings import T2iView
from tts_playground.pages.thumbnails import picture_file
from tts_playground.samplers.cancellation import Cancel, never
from tts_playground.store import starters
from tts_playground.store.pool import PoolView
from tts_playground.store.rows import read_cost
from tts_playground.store.spare import note, spare_of
from tts_playground.store.store import Pool, Store
from tts_playground.store.stored import Holder, StoredPool, score_together
from tts_playground.tasks.image_rewards import reward_named, rewards_here
from tts_playground.tasks.plugged_samplers import plugged_sampler
from tts_playground.tasks.text_to_image import sampler_around

NAME, SWEEP, FALL = "t2i", "t2i-sweep", falls.NAME
"""the starters of this tab"""
LIVE = 4
"""images that a slider's release draws on a CPU"""
SEEN = 4
"""images of a batch that are previewed; decoding an image takes as long as several rows of tokens"""
PACE = 0.15
"""seconds between the first two previews; each pause is twice the last, up to a second"""


@cache
def store() -> Store:
    """The one store of this process."""
    return Store()


@cache
def shipped() -> dict[str, PoolView]:
    """Key -> starter pool, those that are installed; of two with one key the fuller one."""
    pools = [pool for name in (NAME, SWEEP, FALL) if name in starters.names() for pool in starters.load(name)]
    return {pool.key: pool for pool in sorted(pools, key=len)}


def pool_of(view: T2iView, *, load: bool = False) -> Pool[Any]:
    """The pool of a view; with its model loaded only when something is to be drawn.

    Raises:
        BadInput: the prompt is empty or too long. ModelUnavailable: the model is not here, or does not fit.
    """
    task = view.task
    if (plugged := plugged_sampler(view.model, task.kind, view.settings.as_dict())) is not None:
        return writing().pool(task, plugged)
    kind = kind_of(view.model)
    loaded = loading.load(view.model, kind) if load else named(view.model, kind)
    return writing().pool(task, sampler_around(loaded, view.settings))


def writing() -> Store:
    """Where new images go: the store, or a spare one while nothing can be kept."""
    if store().refusal:
        _unkept.setdefault(store().path, store().refusal)
    return spare_of(store().path) if store().path in _unkept else store()


_unkept: dict[Path, str] = {}
"""the store's folder -> why nothing can be kept in it"""


def _step_aside(failed: Holder, error: StoreError) -> None:
    """From now on to a spare store; where that is what failed, the error is raised."""
    if failed is not store():
        raise error
    _unkept.setdefault(store().path, str(error))


def _ready(pool: Pool[Any]) -> list[PoolView]:
    """The same pool elsewhere: among the starters, and in the store while a spare one is written."""
    starter = [shipped()[pool.key]] if pool.key in shipped() else []
    return starter if pool.store is store() else [*starter, store().pool(pool.task, pool.sampler)]


def readable(view: T2iView) -> PoolView:
    """The fullest pool of a view that can be read without a model: in the store, or among the starters."""
    pool = pool_of(view)
    return max([pool, *_ready(pool)], key=lambda one: (one.count(view.seed), not isinstance(one, Pool), one is pool))


def look(view: T2iView) -> GalleryState:
    """What is there of a view; an empty one when nothing is. Never draws, never loads a model."""
    try:
        pool = readable(view)
    except PlaygroundError:
        return GalleryState(view)
    return look_at(pool, view)


def look_at(pool: PoolView, view: T2iView) -> GalleryState:
    """A pool as a page sees it; a reward counts when it has scored every image."""
    rows = pool.rows(seed=view.seed)
    count = next((i for i, row in enumerate(rows) if row.index != i), len(rows))  # a pool may have holes at its end
    rows = rows[:count]
    scores, called = {}, _called(view)
    for name, revision in pool.rewards():
        values = pool.values(name, revision)
        if rows and all((row.seed, row.index) in values for row in rows):
            scores |= dict.fromkeys(called.get(name, ()), tuple(values[row.seed, row.index] for row in rows))
    costs = [read_cost(row) for row in rows[:1]]
    files = tuple(picture_file(row.png()) for row in rows)
    return GalleryState(view, files, tuple(row.logprob for row in rows), scores, costs[0] if costs else {})


def _called(view: T2iView) -> dict[str, list[str]]:
    """The name under which scores are kept -> what a page calls the reward: those of the menus and of the view."""
    found: dict[str, list[str]] = {}
    for name in dict.fromkeys((*rewards_here(), view.reward, view.second)):
        try:
            found.setdefault(reward_named(name).name, []).append(name)
        except PlaygroundError:
            continue
    return found


def complete(seen: GalleryState, n: int) -> bool:
    """Whether ``n`` images of this view are there with the scores that the view asks for."""
    return seen.size >= n and set(wanted(seen.view)) <= set(seen.scores)


def live_count(view: T2iView) -> int:
    """Images that a slider's release draws: few on a CPU, all on a GPU."""
    return min(view.n, LIVE) if loading.Options().resolved().device == "cpu" else view.n


def serve(
    wish: DrawRequest, cancel: Any, alike: Sequence[T2iView] = (), late: previews.Late | None = None
) -> Iterator[Progress[Any]]:
    """Draw and score what a wish lacks; where nothing lacks, no model is asked.

    Args:
        alike: views that other pages wait for; as many images of them are drawn in the same batch (``Desk.alike``).
        late: asked after every row; of each view that it names a first row is drawn, and reported at once.

    Raises:
        Cancelled: ``cancel()`` became true; what was finished is kept.
    """
    seen = look(wish.view)
    if complete(seen, wish.n):
        return
    if seen.size < wish.n:
        views = (wish.view, *alike)
        chunk = wish.n * len(views) if alike else image_pools.CHUNK
        here = () if late is None or zerogpu.here() else (late,)  # a worker sees nothing of the pages
        for progress in cancellable(draw, cancel, views, wish.n, chunk, SEEN, True, *here):
            yield replace(progress, done=min(progress.done, wish.n), of=wish.n)
        score([pool_of(view) for view in views], wish.view)
        return
    if wish.n > LIVE:  # a few are scored sooner than told
        yield Progress(done=wish.n, of=wish.n)
    score([pool_of(wish.view)], wish.view)


TOKENS = 576
"""of an image of Janus-Pro, which is reckoned with"""


def _seconds(views: Sequence[T2iView], n: int, *_: Any, **__: Any) -> int:
    return seconds_for(views[0].model, n * len(views), TOKENS)


def _before(views: Sequence[T2iView], *_: Any, **__: Any) -> None:
    loading.fetched(views[0].model, kind_of(views[0].model))


@on_gpu(_seconds, _before)
def draw(
    views: Sequence[T2iView],
    n: int,
    chunk: int = image_pools.CHUNK,
    seen: int = SEEN,
    in_turn: bool = False,
    late: previews.Late | None = None,
    *,
    cancel: Cancel = never,
) -> Iterator[Progress[Any]]:
    """Draw what is missing of the first ``n`` images of views that differ in their settings alone, all together.

    ``in_turn``: the first view's images come first, and are those that are previewed; of the other views one image is,
    and of those that come ``late`` the first row of one.

    Raises:
        Cancelled: ``cancel()`` became true; what was finished is kept.
    """
    how: dict[str, Any] = {"seed": views[0].seed, "chunk": chunk, "in_turn": in_turn, "cancel": cancel}
    target = writing()
    try:
        yield from _seen(views, n, seen, late, how)
    except (NoSpace, ReadOnly) as error:
        _step_aside(target, error)
        yield from _seen(views, n, seen, late, how)  # what was lost, and the rest


def _seen(
    views: Sequence[T2iView], n: int, seen: int, late: previews.Late | None, how: dict[str, Any]
) -> Iterator[Progress[Any]]:
    """The draw's reports as values, the first ``seen`` images in work as pictures now and then."""
    pools = [adopted(view) for view in views]
    due, pause = 0.0, PACE
    for round_ in image_pools.draw(pools, n, **how):
        report = round_.progress
        if report is None:
            continue
        shown: tuple[Any, ...] = ()
        others = previews.first_rows(_late(late())) if late is not None else ()
        if seen and report.unfinished and time.monotonic() >= due:
            shown, more = previews.pictures(views, pools[0], report, seen, n, how["in_turn"])
            others += more
            due, pause = time.monotonic() + pause, min(2 * pause, 1.0)
        if shown or others or report.finished or not report.unfinished:
            yield previews.shared(report, shown, others)


def _late(views: Sequence[T2iView]) -> Iterator[tuple[T2iView, Pool[Any]]]:
    """The views with their pools; of what cannot be drawn its own turn tells why."""
    for view in views:
        with suppress(PlaygroundError):
            yield view, pool_of(view, load=True)


def adopted(view: T2iView) -> Pool[Any]:
    """The pool of a view, ready to draw; what is there of it elsewhere is taken in first."""
    return _filled(pool_of(view, load=True), view.seed)


def _filled(pool: Pool[Any], seed: int) -> Pool[Any]:
    for ready in _ready(pool):
        if pool.count(seed) < ready.count(seed):
            pool.store.add(ready)
    return pool


def score(pools: Sequence[Pool[Any]], view: T2iView) -> None:
    """Score pools of a view's prompt by both of its rewards; why one cannot score it is kept for ``refusals``."""
    for name in wanted(view):
        try:
            score_together(pools, reward_named(name), seed=view.seed)
        except (NoSpace, ReadOnly) as error:
            _step_aside(pools[0].store, error)
            pools = [_filled(writing().pool(pool.task, pool.sampler), view.seed) for pool in pools]
            score_together(pools, reward_named(name), seed=view.seed)
        except BadInput as error:
            _refused[view.prompt, name] = str(error)
            while len(_refused) > 1000:
                _refused.pop(next(iter(_refused)))


_refused: dict[tuple[str, str], str] = {}


def wanted(view: T2iView) -> list[str]:
    """The rewards that a view asks for and that are not known to refuse its prompt."""
    names = dict.fromkeys((view.reward, view.second))
    return [name for name in names if reward_choice.known(name) and (view.prompt, name) not in _refused]


def refusals(view: T2iView) -> list[str]:
    """Why rewards of a view cannot score its prompt, and why its images are not kept."""
    found = [_refused[view.prompt, name] for name in (view.reward, view.second) if (view.prompt, name) in _refused]
    return [*found, *(note(why) for path, why in _unkept.items() if path == store().path)]


def earlier(view: T2iView) -> StoredPool | None:
    """The fullest pool of a view that earlier weights of its model drew, in the store; it is read, and never added to.

    Only the revision tells it from the view's own pool.
    """
    try:
        own = pool_of(view).fingerprint
        found = [pool for pool in store().of_task(view.task) if _but_for_weights(pool.fingerprint, own)]
    except PlaygroundError:
        return None
    return max(found, key=len, default=None)


def _but_for_weights(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    facts, own = ({**who, "revision": ""} for who in (one, other))
    return facts == own and one.get("revision") != other.get("revision")


def opening(view: T2iView) -> GalleryState:
    """What a fresh page shows without any model: the starter of the view's prompt, or else the first, or nothing."""
    pools = ready_made(NAME, view)
    if not pools:
        return GalleryState(view)
    pool = next((p for p in pools if p.task_key.get("prompt") == view.prompt), pools[0])
    return look_at(pool, matching(pool, view))


def ready_made(name: str, view: T2iView) -> list[PoolView]:
    """The starter pools of one name that are of the view's model; none when nothing is installed."""
    pools = starters.load(name) if name in starters.names() else ()
    return [pool for pool in pools if pool.fingerprint.get("model") == view.model]


def matching(pool: PoolView, view: T2iView) -> T2iView:
    """The view with the prompt and the settings of a pool."""
    facts = pool.fingerprint
    names = [name for name in ("temperature", "cfg", "top_p", "top_k", "steps", "eta") if name in facts]
    changed: dict[str, Any] = {name: type(getattr(view, name))(facts[name]) for name in names}
    return replace(view, prompt=str(pool.task_key["prompt"]), model=str(facts["model"]), **changed)


def sample_of(view: T2iView, place: int) -> Any:
    """The sample at a place of a view's pool, with its tokens.

    Raises:
        BadInput: there is none.
    """
    samples: Sequence[Any] = readable(view).samples(place + 1, seed=view.seed)
    if len(samples) <= place:
        raise BadInput("This image is not in the store any more; draw again.")
    return samples[place]
