"""Networks with a tower for pictures and one for texts that meet in one space (CLIP, Radford et al. 2021).

Whatever package such a network comes from, it is fed in batches here and its embeddings are kept: two rewards that read
the same network score the same pictures one after the other, and the second finds them embedded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np
from PIL import Image

from tts_playground.models.lru_cache import LruCache

PICTURES_KEPT = 2000
"""embeddings of pictures that are kept, at most some 8 MB"""
TEXTS_KEPT = 50
"""lists of texts whose embeddings are kept: a prompt is scored again with every new picture"""


class TwoTowers(Hashable, Protocol):
    """One network on one device; equal ones share what is kept, so its hash tells weights and device."""

    batch: ClassVar[int]
    """pictures in one forward pass"""

    @property
    def width(self) -> int:
        """Length d of an embedding."""
        ...

    def embed_images(self, images: Sequence[Image.Image]) -> np.ndarray:
        """Unit embeddings of at most ``batch`` pictures: float32 [n, d]."""
        ...

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Unit embeddings of texts, long ones cut: float32 [n, d]."""
        ...


def embedded_images(towers: TwoTowers, images: Sequence[Image.Image]) -> np.ndarray:
    """Unit embeddings of pictures: float32 [n, d]."""
    keys = [(towers, _digest(image)) for image in images]
    known = {key: row for key in keys if (row := _IMAGES.get(key)) is not None}
    new = [place for place, key in enumerate(keys) if key not in known]
    for start in range(0, len(new), towers.batch):
        some = new[start : start + towers.batch]
        rows = towers.embed_images([images[place] for place in some])
        known |= {keys[place]: _IMAGES.put(keys[place], row) for place, row in zip(some, rows, strict=True)}
    return np.stack([known[key] for key in keys]) if keys else np.zeros((0, towers.width), np.float32)


def embedded_texts(towers: TwoTowers, texts: Sequence[str]) -> np.ndarray:
    """Unit embeddings of texts: float32 [n, d]."""
    key = (towers, tuple(texts))
    known = _TEXTS.get(key)
    return (_TEXTS.put(key, towers.embed_texts(texts)) if known is None else known).copy()


def cosines(towers: TwoTowers, images: Sequence[Image.Image], text: str) -> list[float]:
    """The cosine of each picture with one text, each in [-1, 1]."""
    told = embedded_texts(towers, [text])[0]
    return [float(one) for one in embedded_images(towers, images) @ told]


def _digest(image: Any) -> bytes:
    plain = image.convert("RGBA") if getattr(image, "mode", "") == "P" else image  # else a palette would not count
    array = np.ascontiguousarray(plain)
    return hashlib.blake2b(array.tobytes() + repr((array.shape, array.dtype.str)).encode(), digest_size=16).digest()


_IMAGES: LruCache[tuple[TwoTowers, bytes], np.ndarray] = LruCache(PICTURES_KEPT)
_TEXTS: LruCache[tuple[TwoTowers, tuple[str, ...]], np.ndarray] = LruCache(TEXTS_KEPT)
