"""Which colour a thing has, read off the pixels inside its box: no model, so nothing that a reward could share.

Each pixel of the box that differs from the background votes for the tint whose shades it is nearest to, or for none.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from tts_playground.worlds.vocabulary import BACKGROUNDS, TINTS

SHADES = (0.5, 0.62, 0.75, 0.88, 1.0)
"""how much darker than the tint a pixel of it may be"""
PALER = (0.2, 0.4)
"""how far towards white it may be"""
GROUND = 36.0
"""RGB distance up to which a pixel counts as background"""
FAR = 60.0
"""RGB distance beyond which a pixel votes for no colour"""
SHARE = 0.44
"""part of the votes that a colour needs"""
PAIR = 0.15
"""part of the votes that each of two colours of one thing needs"""
DARK, PALE = 72, 208
"""levels of grey up to which, and from which on, a pixel is black, and white"""
HUES = (*TINTS, "black", "white")
"""what a pixel can vote for"""


@cache
def _palette() -> tuple[np.ndarray, np.ndarray]:
    """Reference pixels, float [n, 3], and whose they are, int [n]: the place in ``HUES``, or -1 for greys."""
    colors, owners = [], []
    for place, rgb in enumerate(np.array(list(TINTS.values()), dtype=np.float32)):
        shades = [rgb * s for s in SHADES] + [rgb + (255 - rgb) * p for p in PALER]
        colors += shades
        owners += [place] * len(shades)
    levels = range(0, 256, 32)
    whose = [len(TINTS) if level <= DARK else len(TINTS) + 1 if level >= PALE else -1 for level in levels]
    greys = [np.full(3, level, dtype=np.float32) for level in levels]
    return np.array(colors + greys, dtype=np.float32), np.array(owners + whose)


def background(image: np.ndarray) -> np.ndarray:
    """The colour behind everything: the median of the picture's outermost pixels, float [3]."""
    edge = max(1, image.shape[0] // 32)
    rim = [image[:edge], image[-edge:], image[:, :edge], image[:, -edge:]]
    pixels = np.concatenate([part.reshape(-1, 3) for part in rim]).astype(np.float32)
    return np.median(pixels, axis=0)


def background_name(image: np.ndarray) -> str:
    """The world's background that is nearest to the one in ``image``, uint8 [h, w, 3]."""
    seen = background(image)
    return min(BACKGROUNDS, key=lambda name: float(np.linalg.norm(np.array(BACKGROUNDS[name]) - seen)))


def color_votes(image: np.ndarray, box: tuple[float, float, float, float]) -> dict[str, float]:
    """Each colour's part of the votes inside ``box`` (pixels), most first; empty when all of it is background."""
    high, wide = image.shape[:2]
    x0, y0 = max(0, int(np.floor(box[0]))), max(0, int(np.floor(box[1])))
    x1, y1 = min(wide, int(np.ceil(box[2]))), min(high, int(np.ceil(box[3])))
    pixels = image[y0:y1, x0:x1].reshape(-1, 3).astype(np.float32)
    pixels = pixels[np.linalg.norm(pixels - background(image), axis=1) > GROUND]
    if len(pixels) == 0:
        return {}
    colors, owners = _palette()
    distance = np.linalg.norm(pixels[:, None] - colors[None], axis=-1)
    nearest = distance.argmin(1)
    votes = np.where(distance[np.arange(len(pixels)), nearest] <= FAR, owners[nearest], -1)
    shares = {name: float((votes == place).mean()) for place, name in enumerate(HUES)}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def color_of(image: np.ndarray, box: tuple[float, float, float, float]) -> str:
    """The colour of what is in ``box``, or "" when none has ``SHARE`` of the votes; tints come before black and white.

    Args:
        image: uint8 [h, w, 3].
        box: x0, y0, x1, y1 in pixels.
    """
    votes = {name: share for name, share in color_votes(image, box).items() if share >= SHARE}
    return next((name for name in votes if name in TINTS), next(iter(votes), ""))


def fits_pair(image: np.ndarray, box: tuple[float, float, float, float], pair: str) -> bool:
    """Whether what is in ``box`` is of both colours of ``pair`` ("red and white"): they win the votes, each a part."""
    votes = color_votes(image, box)
    parts = [votes.get(name, 0.0) for name in pair.split(" and ")]
    return min(parts) >= PAIR and sum(parts) >= SHARE
