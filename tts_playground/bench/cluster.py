"""``bench cluster``: what several workers cost beside one process, and how far one book of keys carries.

Measured: a recipe of tiny:math in this process, with all its threads, and in two workers of one thread each; models are
loaded before the clock starts in both (of workers, when each has its first row). Simulated: 1 to 512 workers whose rows
take a second at a virtual clock. Their calls are served one after another by the book that is used on a cluster, each
for the time that such a call was measured to take here; so the table says where the one process that keeps the book is
the limit.
"""

from __future__ import annotations

import heapq
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from tts_playground import files
from tts_playground.bench.timing import contended, row
from tts_playground.cluster.book import Book
from tts_playground.cluster.desk import FLUSH
from tts_playground.cluster.work import Done
from tts_playground.experiments.recipes import clustered
from tts_playground.experiments.recipes.recipe import Recipe
from tts_playground.experiments.recipes.run import asked_problems
from tts_playground.experiments.recipes.solver import Solver, models_of

PROBLEMS = 60
WORKERS = (1, 8, 64, 512)
SECONDS_A_ROW = 1.0
"""of a stub model, for one key at a time"""
BATCH = 16
"""keys that a stub worker has under way at once"""
WAIT = 0.5
"""seconds that a worker waits for news before it answers"""


def run(problems: int = PROBLEMS, workers: int = 2) -> dict[str, Any]:
    """All rows; a minute or two."""
    busy = contended()
    recipe = Recipe(
        "best_of_n", "tiny:math", "tiny:prm", n=16, max_tokens=256, num_iterations=16, seed=0, dataset_name="math-eval",
        num_samples=problems, search_batch_size=1,
    )  # fmt: skip
    one = _one_process(recipe)
    many, start, calls = _on_ray(recipe, workers)
    what = f"{problems} problems of 16 solutions by tiny:math"
    rows = [
        row(f"{what}, {workers} workers: one process as peer", many, one, "s", ">= 0.87", busy=busy),
        row(f"start of Ray and of {workers} workers with their models", start, None, "s"),
        row("the book's part of a call of a worker", calls * 1e3, None, "ms"),
    ]
    for number in WORKERS:
        rate, share = simulated(number, calls)
        what = f"simulated: {number} workers, {BATCH} keys at once, {SECONDS_A_ROW:g} s a key"
        rows.append(row(f"{what}: rows a second, and the most that they could", rate, share, "rows/s"))
    most = 1 / calls
    rows.append(row("simulated: calls a second at which the book is full", most, None, "calls/s"))
    return {"name": "cluster", "rows": rows}


def _one_process(recipe: Recipe) -> float:
    """Seconds of one process with its models at hand."""
    sampler, reward = models_of(recipe)
    problems = asked_problems(recipe).problems
    list(Solver(recipe, sampler, reward).run(problems[:2], lambda: False))
    began = time.perf_counter()
    list(Solver(recipe, sampler, reward).run(problems, lambda: False))
    return time.perf_counter() - began


def _on_ray(recipe: Recipe, workers: int) -> tuple[float, float, float]:
    """(seconds of the work, seconds before it, seconds of the book for a call)."""
    from tts_playground.cluster.engine import run as run_job
    from tts_playground.cluster.ray_room import ClusterOptions, ray_for
    from tts_playground.cluster.work import ClusterJob

    problems = {one.unique_id: one for one in asked_problems(recipe).problems}
    options = ClusterOptions(workers=workers)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with ray_for(options):
            warm = ClusterJob(
                "warm", {}, dict(list(problems.items())[: 4 * workers]), partial(clustered.load, recipe), 2
            )
            for _ in run_job(warm, f"{folder}/warm", options):
                pass
            loaded = time.perf_counter() - began
            job = ClusterJob("bench", {}, problems, partial(_Timed, recipe, str(Path(folder) / "first")), 64)
            for _ in run_job(job, f"{folder}/chunks", options):
                pass
            ended = time.time()
        first = min(float(file.read_text()) for file in Path(folder).glob("first-*"))
        return ended - first, loaded, _seconds_a_call()


class _Timed(clustered.RecipeMaker):
    """A maker that notes when its models were there and its first key came."""

    mark: str

    def __init__(self, recipe: Recipe, mark: str) -> None:
        made = clustered.load(recipe)
        super().__init__(made.recipe, made.sampler, made.reward)
        object.__setattr__(self, "mark", mark)

    def run(self, items: Any, cancel: Any) -> Any:
        """As any other."""
        import os

        noted = False

        def watched() -> Any:
            nonlocal noted
            for one in items:
                if one is not None and not noted:
                    noted = True
                    files.write_text(Path(f"{self.mark}-{os.getpid()}"), str(time.time()))
                yield one

        yield from super().run(watched(), cancel)


def _seconds_a_call(calls: int = 300) -> float:
    """What a call to an actor that is at hand takes this process, by many calls in flight at once."""
    from tts_playground.cluster.ray_room import ClusterOptions, ray_for

    with ray_for(ClusterOptions(workers=1)) as ray:
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
