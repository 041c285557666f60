"""Images drawn through the store: what is there is read, what is missing is drawn row by row, then kept."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tts_playground.core import Reward, Sample
from tts_playground.errors import BadInput
from tts_playground.samplers.cancellation import Cancel, never, stop_if
from tts_playground.samplers.image_tokens import ImageTokens
from tts_playground.store.pool import PoolView
from tts_playground.store.rows import encode
from tts_playground.store.store import Pool
from tts_playground.tasks.text_to_image import Generated
from tts_playground.tasks.validation import total_cost

if TYPE_CHECKING:
    from PIL import Image

CHUNK = 16
"""images drawn together: the first of them are whole early, and a cancel loses little"""
SEEN = 4
"""images of a chunk that are previewed; decoding an image takes as long as several rows of tokens"""
PACE = 0.15
"""seconds between the first two previews; each pause is twice the last, up to a second"""
ImagePool = Pool[ImageTokens]


@dataclass(frozen=True, slots=True)
class PoolProgress:
    """How many samples are drawn, of how many."""

    done: int
    """images that are whole and kept"""
    of: int
    rows: int = 0
    """rows of tokens of the images in work"""
    of_rows: int = 0
    previews: tuple[Image.Image, ...] = ()
    """the first images in work as they stand; rows that are not drawn yet are grey"""


def draw(
    pools: Sequence[Pool[Any]],
    n: int,
    *,
    seed: int = 0,
    chunk: int = CHUNK,
    cancel: Cancel = never,
    seen: int = SEEN,
    in_turn: bool = False,
) -> Iterator[PoolProgress]:
    """Draw what is missing of samples 0..n-1 of every pool, in batches of ``chunk``, the first ``seen`` previewed.

    Index by index over all pools, so that every batch holds something of each; or, ``in_turn``, pool by pool.

    The pools are of one task and one model and differ in their settings, as the cells of a sweep do. What was finished
    is kept whatever happens later.

    Raises:
        Cancelled: ``cancel()`` became true; it is asked after every token.
        BadInput: the pools are of different prompts or models.
    """
    if not all(isinstance(pool.sampler, ImageTokens) for pool in pools):
        yield from _one_by_one(pools, n, seed, cancel)
        return
    if len({(pool.task, pool.sampler.loaded) for pool in pools}) > 1:
        raise BadInput("Pools that are drawn together must share the prompt and the model.")
    missing = _missing(pools, n, seed)
    if in_turn:
        turns = {id(pool): turn for turn, pool in enumerate(pools)}
        missing.sort(key=lambda pair: turns[id(pair[0])])
    total = n * len(pools)
    yield PoolProgress(total - len(missing), total)
    for start in range(0, len(missing), chunk):
        block = missing[start : start + chunk]
        done = total - len(missing) + start
        samples: list[Sample] = []
        for step in _chunk(block, seed, cancel, seen):
            if isinstance(step, list):
                samples = step
            else:
                yield PoolProgress(done, total, step[0], step[1], step[2])
        _keep(block, samples)
        yield PoolProgress(done + len(block), total)


def _one_by_one(pools: Sequence[Pool[Any]], n: int, seed: int, cancel: Cancel) -> Iterator[PoolProgress]:
    """As ``draw``, by samplers that draw whole images only."""
    missing, total = _missing(pools, n, seed), n * len(pools)
    yield PoolProgress(total - len(missing), total)
    for left, (pool, index) in zip(reversed(range(len(missing))), missing, strict=True):
        stop_if(cancel)
        pool.fill([index], seed=seed)
        yield PoolProgress(total - left, total)


def _missing(pools: Sequence[Pool[Any]], n: int, seed: int) -> list[tuple[Pool[Any], int]]:
    """(pool, index), index by index."""
    here = [{row.index for row in pool.rows(seed=seed, below=n)} for pool in pools]
    return [(pool, i) for i in range(n) for pool, there in zip(pools, here, strict=True) if i not in there]


def _chunk(block: Sequence[tuple[ImagePool, int]], seed: int, cancel: Cancel, seen: int) -> Iterator[Any]:
    """(rows, of, previews) now and then, and at the end the list of whole samples."""
    sampler = block[0][0].sampler
    task = block[0][0].task
    paths = [path for pool, index in block for path in pool.sampler.start(task, [index], seed=seed)]
    due, pause = 0.0, PACE
    whole: list[Sample] = []
    for report in sampler.stream_paths(task, paths, cancel=cancel):
        whole += report.finished
        if seen and report.unfinished and time.monotonic() >= due:
            shown = tuple(sample.content for sample in sampler.peek(task, report.unfinished[:seen]))
            yield report.unfinished[0].steps, sampler.horizon(task), shown
            due, pause = time.monotonic() + pause, min(2 * pause, 1.0)
    yield whole


def _keep(block: Sequence[tuple[ImagePool, int]], samples: Sequence[Sample]) -> None:
    by_pool: dict[int, tuple[ImagePool, list[Any]]] = {}
    for (pool, _), sample in zip(block, samples, strict=True):
        by_pool.setdefault(id(pool), (pool, []))[1].append(encode(sample))
    for pool, rows in by_pool.values():
        pool.insert(rows)


def generated(
    pool: PoolView, prompt: str, settings: Any, rewards: Sequence[Reward], n: int, seed: int, model: str = ""
) -> Generated:
    """The first ``n`` samples of a pool that was drawn and scored, as ``generate`` returns them.

    Args:
        model: what drew them, where the pool does not say.

    Raises:
        BadInput: the pool holds fewer than ``n``.
    """
    samples = tuple(pool.samples(n, seed=seed))
    if len(samples) < n:
        raise BadInput(f"This pool holds {len(samples)} of the {n} samples asked for; draw the rest first.")
    scores = {reward.name: tuple(pool.scores(reward.name, n, seed=seed)) for reward in rewards}
    cost = total_cost(samples, rewards)
    return Generated(prompt, str(pool.fingerprint.get("model", model)), seed, settings, samples, scores, cost)
