"""``bench cluster``: what several workers cost beside one process, and how far one book of keys carries.

Measured: a recipe of tiny:math in one process and by workers, each of one thread, in their steady state: from when all
have rows until the time is up or few are left, so that neither the start nor the tail counts. CPU seconds a row are of
the whole tree of processes, Ray's own among them; they say what workers cost even where others use the machine, whose
load is a row of its own. One process with all its threads is shown, too: on a machine that is used by others they wait
for each other, many times as long as they work.

Simulated: 1 to 512 workers whose rows take a second at a virtual clock. Their calls are served one after another by the
book that is used on a cluster, each for the time that such a call was measured to take here; so the table says where
the one process that keeps the book is the limit.
"""

from __future__ import annotations

import heapq
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from tts_playground.bench.timing import contended, row
from tts_playground.cluster.book import Book
from tts_playground.cluster.desk import FLUSH
from tts_playground.cluster.work import Done
from tts_playground.experiments.recipes import clustered
from tts_playground.experiments.recipes.recipe import Recipe
from tts_playground.experiments.recipes.run import asked_problems
from tts_playground.experiments.recipes.solver import Solver, models_of

PROBLEMS = 500
"""at most; time ends it sooner"""
SOLUTIONS = 4
AT_ONCE = 8
"""problems that a process has under way: few, so that rows come steadily from soon on"""
ONE, MANY, THREADED = 40.0, 60.0, 10.0
"""seconds of a window: of one process, of workers, and of one process with all its threads"""
PATIENCE = 2.5
"""times the seconds of a window after which a run is given up, open or not"""
WARM = 8
"""rows before a window begins"""
WORKERS = (1, 8, 64, 512)
SECONDS_A_ROW = 1.0
"""of a stub model, for one key at a time"""
BATCH = 16
"""keys that a stub worker has under way at once"""
WAIT = 0.5
"""seconds that a worker waits for news before it answers"""


@dataclass(frozen=True)
class SteadyRate:
    """What a window of a run came to."""

    rows: int
    seconds: float
    cpu: float
    """seconds of CPU of this process and all below it"""
    around: float = 0.0
    """of them those of Ray's own processes and of this one, which keeps the book"""

    @property
    def rate(self) -> float:
        """Rows a second; 0 where the window was too short for one."""
        return self.rows / self.seconds if self.seconds else 0.0

    @property
    def cpu_a_row(self) -> float:
        """CPU seconds a row; 0 where there was none."""
        return self.cpu / self.rows if self.rows else 0.0


def run(problems: int = PROBLEMS, workers: int = 2) -> dict[str, Any]:
    """All rows; three or four minutes."""
    busy, load, cores = contended(), os.getloadavg()[0], len(os.sched_getaffinity(0))
    recipe = Recipe(
        "best_of_n", "tiny:math", "tiny:prm", n=SOLUTIONS, max_tokens=256, num_iterations=16, seed=0,
        dataset_name="math-eval", num_samples=problems, search_batch_size=AT_ONCE,
    )  # fmt: skip
    one, threaded = _one_process(recipe, 1, ONE), _one_process(recipe, cores, THREADED)
    many, start, calls = _on_ray(recipe, workers)
    what = f"{SOLUTIONS} solutions a row by tiny:math, {workers} workers of 1 thread"
    alone = f"one process of 1 thread as peer ({one.rows} and {many.rows} rows)"
    most = min(workers, cores) * one.rate
    rows = [
        row(f"{what}: CPU of all processes, {alone}", many.cpu_a_row, one.cpu_a_row, "s/row", ">= 0.87", busy=busy),
        row(f"{what}: {min(workers, cores)} x one process as peer", many.rate, most, "rows/s", ">= 0.87",
            higher_is_better=True, busy=busy),
        row(f"{what}: one process of {cores} threads as peer ({threaded.rows} rows)", many.rate, threaded.rate or None,
            "rows/s", higher_is_better=True, busy=busy),
        row("CPU seconds a second of Ray's own processes and of the book", many.around / (many.seconds or 1), None,
            "s/s", busy=busy),
        row(f"load of this machine as the bench began, on {cores} cores", load, None, "processes", busy=busy),
        row(f"start of Ray and of {workers} workers with their models", start, None, "s", busy=busy),
        row("the book's part of a call of a worker", calls * 1e3, None, "ms", busy=busy),
    ]  # fmt: skip
    for number in WORKERS:
        rate, share = simulated(number, calls)
        what = f"simulated: {number} workers, {BATCH} keys at once, {SECONDS_A_ROW:g} s a key"
        rows.append(row(f"{what}: rows a second, and the most that they could", rate, share, "rows/s"))
    rows.append(row("simulated: calls a second at which the book is full", 1 / calls, None, "calls/s"))
    return {"name": "cluster", "rows": rows}


def steady(reports: Iterator[tuple[int, bool]], seconds: float) -> SteadyRate:
    """The window of a run between two of its rows.

    Args:
        reports: (rows that are done, whether the window may be open), at least as often as one is done.
        seconds: after which it closes; after ``PATIENCE`` times as many it is given up, open or not.
    """
    first = last = None
    began = time.monotonic()
    for done, is_open in reports:
        now = time.monotonic()
        if not is_open and first is not None:
            break
        if is_open and (last is None or done > last[0]):
            last = (done, now, *_cpu_seconds())
            first = first or last
        if now - began > PATIENCE * seconds or (first is not None and now - first[1] > seconds):
            break
    if first is None or last is None:
        return SteadyRate(0, 0.0, 0.0)
    return SteadyRate(last[0] - first[0], last[1] - first[1], last[2] - first[2], last[3] - first[3])


def _cpu_seconds() -> tuple[float, float]:
    """Seconds of CPU of this process and of all below it that live; and those of them that are no worker's."""
    import psutil

    me, spent, around = psutil.Process(), 0.0, 0.0
    for process in (me, *me.children(recursive=True)):
        try:
            times, title = process.cpu_times(), " ".join(process.cmdline()[:1])
        except psutil.Error:  # it has ended
            continue
        spent += times.user + times.system
        around += 0.0 if title.startswith("ray::Desk") else times.user + times.system
    return spent, around


def _one_process(recipe: Recipe, threads: int, seconds: float) -> SteadyRate:
    """This process with its models at hand."""
    import torch

    before = torch.get_num_threads()
    sampler, reward = models_of(recipe)
    problems = asked_problems(recipe).problems
    torch.set_num_threads(threads)
    try:
        work = Solver(recipe, sampler, reward).run(iter(problems), lambda: False)
        return steady(_counted(work, min(WARM, len(problems) // 4), len(problems)), seconds)
    finally:
        torch.set_num_threads(before)


def _counted(work: Iterator[Any], warm: int, of: int) -> Iterator[tuple[int, bool]]:
    done = 0
    for one in work:
        done += one is not None
        yield done, warm <= done < of - warm


def _on_ray(recipe: Recipe, workers: int) -> tuple[SteadyRate, float, float]:
    """(the window, seconds before all workers had rows, seconds of the book for a call)."""
    from tts_playground.cluster.engine import run as run_job
    from tts_playground.cluster.ray_room import ClusterOptions, ray_for
    from tts_playground.cluster.work import ClusterJob

    problems = {one.unique_id: one for one in asked_problems(recipe).problems}
    options, began, ready = ClusterOptions(workers=workers), time.monotonic(), list[float]()
    warm = min(WARM, len(problems) // 4)

    def counted(reports: Iterator[Any]) -> Iterator[tuple[int, bool]]:
        for report in reports:
            working = len(report.workers) == workers and all(count for _, count in report.workers)
            if working and not ready:
                ready.append(time.monotonic() - began)
            yield report.done, working and warm <= report.done < len(problems) - warm * workers

    with tempfile.TemporaryDirectory() as folder, ray_for(options) as ray:
        job = ClusterJob("bench", {}, problems, partial(clustered.load, recipe), clustered.held_by(recipe))
        with closing(cast(Any, run_job(job, folder, options))) as reports:
            window = steady(counted(reports), MANY)
        return window, ready[0] if ready else time.monotonic() - began, _seconds_a_call(ray)


def _seconds_a_call(ray: Any, calls: int = 300) -> float:
    """What a call to an actor that is at hand takes this process, by many calls in flight at once."""
    echo = ray.remote(num_cpus=0)(_Echo).remote()
    items, done = [("key", "x" * 500)] * 4, tuple(Done("key", None) for _ in range(4))
    ray.get(echo.turn.remote(items, done))
    began = time.perf_counter()
    flying = [echo.turn.remote(items, done) for _ in range(calls)]
    for call in flying:
        ray.get(call)
    return (time.perf_counter() - began) / calls


class _Echo:
    """Answers at once."""

    def turn(self, items: Any, done: Any) -> Any:
        """What a report holds."""
        return done


def simulated(workers: int, call: float, keys_each: int = 40, seconds: float = SECONDS_A_ROW) -> tuple[float, float]:
    """(rows a second, those of workers that never wait) with stub models, at a virtual clock.

    Args:
        call: seconds that the book takes for a call of a worker; calls are served one after another.
        keys_each: keys a worker on average.
        seconds: a key takes so long, ``BATCH`` of them at once.
    """
    keys = [str(number) for number in range(workers * keys_each * BATCH)]
    book = Book(keys, 2 * BATCH)
    queued: dict[str, list[str]] = {f"w{number}": [] for number in range(workers)}
    ends: dict[str, list[tuple[float, str]]] = {name: [] for name in queued}
    calls = [(0.0, number, name) for number, name in enumerate(queued)]
    heapq.heapify(calls)
    free, count, now = 0.0, len(calls), 0.0
    while book.left:
        asked, _, name = heapq.heappop(calls)
        now = max(asked, free)
        free = now + call
        told = [key for end, key in ends[name] if end <= now]
        for key in told:
            book.done(name, key)
        ends[name] = [(end, key) for end, key in ends[name] if end > now]
        queued[name] += book.give(name, workers)
        while queued[name] and len(ends[name]) < BATCH:
            ends[name].append((now + seconds, queued[name].pop(0)))
        count += 1
        soon = min((end for end, _ in ends[name]), default=now + WAIT)
        heapq.heappush(calls, (max(free, min(soon + min(FLUSH, 0.2), now + WAIT)), count, name))
    return len(keys) / now, workers * BATCH / seconds
