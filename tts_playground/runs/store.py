"""The sample store: what was drawn and scored once is never drawn or scored again.

    with Store() as store:
        pool = store.pool(task, sampler)
        samples = pool.draw(64)          # draws the ones that are missing
        rewards = pool.score(reward)     # scores the ones that are missing
        curve = pool.curve(reward.name)  # exact for every N up to 64

SQLite is the index, pictures are files named by their content. A pool's key says what was asked for and how it was
sampled, never how many: sample i is written once. Several threads and processes may use one store at once, and any of
them may be killed at any moment: a sample is there whole, or not at all. The folder should be on a local disk; on a
network mount the store works without write-ahead logging, slower, and is only as safe as the mount's locks.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from tts_playground import home
from tts_playground.core import Reward, Sample, Sampler, Task
from tts_playground.errors import BadInput, CannotDo, StoreError, UnknownName
from tts_playground.runs.blobs import Blobs
from tts_playground.runs.database import Database
from tts_playground.runs.pool import PoolView, Scores
from tts_playground.runs.rows import Row, canonical, decode, encode

_SAMPLE = "seed, idx, codec, content, blob, logprob, cost, info"
_BATCH = 256
"""rows a transaction when many are at hand"""


@dataclass(frozen=True, slots=True)
class PoolInfo:
    """One line of ``pools list``."""

    key: str
    kind: str
    title: str
    samples: int
    bytes: int
    """of contents; pictures that several samples share count for each"""
    created: float
    """seconds since 1970"""

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name, for JSON."""
        return asdict(self)


class Store:
    """The pools in one folder, by default ``store`` under the data folder; made if needed."""

    def __init__(self, folder: Path | str | None = None) -> None:
        self.path = home.folder("store") if folder is None else Path(folder)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"The store's folder {self.path} cannot be made: {error.strerror}.") from error
        self.database = Database(self.path / "pools.sqlite")
        self.blobs = Blobs(self.path / "images")

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; using the store again opens it again."""
        self.database.close()

    def pool(self, task: Task, sampler: Sampler) -> Pool:
        """The pool of this task under this sampler; empty until something is drawn."""
        return Pool(self, task, sampler)

    def pools(self) -> list[PoolInfo]:
        """Every pool, the newest first."""
        with self.database.read() as connection:
            rows = connection.execute(
                """SELECT p.key, p.kind, p.task, p.sampler, p.created, count(s.idx), coalesce(sum(s.bytes), 0)
                FROM pools p LEFT JOIN samples s ON s.pool = p.key GROUP BY p.key ORDER BY p.created DESC, p.key"""
            ).fetchall()
        return [
            PoolInfo(key, kind, StoredPool(self, kind, task, sampler).title, count, size, created)
            for key, kind, task, sampler, created, count, size in rows
        ]

    def open(self, key: str) -> StoredPool:
        """The pool whose key begins with ``key``, to read from."""
        with self.database.read() as connection:
            rows = connection.execute("SELECT key, kind, task, sampler FROM pools").fetchall()
        found = [row for row in rows if key and row[0].startswith(key)]
        if len(found) > 1:
            raise BadInput(f"{len(found)} pools begin with {key!r}; give more of the key.")
        if not found:
            if not rows:
                raise BadInput(f"There is no pool {key!r}; the store {self.path} is empty.")
            raise UnknownName("pool", key, [row[0][:12] for row in rows])
        return StoredPool(self, *found[0][1:])

    def delete(self, key: str) -> str:
        """Delete a pool with its samples, its scores and the pictures that no other pool uses; returns its key."""
        whole = self.open(key).key
        with self.database.write() as connection:
            for table, column in (("rewards", "pool"), ("samples", "pool"), ("pools", "key")):
                connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (whole,))
        # In a transaction of its own, so that a kill in between leaves files without rows, never rows without files.
        # Writers look for their file again once they hold this lock, so none is taken from under them.
        with self.database.write() as connection:
            used = {row[0] for row in connection.execute("SELECT DISTINCT blob FROM samples WHERE blob IS NOT NULL")}
            for digest in self.blobs.digests():
                if digest not in used:
                    self.blobs.remove(digest)
        self.blobs.remove_unfinished()
        return whole

    def size(self) -> int:
        """Bytes on disk."""
        return sum(file.stat().st_size for file in self.path.rglob("*") if file.is_file())

    def export(self, keys: str | Sequence[str], file: Path | str) -> int:
        """Write one or more pools as parquet that the ``datasets`` library reads; returns the number of samples."""
        from tts_playground.runs import parquet

        chosen = [keys] if isinstance(keys, str) else list(keys)
        return parquet.write([self.open(key) for key in chosen], Path(file))

    def import_(self, file: Path | str) -> list[str]:
        """Add the pools of a parquet file made by ``export``, keeping what is here already; returns their keys."""
        from tts_playground.runs import parquet

        pools = parquet.read(Path(file))
        for pool in pools:
            self.add(pool)
        return [pool.key for pool in pools]

    def add(self, pool: PoolView) -> None:
        """Copy a pool from elsewhere (a parquet file, another store) into this one."""
        target = StoredPool(self, pool.kind, canonical(pool.task_key), canonical(pool.fingerprint))
        rows = pool.rows(seed=None)
        for start in range(0, len(rows), _BATCH):
            target.insert(rows[start : start + _BATCH])
        for reward in pool.rewards():
            target.insert_scores(*reward, pool.values(*reward))


class StoredPool(PoolView):
    """A pool in the store, for reading and for adding rows; ``Pool`` adds drawing and scoring."""

    def __init__(self, store: Store, kind: str, task: str, sampler: str) -> None:
        self.store = store
        self.kind = kind
        self._task_text, self._sampler_text = task, sampler
        self.task_key, self.fingerprint = json.loads(task), json.loads(sampler)
        self._key = super().key

    @property
    def key(self) -> str:
        """sha256 of the task and the sampler, in hex."""
        return self._key

    def __len__(self) -> int:
        with self.store.database.read() as connection:
            return connection.execute("SELECT count(*) FROM samples WHERE pool = ?", (self.key,)).fetchone()[0]

    def rows(self, *, seed: int | None = 0, below: int | None = None) -> list[Row]:
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

    def insert(self, rows: Sequence[Row]) -> None:
        """Write samples in one transaction; those that are here already stay as they are."""
        pictures = {(row.seed, row.index): row.png() for row in rows if row.image is not None}
        for data in pictures.values():
            self.store.blobs.put(data)
        with self.store.database.write() as connection:
            connection.execute(
                "INSERT INTO pools VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (self.key, self.kind, self._task_text, self._sampler_text, time.time()),
            )
            for row in rows:
                data = pictures.get((row.seed, row.index))
                # again, under the lock: a deletion may have swept the file since
                blob = None if data is None else self.store.blobs.put(data)
                size = len((row.text or "").encode()) + len(data or b"")
                place = (self.key, _small(row.seed, "seed"), _small(row.index, "index"))
                values = (*place, row.codec, row.text, blob, size, row.logprob, row.cost, row.info)
                marks = ", ".join("?" * len(values))
                connection.execute(f"INSERT INTO samples VALUES ({marks}) ON CONFLICT DO NOTHING", values)

    def insert_scores(self, reward: str, revision: str, values: Scores) -> None:
        """Write rewards of samples that exist, in one transaction; those that are here already stay as they are."""
        query = """INSERT INTO rewards SELECT pool, seed, idx, ?, ?, ? FROM samples
            WHERE pool = ? AND seed = ? AND idx = ? ON CONFLICT DO NOTHING"""
        rows = [(reward, revision, value, self.key, *place) for place, value in values.items()]
        with self.store.database.write() as connection:
            connection.executemany(query, rows)

    def _row(self, seed: int, index: int, codec: str, content: str | None, blob: str | None, *rest: Any) -> Row:
        return Row(seed, index, codec, content, None if blob is None else self.store.blobs.path(blob), *rest)


class Pool(StoredPool):
    """The pool of one task under one sampler: draws and scores what is missing."""

    def __init__(self, store: Store, task: Task, sampler: Sampler) -> None:
        what = "the sampler's fingerprint"
        super().__init__(
            store, task.kind, canonical(task.key(), "the task's key"), canonical(sampler.fingerprint(), what)
        )
        self.task = task
        self.sampler = sampler

    def stream(self, n: int, *, seed: int = 0) -> Iterator[Sample]:
        """Yield samples 0..n-1 in order; those that are missing are drawn, and kept before they are yielded.

        Closing the generator closes the sampler's; what was yielded stays.
        """
        if n < 0:
            raise BadInput(f"The number of samples must be 0 or more; got {n}.")
        here = {row.index: row for row in self.rows(seed=seed, below=n)}
        missing = [index for index in range(n) if index not in here]
        drawn = self._drawn(missing, seed)
        for index in range(n):
            yield decode(here.pop(index)) if index in here else next(drawn)

    def draw(self, n: int, *, seed: int = 0, on_sample: Callable[[Sample], None] | None = None) -> list[Sample]:
        """The samples 0..n-1; ``on_sample`` hears of each as it comes."""
        samples = []
        for sample in self.stream(n, seed=seed):
            samples.append(sample)
            if on_sample is not None:
                on_sample(sample)
        return samples

    def score(self, reward: Reward, n: int | None = None, *, seed: int = 0, batch: int = 32) -> list[float]:
        """The rewards of the samples there are with an index below ``n``, in order; only missing ones are computed."""
        rows = self.rows(seed=seed, below=n)
        known = dict(self.values(reward.name, reward.revision))
        missing = [row for row in rows if (row.seed, row.index) not in known]
        for start in range(0, len(missing), batch):
            block = missing[start : start + batch]
            values = [float(value) for value in reward.score(self.task, [decode(row) for row in block])]
            if len(values) != len(block) or not all(map(math.isfinite, values)):
                raise CannotDo(f"The reward {reward.name!r} must give one finite number a sample; it gave {values}.")
            new = {(row.seed, row.index): value for row, value in zip(block, values, strict=True)}
            self.insert_scores(reward.name, reward.revision, new)
            known |= new
        return [known[row.seed, row.index] for row in rows]

    def _drawn(self, missing: list[int], seed: int) -> Iterator[Sample]:
        if not missing:
            return
        count = 0
        for index, sample in zip(missing, self.sampler.draw(self.task, missing, seed=seed), strict=False):
            if (sample.index, sample.seed) != (index, seed):
                raise CannotDo(f"The sampler gave sample {sample.index} of seed {sample.seed} for {index} of {seed}.")
            if sample.parent is not None:
                raise BadInput(
                    "A pool holds independent draws only; a sample made from another one has no place in it."
                )
            self.insert([encode(sample)])
            # read back, since another process may have been first: what is in the store is what everybody sees
            yield decode(self._one(seed, index))
            count += 1
        if count < len(missing):
            raise CannotDo(f"The sampler gave {count} samples where {len(missing)} were asked for.")

    def _one(self, seed: int, index: int) -> Row:
        query = f"SELECT {_SAMPLE} FROM samples WHERE pool = ? AND seed = ? AND idx = ?"
        with self.store.database.read() as connection:
            found = connection.execute(query, (self.key, seed, index)).fetchone()
        if found is None:
            raise StoreError("The pool was deleted while samples were drawn for it; draw again.")
        return self._row(*found)


def _small(number: int, what: str) -> int:
    if not -(2**63) <= number < 2**63:
        raise BadInput(f"The {what} {number} does not fit in 64 bits; use a smaller one.")
    return int(number)
