"""Strategies of many problems at once: what they draw goes through the model in one batch, and so does what they score.

A strategy is written for one problem: it asks for a step and waits for it. Here each runs in a thread of its own, of
which one runs at a time, as if they were coroutines: a strategy that waits for its sampler hands on the baton, and once
all of them wait, the batch goes on by a token. A strategy whose step is done goes on at once, while the steps of others
are under way, so that beams of sixteen problems cost about as much as one beam of their width together. Nothing a
strategy finds depends on the others, since sample i of a problem does not.
"""

from __future__ import annotations

import contextvars
import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast, runtime_checkable

from tts_playground.core import Budget, Progress, Reward, Round, Sample, Sampler, Strategy, Task
from tts_playground.errors import BadInput, PlaygroundError
from tts_playground.samplers.cancellation import Cancel, never, stop_if
from tts_playground.samplers.capabilities import Batch, BatchingSampler
from tts_playground.streams import in_order
from tts_playground.tasks import engine

MOST = 64
"""strategies under way at once"""


@dataclass(frozen=True, slots=True)
class Job:
    """One strategy on one problem."""

    task: Task
    strategy: Strategy[Any]
    budget: Budget = field(default=Budget())
    """its seconds count those of all jobs"""
    seed: int = 0


@runtime_checkable
class ScoresMany(Protocol):
    """A reward that scores candidates of many tasks in one go."""

    def score_many(self, asked: Sequence[tuple[Any, Sequence[Sample]]]) -> list[list[float]]:
        """As ``score``, of each task with its candidates."""
        ...


def run_together(
    jobs: Iterable[Job],
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
        jobs: read as others end.
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
    coming, ended = enumerate(jobs), False
    try:
        while True:
            while not ended and len(table.workers) < most:
                if (one := next(coming, None)) is None:
                    ended = True
                else:
                    table.hire(*one)
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
            table.go_on()
    finally:
        table.dismiss()


def _one_by_one(
    jobs: Iterable[Job],
    sampler: Sampler,
    reward: Reward | None,
    cancel: Cancel,
    failed: Callable[[int, PlaygroundError], None] | None,
) -> Generator[tuple[int, Round], None, None]:
    for number, job in enumerate(jobs):
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


# --------------------------------------------------------------------------------------------------- the workers


class _Dismissed(BaseException):
    """Raised inside a strategy that is to end; nothing but its own ``finally`` hears of it."""


@dataclass(frozen=True, slots=True)
class _Wait:
    """A worker waits for so many paths of a ticket."""

    ticket: int
    count: int


@dataclass(frozen=True, slots=True)
class _Score:
    """A worker waits for scores."""

    method: str
    task: Any
    samples: Sequence[Sample]


class _Ended:
    """A worker's last word where all went well."""


class _Worker:
    """A strategy in a thread, which runs only between ``resume`` and the next thing it asks for."""

    def __init__(self, number: int, rounds: Callable[[_Worker], Iterator[Round]]) -> None:
        self.number = number
        self._in: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._out: queue.SimpleQueue[Any] = queue.SimpleQueue()
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=lambda: context.run(self._run, rounds), daemon=True)
        self._thread.start()

    def resume(self, answer: Any = None) -> Any:
        """Let it run until it asks for something, has a round, or ends."""
        self._in.put(answer)
        return self._out.get()

    def dismiss(self) -> None:
        """End it where it waits."""
        self._in.put(_Dismissed())
        self._thread.join()

    def ask(self, wish: Any) -> Any:
        """Of its own thread: hand on the baton until there is an answer."""
        self._out.put(wish)
        answer = self._in.get()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _run(self, rounds: Callable[[_Worker], Iterator[Round]]) -> None:
        first = self._in.get()
        if isinstance(first, _Dismissed):
            return
        try:
            for round_ in rounds(self):
                self.ask(round_)
        except _Dismissed:
            return
        except BaseException as error:
            self._out.put(error)
        else:
            self._out.put(_Ended())


class _Table:
    """Who is under way, what they wait for, and the batch that serves them."""

    def __init__(self, sampler: BatchingSampler, reward: Reward) -> None:
        self.sampler, self.reward = sampler, reward
        self.batch: Batch = sampler.batch()
        self.workers: set[_Worker] = set()
        self._ready: deque[tuple[_Worker, Any]] = deque()
        self._waiting: dict[int, tuple[_Worker, int]] = {}
        """ticket -> who waits for how many of its paths"""
        self._came: dict[int, list[tuple[int, Any]]] = {}
        """ticket -> (place, path) that nobody has taken yet"""
        self._scores: list[tuple[_Worker, _Score]] = []

    def hire(self, number: int, job: Job) -> None:
        """Start a job."""

        def rounds(worker: _Worker) -> Iterator[Round]:
            sampler, reward = joined_sampler(self, worker), joined_reward(self.reward, worker)
            return engine.run(job.task, sampler, job.strategy, reward, budget=job.budget, seed=job.seed)

        worker = _Worker(number, rounds)
        self.workers.add(worker)
        self._ready.append((worker, None))

    def talk(self) -> Iterator[tuple[_Worker, Any]]:
        """Let all who can go on do so, until every one of them waits; yields their rounds and what ended them badly."""
        while self._ready:
            worker, answer = self._ready.popleft()
            said = worker.resume(answer)
            if isinstance(said, _Wait):
                self._waiting[said.ticket] = worker, said.count
                self._serve(said.ticket)
            elif isinstance(said, _Score):
                self._scores.append((worker, said))
            elif isinstance(said, Round):
                self._ready.appendleft((worker, None))
                yield worker, said
            else:
                self.workers.discard(worker)
                if not isinstance(said, _Ended):
                    yield worker, said

    def go_on(self) -> None:
        """Score what waits for it, else one token for all that draw."""
        if self._scores:
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
        """End all."""
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


# ------------------------------------------------------------------------------- what a strategy sees of the table


class _JoinedSampler:
    """The sampler as one strategy sees it: what takes tokens goes through the batch, all else is the sampler's own."""

    def __init__(self, table: _Table, worker: _Worker) -> None:
        self._table, self._worker, self._own = table, worker, cast(Any, table.sampler)

    def fingerprint(self) -> Any:
        return self._own.fingerprint()

    def draw(self, task: Any, indices: Sequence[int], *, seed: int = 0) -> Iterator[Sample]:
        yield from in_order(self.stream(task, indices, seed=seed), indices)

    def stream(self, task: Any, indices: Sequence[int], *, seed: int = 0) -> Iterator[Progress[Sample]]:
        paths = self._own.start(task, indices, seed=seed)
        yield from self._streamed(task, self._table.batch.add(task, paths, whole=True), len(paths))

    def _streamed(self, task: Any, ticket: int, count: int) -> Iterator[Progress[Sample]]:
        ended = 0
        try:
            while ended < count:
                paths = [path for _, path in self._worker.ask(_Wait(ticket, 1))]
                ended += len(paths)
                yield Progress(tuple(self._own.peek(task, paths)), (), ended / count, done=ended, of=count)
        finally:
            if ended < count:
                self._table.forget(ticket)

    def _longer(self, task: Any, paths: Sequence[Any], **how: Any) -> list[Any]:
        if not paths:
            return []
        found = self._worker.ask(_Wait(self._table.batch.add(task, paths, **how), len(paths)))
        return [path for _, path in sorted(found, key=lambda one: one[0])]

    def step(self, task: Any, paths: Sequence[Any]) -> list[Any]:
        return self._longer(task, paths)

    def horizon(self, task: Any) -> int:
        return self._own.horizon(task)

    def start(self, task: Any, indices: Sequence[int], *, seed: int = 0) -> list[Any]:
        return self._own.start(task, indices, seed=seed)

    def fork(self, path: Any, index: int) -> Any:
        return self._own.fork(path, index)

    def rewind(self, path: Any, steps: int) -> Any:
        return self._own.rewind(path, steps)

    def peek(self, task: Any, paths: Sequence[Any]) -> list[Sample]:
        return self._own.peek(task, paths)


class _Appends(_JoinedSampler):
    def append(self, task: Any, path: Any, text: str) -> Any:
        return self._own.append(task, path, text)


class _Foretells(_JoinedSampler):
    def foretell(self, task: Any, paths: Sequence[Any]) -> list[Any]:
        return self._longer(task, paths, greedy=True)


class _Revises(_JoinedSampler):
    def revise(
        self, task: Any, attempt: Sample, verdict: str, indices: Sequence[int], *, seed: int = 0
    ) -> Iterator[Sample]:
        ticket = cast(Any, self._table.batch).add_revisions(task, attempt, verdict, indices, seed=seed)
        yield from in_order(self._streamed(task, ticket, len(indices)), indices)


class _Declines(_JoinedSampler):
    def declines(self, capability: str) -> str:
        return self._own.declines(capability)


_SKILLS = {"append": _Appends, "foretell": _Foretells, "revise": _Revises, "declines": _Declines}
"""method -> what passes it on; a strategy asks by type, so that only what the sampler has may be there"""


def joined_sampler(table: _Table, worker: _Worker) -> Sampler:
    """The table's sampler for one worker, with the capabilities of the sampler and no others."""
    own = type(table.sampler)
    skills = tuple(made for method, made in _SKILLS.items() if callable(getattr(own, method, None)))
    return cast(Sampler, type("JoinedSampler", (*skills, _JoinedSampler), {})(table, worker))


class _JoinedReward:
    """A reward as one strategy sees it: what it scores is scored with what others ask for."""

    def __init__(self, reward: Reward, worker: _Worker) -> None:
        self._own, self._worker = reward, worker

    @property
    def name(self) -> str:
        return self._own.name

    @property
    def revision(self) -> str:
        return self._own.revision

    @property
    def unit_cost(self) -> Any:
        return self._own.unit_cost

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        return self._worker.ask(_Score("score", task, samples)) if samples else []


class _JoinedStepReward(_JoinedReward):
    def step_scores(self, task: Any, samples: Sequence[Sample]) -> list[tuple[float, ...]]:
        return self._worker.ask(_Score("step_scores", task, samples)) if samples else []


def joined_reward(reward: Reward, worker: _Worker) -> Reward:
    """The reward for one worker; one that cannot score many tasks at once stays as it is."""
    if not isinstance(reward, ScoresMany):
        return reward
    stepped = callable(getattr(type(reward), "step_scores_many", None))
    return (_JoinedStepReward if stepped else _JoinedReward)(reward, worker)
