"""Rendered scenes by the hundred thousand, without labels."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import islice

import numpy as np

from tts_playground.train.common.data_workers import data_workers
from tts_playground.worlds import stickers
from tts_playground.worlds.scene import Scene, render_batch

CHUNK = 2000
Scenes = Callable[[int, int, int], list[Scene]]
"""seed, start and number to scenes: a top-level function, because worker processes are sent it"""


def render_chunk(seed: int, scenes: Scenes, number: int) -> np.ndarray:
    """Scenes ``number * CHUNK`` to ``(number + 1) * CHUNK`` of ``seed``, uint8 [CHUNK, 64, 64, 3]."""
    return render_batch(scenes(seed, number * CHUNK, CHUNK))


def draw_pictures(seed: int, n: int, *, workers: int = 0, scenes: Scenes = stickers.scenes) -> np.ndarray:
    """The first ``n`` of ``scenes`` of ``seed``, uint8 [n, 64, 64, 3]; ``workers`` processes draw (0: this one)."""
    if n < CHUNK:
        return render_batch(scenes(seed, 0, n))
    source = data_workers(partial(render_chunk, seed, scenes), workers=workers)
    out = np.empty((n, 64, 64, 3), dtype=np.uint8)
    for number, images in enumerate(islice(source, -(-n // CHUNK))):
        part = out[number * CHUNK : (number + 1) * CHUNK]
        part[:] = images[: len(part)]
    source.close()
    return out
