"""What training never shows, so that ``math-eval`` can ask for it: wordings, numbers, compositions.

Each is decided by the name of the thing alone, so that nothing has to be listed and nothing can drift.
"""

from __future__ import annotations

import zlib
from functools import cache

KINDS = ("wording", "number", "composition")
"""wording: a phrase with a thing or in a family; number: a given in certain ranges; composition: two operations in a
row"""
RANGES = ((17, 18), (43, 47), (71, 75), (130, 140), (260, 280), (610, 640))
"""[from, to) of numbers that training problems do not give. Results of calculations may fall there, and 17 may be what
something is divided by, or an amount that came out whole: in one training problem of 300."""


@cache
def reserved(kind: str, *names: str) -> bool:
    """Whether a wording or a composition called ``names`` is held out: about one in eight."""
    return zlib.crc32("/".join((kind, *names)).encode()) % 8 == 0


@cache
def reserved_number(value: int) -> bool:
    """Whether training problems never give ``value``."""
    return any(low <= value < high for low, high in RANGES)
