"""Strategies in threads that run one at a time, as if they were coroutines, and what each of them sees of the others.

Whoever holds the baton runs. A strategy that needs tokens or scores asks for them and hands the baton on.
"""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast, runtime_checkable

from tts_playground.core import Progress, Reward, Round, Sample, Sampler
from tts_playground.samplers.capabilities import Batch, BatchingSampler
from tts_playground.streams import in_order


@runtime_checkable
class ScoresMany(Protocol):
    """A reward that scores candidates of many tasks in one go."""

    def score_many(self, asked: Sequence[tuple[Any, Sequence[Sample]]]) -> list[list[float]]:
        """As ``score``, of each task with its candidates."""
        ...


class Dismissed(BaseException):
    """Raised inside a strategy that is to end; nothing but its own ``finally`` hears of it."""


@dataclass(frozen=True, slots=True)
class Waits:
    """A worker waits for so many paths of a ticket."""

    ticket: int
    count: int


@dataclass(frozen=True, slots=True)
class Scores:
    """A worker waits for scores."""

    method: str
    task: Any
    samples: Sequence[Sample]


class Ended:
    """A worker's last word where all went well."""


class Worker:
    """A strategy in a thread, which runs only between ``resume`` and the next thing it asks for."""

    def __init__(self, number: int, rounds: Callable[[Worker], Iterator[Round]]) -> None:
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
        self._in.put(Dismissed())
        self._thread.join()

    def ask(self, wish: Any) -> Any:
        """Of its own thread: hand on the baton until there is an answer."""
        self._out.put(wish)
        answer = self._in.get()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _run(self, rounds: Callable[[Worker], Iterator[Round]]) -> None:
        first = self._in.get()
        if isinstance(first, Dismissed):
            return
        try:
            for round_ in rounds(self):
                self.ask(round_)
        except Dismissed:
            return
        except BaseException as error:
            self._out.put(error)
        else:
            self._out.put(Ended())


class Table(Protocol):
    """What workers share."""

    batch: Batch

    def forget(self, ticket: int) -> None:
        """Nobody wants a ticket's paths any more."""
        ...


class _JoinedSampler:
    """The sampler as one strategy sees it: what takes tokens goes through the batch, all else is the sampler's own."""

    def __init__(self, sampler: Sampler, table: Table, worker: Worker) -> None:
        self._table, self._worker, self._own = table, worker, cast(Any, sampler)

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
                paths = [path for _, path in self._worker.ask(Waits(ticket, 1))]
                ended += len(paths)
                yield Progress(tuple(self._own.peek(task, paths)), (), ended / count, done=ended, of=count)
        finally:
            if ended < count:
                self._table.forget(ticket)

    def _longer(self, task: Any, paths: Sequence[Any], **how: Any) -> list[Any]:
        if not paths:
            return []
        found = self._worker.ask(Waits(self._table.batch.add(task, paths, **how), len(paths)))
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


def joined_sampler(sampler: BatchingSampler, table: Table, worker: Worker) -> Sampler:
    """The sampler for one worker, with its own capabilities and no others."""
    own = type(sampler)
    skills = tuple(made for method, made in _SKILLS.items() if callable(getattr(own, method, None)))
    return cast(Sampler, type("JoinedSampler", (*skills, _JoinedSampler), {})(sampler, table, worker))


class _JoinedReward:
    """A reward as one strategy sees it: what it scores is scored with what others ask for."""

    def __init__(self, reward: Reward, worker: Worker) -> None:
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
        return self._worker.ask(Scores("score", task, samples)) if samples else []


class _JoinedStepReward(_JoinedReward):
    def step_scores(self, task: Any, samples: Sequence[Sample]) -> list[tuple[float, ...]]:
        return self._worker.ask(Scores("step_scores", task, samples)) if samples else []


def joined_reward(reward: Reward, worker: Worker) -> Reward:
    """The reward for one worker; one that cannot score many tasks at once stays as it is."""
    if not isinstance(reward, ScoresMany):
        return reward
    stepped = callable(getattr(type(reward), "step_scores_many", None))
    return (_JoinedStepReward if stepped else _JoinedReward)(reward, worker)
