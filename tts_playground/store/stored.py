"""One pool in the store: its rows and scores in SQLite, and drawing and scoring what is missing."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Generic, Protocol, TypeVar

from tts_playground import jsontext
from tts_playground.core import Progress, Reward, Sample, Sampler, Task
from tts_playground.core.scores import scores_of
from tts_playground.errors import BadInput, CannotDo, StoreError
from tts_playground.store.blobs import Blobs
from tts_playground.store.database import Database
from tts_playground.store.pool import PoolView, Scores
from tts_playground.store.rows import StoredRow, canonical, decode, encode
from tts_playground.streams import in_order, reports

_SAMPLE = "seed, idx, codec, content, blob, logprob, cost, info"
_INSERT = """INSERT INTO samples (pool, seed, idx, codec, content, blob, bytes, logprob, cost, info)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""


S = TypeVar("S", bound=Sampler)


class Holder(Protocol):
    """What a pool needs of the store that it is in."""

    @property
    def database(self) -> Database:
        """Where its rows are."""
        ...

    @property
    def blobs(self) -> Blobs:
        """Where its pictures are."""
        ...

    @property
    def read(self) -> dict[str, int]:
        """Pool -> samples that were read where they were asked for."""
        ...

    def kept_reward(self, task: Task, sampler: Sampler, reward: Reward) -> Reward:
        """The reward of that sampler's draws through their pool."""
        ...

    def add(self, pool: PoolView) -> None:
        """Take in the rows and scores of another pool of the same task and sampler."""
        ...


class StoredPool(PoolView):
    """A pool in the store, for reading and for adding rows; ``Pool`` adds drawing and scoring."""

    def __init__(self, store: Holder, kind: str, task: str, sampler: str, key: str = "") -> None:
        """``key``: what the store calls it.

        Raises:
            StoreError: the task or the sampler is no JSON object, or they are not those of the ``key``.
        """
        self.store = store
        self.kind = kind
        self._task_text, self._sampler_text = task, sampler
        try:
            self.task_key = jsontext.loads_object(task, "its task")
            self.fingerprint = jsontext.loads_object(sampler, "its sampler")
            self._key = super().key
        except BadInput as error:
            raise _damaged(key, str(error).removesuffix(".")) from error
        if key and key != self._key:
            raise _damaged(key, "its key is not that of its task and sampler")

    @property
    def key(self) -> str:
        """sha256 of the task and the sampler, in hex."""
        return self._key

    def __len__(self) -> int:
        with self.store.database.read() as connection:
            return connection.execute("SELECT count(*) FROM samples WHERE pool = ?", (self.key,)).fetchone()[0]

    def count(self, seed: int) -> int:
        """How many samples of one seed there are."""
        query = "SELECT count(*) FROM samples WHERE pool = ? AND seed = ?"
        with self.store.database.read() as connection:
            return connection.execute(query, (self.key, _small(seed, "seed"))).fetchone()[0]

    def rows(self, *, seed: int | None = 0, below: int | None = None) -> list[StoredRow]:
        """The encoded samples in order of (seed, index)."""
        query, given = f"SELECT {_SAMPLE} FROM samples WHERE pool = ?", [self.key]
        if seed is not None:
            query, given = query + " AND seed = ?", [*given, _small(seed, "seed")]
        if below is not None:
            query, given = query + " AND idx < ?", [*given, below]
        with self.store.database.read() as connection:
            return [self._row(*values) for values in connection.execute(query + " ORDER BY seed, idx", given)]

    def rewards(self) -> list[tuple[str, str]]:
        """(name, revision) of the rewards there are, the latest last."""
        query = "SELECT reward, revision FROM rewards WHERE pool = ? GROUP BY reward, revision ORDER BY max(rowid)"
        with self.store.database.read() as connection:
            return connection.execute(query, (self.key,)).fetchall()

    def values(self, reward: str, revision: str) -> Scores:
        """The values of one reward by (seed, index)."""
        query = "SELECT seed, idx, value FROM rewards WHERE pool = ? AND reward = ? AND revision = ?"
        with self.store.database.read() as connection:
            found = connection.execute(query, (self.key, reward, revision)).fetchall()
        return {(seed, index): value for seed, index, value in found}

    def insert(self, rows: Sequence[StoredRow]) -> None:
        """Write samples in one transaction; those that are here already stay as they are."""
        pictures = {(row.seed, row.index): row.png() for row in rows if row.image is not None}
        for data in pictures.values():
            self.store.blobs.put(data)
        with self.store.database.write() as connection:
            connection.execute(
                "INSERT INTO pools (key, kind, task, sampler, created) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (self.key, self.kind, self._task_text, self._sampler_text, time.time()),
            )
            for row in rows:
                data = pictures.get((row.seed, row.index))
                # again, under the lock: a deletion may have swept the file since
                blob = None if data is None else self.store.blobs.put(data)
                size = len((row.text or "").encode()) + len(data or b"")
                place = (self.key, _small(row.seed, "seed"), _small(row.index, "index"))
                values = (*place, row.codec, row.text, blob, size, row.logprob, row.cost, row.info)
                connection.execute(_INSERT, values)

    def insert_scores(self, reward: str, revision: str, values: Scores) -> None:
        """Write rewards of samples that exist, in one transaction; those that are here already stay as they are.

        Raises:
            BadInput: a value is not finite.
        """
        if not all(map(math.isfinite, values.values())):
            raise BadInput(f"A value of the reward {reward!r} is not finite; a pool keeps numbers only.")
        query = """INSERT INTO rewards (pool, seed, idx, reward, revision, value)
            SELECT pool, seed, idx, ?, ?, ? FROM samples
            WHERE pool = ? AND seed = ? AND idx = ? ON CONFLICT DO NOTHING"""
        rows = [(reward, revision, value, self.key, *place) for place, value in values.items()]
        with self.store.database.write() as connection:
            connection.executemany(query, rows)

    def _row(self, seed: int, index: int, codec: str, content: str | None, blob: str | None, *rest: Any) -> StoredRow:
        return StoredRow(seed, index, codec, content, None if blob is None else self.store.blobs.path(blob), *rest)


class Pool(StoredPool, Generic[S]):
    """The pool of one task under one sampler: draws and scores what is missing."""

    def __init__(self, store: Holder, task: Task, sampler: S) -> None:
        what = "the sampler's fingerprint"
        super().__init__(
            store, task.kind, canonical(task.key(), "the task's key"), canonical(sampler.fingerprint(), what)
        )
        self.task = task
        self.sampler: S = sampler

    def stream(self, n: int, *, seed: int = 0) -> Iterator[Sample]:
        """Yield samples 0..n-1 in order; those that are missing are drawn, and kept before they are yielded.

        Closing the generator closes the sampler's; what was yielded stays.

        Raises:
            BadInput: ``n`` is below 0.
        """
        if n < 0:
            raise BadInput(f"The number of samples must be 0 or more; got {n}.")
        yield from in_order(self.reports(range(n), seed=seed), range(n))

    def reports(self, indices: Sequence[int], *, seed: int = 0) -> Iterator[Progress[Sample]]:
        """The samples of these indices: first those that are here, then the others as the sampler reports them.

        Each is kept before it is reported. Closing the generator closes the sampler's.

        Raises:
            CannotDo: the sampler gave other samples than it was asked for.
            BadInput: a sample was made from another one.
            StoreError: the store cannot be read or written.
        """
        wanted = set(indices)
        here = [row for row in self.rows(seed=seed, below=max(indices, default=-1) + 1) if row.index in wanted]
        if here:
            self.store.read[self.key] = self.store.read.get(self.key, 0) + len(here)
            yield Progress(tuple(decode(row) for row in here), share=len(here) / len(wanted))
        missing = wanted - {row.index for row in here}
        if not missing:
            return
        drawn = [index for index in indices if index in missing]
        for report in reports(self.sampler, self.task, drawn, seed=seed):
            finished = tuple(self._checked(sample, missing, seed) for sample in report.finished)
            share = (len(here) + report.share * len(drawn)) / len(wanted)
            yield replace(report, finished=finished, share=share)
        if missing:
            raise CannotDo(f"The sampler gave {len(drawn) - len(missing)} samples where {len(drawn)} were asked for.")

    def _checked(self, sample: Sample, missing: set[int], seed: int) -> Sample:
        """Keep one sample of those that are ``missing``, and strike it off.

        Raises:
            CannotDo, BadInput: as ``reports``.
        """
        if sample.index not in missing or sample.seed != seed:
            asked = min(missing, default=-1)
            raise CannotDo(f"The sampler gave sample {sample.index} of seed {sample.seed} for {asked} of {seed}.")
        missing.discard(sample.index)
        return self.keep(sample)

    def keep(self, sample: Sample) -> Sample:
        """Write one draw; returned as everybody sees it from now on.

        Raises:
            BadInput: it was made from another sample. StoreError: it cannot be written.
        """
        if sample.parent is not None:
            raise BadInput("A pool holds independent draws only; a sample made from another one has no place in it.")
        self.insert([encode(sample)])
        # read back, since another process may have been first: what is in the store is what everybody sees
        return decode(self._one(sample.seed, sample.index))

    def draw(self, n: int, *, seed: int = 0, on_sample: Callable[[Sample], None] | None = None) -> list[Sample]:
        """The samples 0..n-1; ``on_sample`` hears of each as it comes."""
        samples = []
        for sample in self.stream(n, seed=seed):
            samples.append(sample)
            if on_sample is not None:
                on_sample(sample)
        return samples

    def fill(self, indices: Sequence[int], *, seed: int = 0) -> None:
        """Draw samples that are missing, and keep each."""
        for _ in self.reports(indices, seed=seed):
            pass

    def score(self, reward: Reward, n: int | None = None, *, seed: int = 0, batch: int = 32) -> list[float]:
        """The rewards of the samples there are with an index below ``n``, in order; only missing ones are computed."""
        rows = self.rows(seed=seed, below=n)
        known = dict(self.values(reward.name, reward.revision))
        missing = [row for row in rows if (row.seed, row.index) not in known]
        for start in range(0, len(missing), batch):
            block = missing[start : start + batch]
            values = _scored(reward, self.task, block)
            new = {(row.seed, row.index): value for row, value in zip(block, values, strict=True)}
            self.insert_scores(reward.name, reward.revision, new)
            known |= new
        return [known[row.seed, row.index] for row in rows]

    def _one(self, seed: int, index: int) -> StoredRow:
        query = f"SELECT {_SAMPLE} FROM samples WHERE pool = ? AND seed = ? AND idx = ?"
        with self.store.database.read() as connection:
            found = connection.execute(query, (self.key, seed, index)).fetchone()
        if found is None:
            raise StoreError("The pool was deleted while samples were drawn for it; draw again.")
        return self._row(*found)


def score_together(pools: Sequence[Pool[Any]], reward: Reward, *, seed: int = 0, batch: int = 64) -> None:
    """Score what is missing of pools of one task, samples of several pools in one call of the reward."""
    missing = []
    for pool in pools:
        known = pool.values(reward.name, reward.revision)
        missing += [(pool, row) for row in pool.rows(seed=seed) if (row.seed, row.index) not in known]
    for start in range(0, len(missing), batch):
        block = missing[start : start + batch]
        values = _scored(reward, block[0][0].task, [row for _, row in block])
        new: dict[int, tuple[Pool[Any], dict[tuple[int, int], float]]] = {}
        for (pool, row), value in zip(block, values, strict=True):
            new.setdefault(id(pool), (pool, {}))[1][row.seed, row.index] = value
        for pool, scores in new.values():
            pool.insert_scores(reward.name, reward.revision, scores)


def _scored(reward: Reward, task: Task, rows: Sequence[StoredRow]) -> list[float]:
    return scores_of(reward, task, [decode(row) for row in rows])


def _damaged(key: str, why: str) -> StoreError:
    name = key[:12] or "there"
    return StoreError(f"The pool {name} is damaged: {why}; delete it with 'pools delete {name}'.")


def _small(number: int, what: str) -> int:
    if not -(2**63) <= number < 2**63:
        raise BadInput(f"The {what} {number} does not fit in 64 bits; use a smaller one.")
    return int(number)
