"""Scenes for tiny:flow: drawn in the background while its autoencoder learns, then kept as latents on the device."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from tts_playground import randomness
from tts_playground.errors import CannotDo
from tts_playground.models.janus.vq import to_float
from tts_playground.train.common.data_workers import data_workers
from tts_playground.train.common.dense import boxes_in_parts, owners
from tts_playground.train.common.pictures import Scenes
from tts_playground.train.flow.parts import tokenizer
from tts_playground.worlds import stickers
from tts_playground.worlds.captions import caption
from tts_playground.worlds.layout import Draw
from tts_playground.worlds.scene import render_batch
from tts_playground.worlds.vocabulary import COLORS, NAMES, SIZE

CAPTIONS = 4
"""captions of each scene"""
LONGEST = 24
"""tokens of a caption with its markers, at most; what is longer is cut"""
CHUNK = 2000
AT_ONCE = 1000
"""pictures through the encoder in one pass"""


@dataclass(frozen=True, eq=False)
class SceneChunk:
    """``n`` scenes, drawn and told."""

    images: np.ndarray
    """uint8 [n, 64, 64, 3]"""
    ids: np.ndarray
    """int16 [n, CAPTIONS, LONGEST], padded on the right"""
    names: np.ndarray
    """uint8 [n, 64]: place in ``NAMES`` of what covers each token, ``len(NAMES)`` for nothing"""
    tints: np.ndarray
    """uint8 [n, 64]: place in ``COLORS`` of its colour, ``len(COLORS)`` for nothing"""


def caption_ids(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Tokens int16 [n, LONGEST] and mask bool [n, LONGEST] of captions, as the pipeline makes them, cut to LONGEST."""
    told = tokenizer()(texts, padding="max_length", truncation=True, max_length=LONGEST, return_tensors="np")
    return told["input_ids"].astype(np.int16), told["attention_mask"].astype(bool)


def covered_by(classes: np.ndarray, colors: np.ndarray, boxes: np.ndarray, grid: int) -> tuple[np.ndarray, np.ndarray]:
    """``SceneChunk.names`` and ``tints`` of labels as in ``stickers.SceneBatch``."""
    kinds = torch.from_numpy(classes)
    owner = owners(kinds, boxes_in_parts(boxes, SIZE), grid)
    seen = []
    for labels, nothing in ((kinds, len(NAMES)), (torch.from_numpy(colors), len(COLORS))):
        told = labels.gather(1, owner.clamp(min=0))
        seen.append(torch.where(owner >= 0, told, nothing).to(torch.uint8).numpy())
    return seen[0], seen[1]


def draw_chunk(seed: int, size: int, number: int, scenes: Scenes = stickers.scenes) -> SceneChunk:
    """Scenes ``number * size`` to ``(number + 1) * size`` of ``seed``."""
    start = number * size
    chosen = scenes(seed, start, size)
    texts = []
    for index, one in enumerate(chosen, start):
        draw = Draw(randomness.generator("captions", seed, index).random(96).tolist())
        texts += [caption(one.composition, draw) for _ in range(CAPTIONS)]
    ids = caption_ids(texts)[0].reshape(size, CAPTIONS, LONGEST)
    names, tints = covered_by(*stickers.labels(chosen), grid=8)
    return SceneChunk(render_batch(chosen), ids, names, tints)


class SceneStream:
    """Chunks that worker processes draw, collected by a thread, so that a GPU learns meanwhile."""

    def __init__(self, seed: int, most: int, *, workers: int, scenes: Scenes = stickers.scenes) -> None:
        self.most, self.size = most, min(CHUNK, most)
        self.chunks: list[SceneChunk] = []
        self._make = partial(draw_chunk, seed, self.size, scenes=scenes)
        self._workers, self._stop = workers, threading.Event()
        self._grown = threading.Condition()
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._collect, name="scenes", daemon=True)
        self._thread.start()

    def _collect(self) -> None:
        source = data_workers(self._make, workers=self._workers)
        try:
            while not self._stop.is_set() and len(self.chunks) * self.size < self.most:
                chunk = next(source)
                with self._grown:
                    self.chunks.append(chunk)
                    self._grown.notify_all()
        except BaseException as error:  # told to whoever waits
            self._fault = error
        finally:
            source.close()
            with self._grown:
                self._stop.set()
                self._grown.notify_all()

    def first(self, n: int) -> list[SceneChunk]:
        """The first chunks, with ``n`` scenes or more; waits for them.

        Raises:
            CannotDo: drawing failed.
        """
        wanted = -(-min(n, self.most) // self.size)
        with self._grown:
            self._grown.wait_for(lambda: len(self.chunks) >= wanted or self._stop.is_set())
        if self._fault is not None:
            raise CannotDo(f"Scenes could not be drawn: {self._fault}") from self._fault
        return self.chunks[:wanted]

    def all(self, seconds: float) -> list[SceneChunk]:
        """Every chunk that is there after at most ``seconds`` more, one at least; drawing ends.

        Raises:
            CannotDo: drawing failed.
        """
        until = time.monotonic() + seconds
        wanted = -(-self.most // self.size)
        with self._grown:
            while not self._stop.is_set() and len(self.chunks) < wanted:
                if self.chunks and time.monotonic() >= until:
                    break
                self._grown.wait(1.0)
        self.first(1)
        self.close()
        return self.chunks

    def close(self) -> None:
        """End the workers."""
        self._stop.set()
        self._thread.join()


@contextmanager
def scene_stream(seed: int, most: int, *, workers: int, scenes: Scenes) -> Iterator[SceneStream]:
    """A stream whose workers end with the block."""
    stream = SceneStream(seed, most, workers=workers, scenes=scenes)
    try:
        yield stream
    finally:
        stream.close()


@dataclass(frozen=True, eq=False)
class Latents:
    """What the transformer learns from, on the device."""

    values: torch.Tensor
    """float16 [n, c, 8, 8], of unit variance over all"""
    ids: torch.Tensor
    """int16 [n, CAPTIONS, LONGEST]"""
    names: torch.Tensor
    """uint8 [n, 64]"""
    tints: torch.Tensor
    """uint8 [n, 64]"""

    def __len__(self) -> int:
        return len(self.values)


@torch.no_grad()
def encode(autoencoder: Any, images: torch.Tensor, *, half: bool) -> torch.Tensor:
    """Scaled latents float32 [n, c, 8, 8] of uint8 pictures [n, 64, 64, 3]."""
    parts, layout = [], torch.channels_last if autoencoder.device.type == "cuda" else torch.contiguous_format
    for part in images.split(AT_ONCE):
        pixels = to_float(part.to(autoencoder.device)).contiguous(memory_format=layout)
        with torch.autocast(autoencoder.device.type, dtype=torch.bfloat16, enabled=half):
            parts.append(autoencoder.encode(pixels, return_dict=False)[0].float())
    return torch.cat(parts) * autoencoder.config.scaling_factor


def as_latents(
    chunks: list[SceneChunk], autoencoder: Any, device: torch.device, say: Callable[[str], None] = print
) -> Latents:
    """Encode the pictures of ``chunks``; each chunk's are let go of as soon as they are latents."""
    values, ids, names, tints = [], [], [], []
    while chunks:
        chunk = chunks.pop(0)
        latent = encode(autoencoder, torch.from_numpy(chunk.images), half=device.type == "cuda")
        values.append(latent.to(torch.float16))
        for kept, more in ((ids, chunk.ids), (names, chunk.names), (tints, chunk.tints)):
            kept.append(torch.from_numpy(more))
    found = Latents(torch.cat(values), *(torch.cat(kept).to(device) for kept in (ids, names, tints)))
    say(f"latents: {len(found)} scenes, standard deviation {found.values[:20_000].float().std():.3f}")
    return found
