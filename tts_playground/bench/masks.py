"""The mask engine's rows of ``bench dsl``: evaluations a second with exact IoU, and the time to build its table."""

from __future__ import annotations

import time
from statistics import median, quantiles
from typing import Any

import numpy as np

from tts_playground.bench.timing import contended, row
from tts_playground.dsl import exact
from tts_playground.dsl.edits import slots
from tts_playground.dsl.generator import generate
from tts_playground.dsl.masks import MaskEngine, count
from tts_playground.samplers.program_fitter import Fitter, InsertionPoint
from tts_playground.samplers.program_scans import scanned

SIZE = 64
PEER = 200
"""candidates that the peer evaluates a round"""


def rows(repeats: int = 30) -> list[dict[str, Any]]:
    """Measure on this core.

    One evaluation is one operand replaced in a program of several: the exact IoU of the program with a drawing. The
    peer evaluates the same candidates one by one on packed masks, each primitive's mask ready beforehand.
    """
    busy = contended()
    start = time.process_time()
    engine = MaskEngine(SIZE)
    table = len(engine.scanner)
    built = time.process_time() - start
    target = engine.pack(exact.mask(generate(2026, 1), SIZE))
    program = next(p for p in (generate(2026, i) for i in range(2, 100)) if len(p) == 5)
    assert program.root is not None
    fit = Fitter(target, ~target, SIZE)
    place = InsertionPoint.of(slots(engine, program.root)[-1], "replace")
    ours = []
    for _ in range(repeats):
        scanned.cache_clear()  # a search would not scan the same place twice
        ours.append(table / _seconds(lambda: fit.scores(place)))
    primitives = [engine.scanner.primitive(int(i)) for i in np.linspace(0, table - 1, PEER)]
    masks = [engine.mask(primitive) for primitive in primitives]
    peer = [PEER / _seconds(lambda: [_replaced(place, mask, target) for mask in masks]) for _ in range(repeats)]
    what = f"one-operand evaluations with exact IoU, {SIZE} px, {table:,} distinct primitives"
    rate = row(what, median(ours), median(peer), "1/s", "ours >= 5,000,000", higher_is_better=True, busy=busy)
    rate["spread"] = {side: quantiles(times, n=4)[::2] for side, times in (("ours", ours), ("peer", peer))}
    return [rate, row(f"table built, {SIZE} px, processor time", built, None, "s", "ours <= 1.5", busy=busy)]


def _replaced(place: InsertionPoint, mask: np.ndarray, target: np.ndarray) -> float:
    inside = mask & place.region
    picture = place.base | inside if place.adds else place.base & ~inside
    return count(picture & target) / count(picture | target)


def _seconds(call: Any) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
