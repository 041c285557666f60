"""What came out: the candidates by reward, and what the number of candidates buys."""

from __future__ import annotations

from typing import Any

import numpy as np

from tts_playground import figures
from tts_playground.estimators.intervals import between
from tts_playground.pages.sketch.page_state import SketchPageState
from tts_playground.pages.status import status
from tts_playground.pages.thumbnails import thumbnail

SHOWN = 48
"""candidates in the gallery"""


def gallery(work: SketchPageState | None) -> list[tuple[str, str]]:
    """(file, caption) of the distinct candidates, best first."""
    if work is None:
        return []
    return [
        (thumbnail(candidate.program), f"{rank} · {candidate.score:.3f}")
        for rank, candidate in enumerate(work.ranked(SHOWN), 1)
    ]


def figure(work: SketchPageState | None, n: int) -> Any:
    """Expected best score against N with the slider's N marked, or a sentence where there is no pool to stand on."""
    if work is None:
        return figures.empty("No pool for this drawing yet:<br>draw one, or open a ready-made one.")
    curve = work.curve()
    if curve is None:
        return figures.empty(
            "These candidates came out of<br>a search and depend on each<br>other. Draw a pool for a curve."
        )
    return figures.best_of_n(curve, at=min(n, len(work.pool)))


def reading(work: SketchPageState | None, n: int) -> str:
    """What the curve says at the slider's N, in words."""
    curve = None if work is None else work.curve()
    if work is None or curve is None:
        return status("A curve of best-of-N needs independent draws: press “Draw a pool”.")
    size = len(work.pool)
    at = min(n, size)
    point = list(curve.n).index(at) if at in curve.n else -1
    band = ""
    if point >= 0 and curve.low is not None and curve.high is not None and np.isfinite(curve.low[point]):
        band = f" (95 % band {between(curve.low[point], curve.high[point])})"
    beyond = f" The pool holds {size}: draw a larger one to see N = {n}." if n > size else ""
    return status(
        f"{work.title}: draw {at}, keep the best: score {curve.at(at):.3f} on average{band}, against"
        f" {curve.at(1):.3f} for a single draw.{beyond}"
    )
