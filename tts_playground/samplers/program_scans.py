"""Scans of a picture's pixels, the last ones kept: a search comes back to the same places of the same programs.

Of the scans of a search more than half have been made shortly before, by another draw or for the other of two tastes.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tts_playground.dsl.masks import engine
from tts_playground.dsl.turned import turned

KEPT = 16
"""scans that are kept in a process, about a megabyte each at 64 px"""


@lru_cache(maxsize=KEPT)
def scanned(
    ink: bytes, blank: bytes, size: int, angles: tuple[int, ...], weights: bytes
) -> tuple[NDArray[np.signedinteger], NDArray[np.signedinteger]]:
    """For every primitive, those at ``angles`` last: what its pixels in ``ink`` count, and those in ``blank``.

    Args:
        ink, blank: packed rasters of ``size`` pixels a side.
        angles: whole degrees 1..89 of further quads.
        weights: int32 of every pixel, what it counts; empty for 1 each.

    Returns:
        two arrays that nobody may write, for others get them too.
    """
    masks = engine(size)
    first, second = (masks.unpack(np.frombuffer(packed, np.uint64)) for packed in (ink, blank))
    if weights:
        counts = np.frombuffer(weights, np.int32).reshape(size, size)
        first, second = first * counts, second * counts
    # both ride in one number: the lower bits hold all that is blank
    shift = int(second.sum(dtype=np.int64)).bit_length()
    dtype = np.int32 if int(first.sum(dtype=np.int64)).bit_length() + shift < 31 else np.int64
    both = (first.astype(dtype) << shift) + second
    sums = [masks.scanner.sums(both), *(turned(size, angle).sums(both) for angle in angles)]
    all_sums = np.concatenate(sums) if angles else sums[0]
    found = all_sums >> shift, all_sums & ((1 << shift) - 1)
    for counted in found:
        counted.flags.writeable = False
    return found
