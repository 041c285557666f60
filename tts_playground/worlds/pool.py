"""Scenes with everything that there is to know about them: pictures, labels, captions, and captions that lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from tts_playground import randomness
from tts_playground.worlds import stickers
from tts_playground.worlds.captions import caption, falsified
from tts_playground.worlds.layout import Draw
from tts_playground.worlds.scene import Scene, render_batch

FALSE = 4
"""false captions kept for each scene"""


@dataclass(frozen=True, eq=False)
class ScenePool:
    """``n`` scenes with everything that a trainer or a measurement may want to know about them."""

    images: np.ndarray
    """uint8 [n, 64, 64, 3]"""
    classes: np.ndarray
    """int64 [n, 4], -1 for none"""
    colors: np.ndarray
    """int64 [n, 4], -1 for none"""
    boxes: np.ndarray
    """float32 [n, 4, 4], x0, y0, x1, y1 in pixels"""
    captions: list[tuple[str, str]]
    """a caption that tells everything, and one that may leave the background out"""
    wrong: list[tuple[str, ...]]
    """``FALSE`` captions a scene, wrong in one point each"""

    def __len__(self) -> int:
        return len(self.images)

    def first(self, n: int) -> ScenePool:
        """The first ``n`` scenes."""
        return ScenePool(*(getattr(self, field.name)[:n] for field in fields(self)))


def joined(parts: Sequence[ScenePool]) -> ScenePool:
    """Pools one after the other."""

    def whole(name: str) -> np.ndarray:
        return np.concatenate([getattr(part, name) for part in parts])

    captions = [text for part in parts for text in part.captions]
    wrong = [text for part in parts for text in part.wrong]
    return ScenePool(whole("images"), whole("classes"), whole("colors"), whole("boxes"), captions, wrong)


def texts(one: Scene, draw: Draw) -> tuple[tuple[str, str], tuple[str, ...]]:
    """Captions and false captions; a false one leaves out nothing but the background, or it might be true."""
    bare = replace(one.composition, background="")
    told = (
        caption(one.composition, draw, full=True),
        caption(bare if draw() < 0.7 else one.composition, draw, full=True),
    )
    lies = list(falsified(one.composition, draw).values())
    wrong = []
    for place in range(FALSE):
        lie = lies[place % len(lies)]
        wrong.append(caption(replace(lie, background="") if draw() < 0.35 else lie, draw, full=True))
    return told, tuple(wrong)


def draw_pool(seed: int, start: int, n: int) -> ScenePool:
    """Scenes ``start`` to ``start + n`` of the world with ``seed``."""
    chosen = stickers.scenes(seed, start, n)
    draws = (Draw(randomness.generator("texts", seed, start + i).random(96).tolist()) for i in range(n))
    told = [texts(one, draw) for one, draw in zip(chosen, draws, strict=True)]
    classes, colors, boxes = stickers.labels(chosen)
    return ScenePool(render_batch(chosen), classes, colors, boxes, [t[0] for t in told], [t[1] for t in told])
