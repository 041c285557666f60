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

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from tts_playground import home
from tts_playground.core import Sampler, Task
from tts_playground.errors import BadInput, StoreError, UnknownName
from tts_playground.runs.blobs import Blobs
from tts_playground.runs.database import Database
from tts_playground.runs.pool import PoolView
from tts_playground.runs.rows import canonical
from tts_playground.runs.stored import Pool, StoredPool

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
