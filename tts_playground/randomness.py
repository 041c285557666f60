"""Counter-based randomness: the noise of (seed, index, ...) never depends on what else was drawn.

Philox (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") is keyed, so a stream is found by hashing its
name; nothing is ever seeded globally.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.random.bit_generator import ISeedSequence


def key(*names: int | str) -> int:
    """A 128-bit key from a seed and whatever else names the stream, e.g. ``key(seed, index, "noise")``."""
    text = "\x1f".join(f"{type(name).__name__}:{name}" for name in names)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "little")


class _Key(ISeedSequence):
    """A key as it is: ``Philox(key=...)`` gives the same stream, but asks the system for entropy that it never uses."""

    def __init__(self, key: int) -> None:
        self._words = np.array([key & (1 << 64) - 1, key >> 64], np.uint64)

    def generate_state(self, n_words: int, dtype: Any = np.uint64) -> Any:
        """Both words of the key."""
        return self._words


def generator(*names: int | str) -> np.random.Generator:
    """A numpy generator for the stream called ``names``; equal names give equal streams on every machine."""
    seed: Any = _Key(key(*names))  # which numpy takes; its types know only its own sequences
    return np.random.Generator(np.random.Philox(seed))
