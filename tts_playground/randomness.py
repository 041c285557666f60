"""Counter-based randomness: the noise of (seed, index, ...) never depends on what else was drawn.

Philox (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") is keyed, so a stream is found by hashing its
name; nothing is ever seeded globally.
"""

from __future__ import annotations

import hashlib

import numpy as np


def key(*names: int | str) -> int:
    """A 128-bit key from a seed and whatever else names the stream, e.g. ``key(seed, index, "noise")``."""
    text = "\x1f".join(f"{type(name).__name__}:{name}" for name in names)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "little")


def generator(*names: int | str) -> np.random.Generator:
    """A numpy generator for the stream called ``names``; equal names give equal streams on every machine."""
    return np.random.Generator(np.random.Philox(key=key(*names)))
