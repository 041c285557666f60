"""Strategies of many problems at once: what they draw goes through the model in one batch, and so does what they score.

A strategy is written for one problem: it asks for a step and waits for it. Here each runs in a thread of its own, of
which one runs at a time, as if they were coroutines: a strategy that waits for its sampler hands on the baton, and once
all of them wait, the batch goes on by a token. A strategy whose step is done goes on at once, while the steps of others
are under way, so that beams of sixteen problems cost about as much as one beam of their width together. Nothing a
strategy finds depends on the others, since sample i of a problem does not.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tts_playground.core import Budget, Reward, Round, Sampler, Strategy, Task
from tts_playground.errors import BadInput, PlaygroundError
from tts_playground.samplers.cancellation import Cancel, never, stop_if
from tts_playground.samplers.capabilities import Batch, BatchingSampler
from tts_playground.tasks import engine
from tts_playground.tasks.batons import Ended, Scores, ScoresMany, Waits, Worker, joined_reward, joined_sampler

MOST = 64
"""strategies under way at once"""
GATHERED = 4
"""scores are made once so many'th part of all strategies waits for them, or nobody draws"""
IDLE = 0.02
"""seconds before jobs that are still to come are asked for again"""


@dataclass(frozen=True, slots=True)
class JointRun:
    """One strategy on one problem."""

    task: Task
    strategy: Strategy[Any]
    budget: Budget = field(default=Budget())
    """its seconds count those of all jobs"""
    seed: int = 0


def run_together(
    jobs: Iterable[JointRun | None],
    sampler: Sampler,
    reward: Reward | None = None,
    *,
    most: int = MOST,
    cancel: Cancel = never,
    failed: Callable[[int, PlaygroundError], None] | None = None,
) -> Generator[tuple[int, Round], None, None]:
    """(which job, its round) as each is there, with reports between rounds as ``engine.run`` gives them.

    Rounds of one job come in order. Close the generator to cancel. A sampler that has no batch runs one job after the
    other.

    Args:
        jobs: read as others end; None says that there is none now, and may be later.
        reward: what guides; None scores nothing.
        most: jobs under way at once, 1 or more.
        failed: told of a job that could not be done, so that the others go on; None lets its error end all.

    Raises:
        Cancelled: ``cancel()`` became true; it is asked after every token.
        BadInput: ``most`` is below 1.
    """
    if most < 1:
        raise BadInput(f"At least one job is under way at a time, not {most}.")
    if not isinstance(sampler, BatchingSampler):
        yield from _one_by_one(jobs, sampler, reward, cancel, failed)
        return
    table = _Table(sampler, reward or engine.Unscored())
    coming, ended, number = iter(jobs), False, 0
    try:
        while True:
            while not ended and len(table.workers) < most:
                one = next(coming, _END)
                if one is None:
                    break
                if isinstance(one, JointRun):
                    table.hire(number, one)
                    number += 1
                else:
                    ended = True
            for worker, said in table.talk():
                if isinstance(said, Round):
                    yield worker.number, said
                elif isinstance(said, PlaygroundError) and failed is not None:
                    failed(worker.number, said)
                elif isinstance(said, BaseException):
                    raise said
            if not table.workers and ended:
                return
            stop_if(cancel)
            if table.workers:
                table.go_on()
            else:
                time.sleep(IDLE)
    finally:
        table.dismiss()


_END = object()


def _one_by_one(
    jobs: Iterable[JointRun | None],
    sampler: Sampler,
    reward: Reward | None,
    cancel: Cancel,
    failed: Callable[[int, PlaygroundError], None] | None,
) -> Generator[tuple[int, Round], None, None]:
    number = -1
    for job in jobs:
        if job is None:
            stop_if(cancel)
            time.sleep(IDLE)
            continue
        number += 1
        try:
            rounds = engine.run(
                job.task, sampler, job.strategy, reward, budget=job.budget, seed=job.seed, cancel=cancel
            )
            for round_ in rounds:
                yield number, round_
        except PlaygroundError as error:
            if failed is None or cancel():
                raise
            failed(number, error)


class _Table:
    """Who is under way, what they wait for, and the batch that serves them."""

    def __init__(self, sampler: BatchingSampler, reward: Reward) -> None:
        self.sampler, self.reward = sampler, reward
        self.batch: Batch = sampler.batch()
        self.workers: set[Worker] = set()
        self._ready: deque[tuple[Worker, Any]] = deque()
        self._waiting: dict[int, tuple[Worker, int]] = {}
        """ticket -> who waits for how many of its paths"""
        self._came: dict[int, list[tuple[int, Any]]] = {}
        """ticket -> (place, path) that nobody has taken yet"""
        self._scores: list[tuple[Worker, Scores]] = []

    def hire(self, number: int, job: JointRun) -> None:
        """Start a job."""

        def rounds(worker: Worker) -> Iterator[Round]:
            sampler, reward = joined_sampler(self.sampler, self, worker), joined_reward(self.reward, worker)
            return engine.run(job.task, sampler, job.strategy, reward, budget=job.budget, seed=job.seed)

        worker = Worker(number, rounds)
        self.workers.add(worker)
        self._ready.append((worker, None))

    def talk(self) -> Iterator[tuple[Worker, Any]]:
        """Let all who can go on do so, until every one of them waits; yields their rounds and what ended them badly."""
        while self._ready:
            worker, answer = self._ready.popleft()
            said = worker.resume(answer)
            if isinstance(said, Waits):
                self._waiting[said.ticket] = worker, said.count
                self._serve(said.ticket)
            elif isinstance(said, Scores):
                self._scores.append((worker, said))
            elif isinstance(said, Round):
                self._ready.appendleft((worker, None))
                yield worker, said
            else:
                self.workers.discard(worker)
                if not isinstance(said, Ended):
                    yield worker, said

    def go_on(self) -> None:
        """Score what waits for it, else one token for all that draw."""
        if self._scores and (len(self._scores) * GATHERED >= len(self.workers) or not self.batch.left):
            self._score()
            return
        for ticket, place, path in self.batch.advance():
            self._came.setdefault(ticket, []).append((place, path))
            self._serve(ticket)

    def forget(self, ticket: int) -> None:
        """Nobody wants a ticket's paths any more."""
        self.batch.drop(ticket)
        self._came.pop(ticket, None)

    def dismiss(self) -> None:
        """End all, and what is being drawn for them."""
        for ticket in self._waiting:
            self.forget(ticket)
        for worker in self.workers:
            worker.dismiss()
        self.workers = set()

    def _serve(self, ticket: int) -> None:
        known = self._waiting.get(ticket)
        if known is not None and len(self._came.get(ticket, ())) >= known[1]:
            del self._waiting[ticket]
            self._ready.append((known[0], self._came.pop(ticket, [])))

    def _score(self) -> None:
        """By method, in one go; an error is told to each who asked."""
        asked, self._scores = self._scores, []
        for method in dict.fromkeys(score.method for _, score in asked):
            some = [(worker, score) for worker, score in asked if score.method == method]
            try:
                many = getattr(self.reward, f"{method}_many")
                answers = many([(score.task, score.samples) for _, score in some])
            except PlaygroundError as error:
                answers = [error] * len(some)
            self._ready.extend((worker, answer) for (worker, _), answer in zip(some, answers, strict=True))


__all__ = ["MOST", "JointRun", "ScoresMany", "run_together"]
