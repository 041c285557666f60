"""Fine-tuning on a page: rows that are held back say, before and after, whether the model has learned."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tts_playground.errors import plural
from tts_playground.estimators.intervals import Interval, sign
from tts_playground.train.finetune.trainer import Tuning

STEPS = 24
"""steps of a run, at least: fewer show nothing"""
EACH = 5
"""every so many-th row is held back"""
SURE = 0.02
"""share by which a loss has to change to be called another"""


def split(rows: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """(rows to learn from, rows held back); of fewer than ``EACH`` none is held back."""
    kept = list(rows[EACH - 1 :: EACH])
    return [row for place, row in enumerate(rows) if place % EACH != EACH - 1], kept


def tuning(rows: int) -> Tuning:
    """Settings of a run on so many rows."""
    return Tuning(epochs=max(1, math.ceil(STEPS / math.ceil(rows / Tuning().batch))))


def verdict(before: float, after: float, kept: int, low: float | None = None, high: float | None = None) -> str:
    """Whether it has learned, in a sentence; "" where nothing was held back.

    Args:
        before, after: mean loss in nats.
        low, high: the ends of its change, paired by row; None where there are too few rows for an interval.
    """
    if not kept:
        return ""
    small, clear = abs(after - before) < SURE * before, sign(Interval(after - before, low, high, kept))
    if small:
        told = "It has hardly learned"
    elif not clear:
        told = "No clear change"
    else:
        told = "It has learned" if clear < 0 else "It has become worse"
    how = "fell" if after < before else "rose"
    return (
        f"{told}: on {plural(kept, 'program')} that it was not shown, the loss {how} from {before:.2f} to {after:.2f}."
    )


def of_fact(held: Mapping[str, Any]) -> str:
    """``verdict`` of an adapter's fact "held_out"; those of older adapters have no interval."""
    return verdict(held["before"], held["after"], held["rows"], held.get("low"), held.get("high"))
