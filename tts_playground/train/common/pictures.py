"""Rendered scenes by the hundred thousand, without labels."""

from __future__ import annotations

from functools import partial
from itertools import islice

import numpy as np

from tts_playground.train.common.data_workers import data_workers
from tts_playground.worlds import stickers
from tts_playground.worlds.scene import render_batch

CHUNK = 2000


def render_chunk(seed: int, number: int) -> np.ndarray:
    """Scenes ``number * CHUNK`` to ``(number + 1) * CHUNK`` of ``seed``, uint8 [CHUNK, 64, 64, 3]."""
    return render_batch(stickers.scenes(seed, number * CHUNK, CHUNK))


def draw_pictures(seed: int, n: int, *, workers: int = 0) -> np.ndarray:
    """The first ``n`` scenes of ``seed``, uint8 [n, 64, 64, 3]; ``workers`` processes draw (0: this one)."""
    if n < CHUNK:
        return render_batch(stickers.scenes(seed, 0, n))
    source = data_workers(partial(render_chunk, seed), workers=workers)
    out = np.empty((n, 64, 64, 3), dtype=np.uint8)
    for number, images in enumerate(islice(source, -(-n // CHUNK))):
        part = out[number * CHUNK : (number + 1) * CHUNK]
        part[:] = images[: len(part)]
    source.close()
    return out
