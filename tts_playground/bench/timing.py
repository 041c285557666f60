"""How a bench takes time: ours and the peer alternate in one run; medians and spread; a busy machine is named.

A bench row is ``{"what", "ours", "peer", "ratio", "unit", "goal"}``. ``ratio`` is how many times better ours is (above
1 is better, whatever the unit); ``goal`` is what the project asks for, or "" where a row is only shown.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any


@dataclass(frozen=True)
class Timing:
    """Seconds of one side: the median, and the quartiles as its spread."""

    median: float
    low: float
    high: float


def alternate(
    ours: Callable[[], Any], peer: Callable[[], Any], *, repeats: int = 5, warmup: int = 1
) -> tuple[Timing, Timing]:
    """Time two callables in turn, ``repeats`` times each after ``warmup`` untimed calls; wall-clock seconds."""
    for _ in range(warmup):
        ours()
        peer()
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for side, call in zip(times, (ours, peer), strict=True):
            start = time.perf_counter()
            call()
            side.append(time.perf_counter() - start)
    return summary(times[0]), summary(times[1])


def summary(seconds: list[float]) -> Timing:
    """Median and quartiles of one or more measured times."""
    if len(seconds) < 2:
        return Timing(seconds[0], seconds[0], seconds[0])
    low, _, high = quantiles(seconds, n=4, method="inclusive")
    return Timing(median(seconds), low, high)


def contended() -> bool:
    """Whether something else is using this machine: the one-minute load average is above 0.5."""
    return os.getloadavg()[0] > 0.5


def row(
    what: str,
    ours: float,
    peer: float | None,
    unit: str,
    goal: str = "",
    *,
    higher_is_better: bool = False,
    busy: bool = False,
    spread: tuple[Timing, Timing] | None = None,
) -> dict[str, Any]:
    """One row. ``busy`` is ``contended()`` taken before the bench began: the row then says so."""
    ratio = None if not peer or not ours else (ours / peer if higher_is_better else peer / ours)
    result: dict[str, Any] = {
        "what": what + (" [contended]" if busy else ""),
        "ours": ours,
        "peer": peer,
        "ratio": ratio,
        "unit": unit,
        "goal": goal,
    }
    if spread:
        result["spread"] = {side: [t.low, t.high] for side, t in zip(("ours", "peer"), spread, strict=True)}
    return result


def timed_row(
    what: str, ours: Callable[[], Any], peer: Callable[[], Any], goal: str = "", *, repeats: int = 5, busy: bool = False
) -> dict[str, Any]:
    """A row of two alternated callables, in seconds."""
    mine, theirs = alternate(ours, peer, repeats=repeats)
    return row(what, mine.median, theirs.median, "s", goal, busy=busy, spread=(mine, theirs))
