"""Batches made by worker processes, in order: batch ``i`` is ``make(i)`` whoever made it, so resuming is exact."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

Made = TypeVar("Made")


def default_workers() -> int:
    """Processes for making data: all cores but one."""
    return max(1, len(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)) - 1)


def data_workers(make: Callable[[int], Made], start: int = 0, *, workers: int = 0, ahead: int = 3) -> Generator[Made]:
    """Yield ``make(start)``, ``make(start + 1)``, ... without end.

    Args:
        make: a picklable function (top level, or a ``functools.partial`` of one) from an index to numpy arrays.
        workers: processes; 0 makes each batch here and now.
        ahead: batches in flight per worker.
    """
    if workers <= 0:
        while True:
            yield make(start)
            start += 1
    # spawn, because a forked child of a process that has touched CUDA or torch's threads may hang
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_one_thread)
    try:
        waiting = deque(pool.submit(make, start + i) for i in range(workers * ahead))
        following = start + workers * ahead
        while True:
            made = waiting.popleft().result()
            waiting.append(pool.submit(make, following))
            following += 1
            yield made
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _one_thread() -> None:
    os.environ |= {"OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
