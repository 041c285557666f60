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

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from tts_playground import files, home
from tts_playground.core import Reward, Sampler, Task
from tts_playground.errors import BadInput, NoSpace, ReadOnly, StoreError, UnknownName
from tts_playground.store.blobs import DIGEST, Blobs
from tts_playground.store.database import Database
from tts_playground.store.keeping import KeptReward, KeptSampler
from tts_playground.store.listing import HEAD, PoolInfo, keys, listed, texts
from tts_playground.store.pool import PoolView
from tts_playground.store.rows import canonical
from tts_playground.store.stored import Pool, S, StoredPool

_BATCH = 256
"""rows a transaction when many are at hand"""


class Store:
    """The pools in one folder, by default ``store`` under the data folder; made if needed.

    Where the folder cannot be made the store is empty, and ``refusal`` says why nothing can be kept.
    """

    def __init__(self, folder: Path | str | None = None) -> None:
        self.path = home.home() / "store" if folder is None else Path(folder)
        nowhere: ReadOnly | None = None
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            if error.errno not in files.FULL | files.FORBIDDEN:  # of those the file itself says more
                nowhere = ReadOnly(f"The store's folder {self.path} cannot be made: {error.strerror}.")
        self.database = Database(self.path / "pools.sqlite", nowhere)
        self.blobs = Blobs(self.path / "images")
        self.read: dict[str, int] = {}
        """pool -> samples that were asked for and read, and so not drawn, since this was opened"""

    @property
    def refusal(self) -> str:
        """Why nothing can be kept here, in a sentence; "" where it can."""
        return str(self.database.refusal or "")

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; using the store again opens it again."""
        self.database.close()

    def pool(self, task: Task, sampler: S) -> Pool[S]:
        """The pool of this task under this sampler; empty until something is drawn."""
        return Pool(self, task, sampler)

    def kept_sampler(self, task: Task, sampler: Sampler) -> KeptSampler:
        """The sampler of one task through its pool (``core.Keeper``)."""
        return KeptSampler(self.pool(task, sampler))

    def kept_reward(self, task: Task, sampler: Sampler, reward: Reward) -> KeptReward:
        """The reward of that sampler's draws through the same pool."""
        return KeptReward(self.pool(task, sampler), reward)

    def pools(self) -> list[PoolInfo]:
        """Every pool, the newest first; a damaged one says so in its ``damage``."""
        return listed(self)

    def open(self, key: str) -> StoredPool:
        """The pool whose key begins with ``key``, to read from.

        Raises:
            BadInput: there is none, or several. StoreError: it is damaged.
        """
        whole = self._whole(key)
        with self.database.read() as connection:
            row = connection.execute(HEAD, (whole,)).fetchone()
        if row is None:
            raise StoreError(f"The pool {key} was deleted meanwhile.")
        kind, task, sampler = texts(row[:3])
        return StoredPool(self, kind, task, sampler, whole.decode(errors="replace"))

    def of_task(self, task: Task) -> list[StoredPool]:
        """The pools of one task, whoever drew them, to read from; damaged ones are left out."""
        query = "SELECT CAST(key AS BLOB), CAST(sampler AS BLOB) FROM pools WHERE kind = ? AND task = ?"
        words = canonical(task.key(), "the task's key")
        with self.database.read() as connection:
            rows = [texts(row) for row in connection.execute(query, (task.kind, words)).fetchall()]
        found = []
        for key, sampler in rows:
            with contextlib.suppress(StoreError):
                found.append(StoredPool(self, task.kind, words, sampler, key))
        return found

    def delete(self, key: str) -> str:
        """Delete a pool with its samples, its scores and the pictures that no other pool uses; returns its key.

        A damaged pool can be deleted, too, and so can one on a full disk.
        """
        whole = self._whole(key)
        try:
            with self.database.write() as connection:
                _delete_rows(connection, whole)
        except NoSpace:
            self._delete_on_full_disk(whole)
        self._sweep_pictures()
        return whole.decode(errors="replace")

    def _whole(self, key: str) -> bytes:
        """The one whole key that begins with ``key``."""
        with self.database.read() as connection:
            there = keys(connection)
        found = [whole for whole in there if key and whole.startswith(key.encode(errors="replace"))]
        if len(found) > 1 and key.encode(errors="replace") not in found:
            raise BadInput(f"{len(found)} pools begin with {key!r}; give more of the key.")
        if not found:
            if not there:
                raise BadInput(f"There is no pool {key!r}; the store {self.path} is empty.")
            raise UnknownName("pool", key, [whole[:12].decode(errors="replace") for whole in there])
        return min(found, key=len)

    def _delete_on_full_disk(self, whole: bytes) -> None:
        """First the pool's own pictures, which makes room; should that not do, rows without a journal on disk.

        Killed in between, the pool stays without its pictures, and can be deleted again.
        """
        query = """SELECT DISTINCT blob FROM samples WHERE pool = CAST(:pool AS TEXT) AND blob IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM samples AS other WHERE other.blob = samples.blob
                            AND other.pool <> CAST(:pool AS TEXT))"""
        with self.database.read() as connection:
            own = [row[0] for row in connection.execute(query, {"pool": whole})]
        for digest in filter(DIGEST.fullmatch, own):
            self.blobs.remove(digest)
        self.database.give_back()
        try:
            with self.database.write() as connection:
                _delete_rows(connection, whole)
        except NoSpace:
            with self.database.write_in_place() as connection:
                _delete_rows(connection, whole)

    def _sweep_pictures(self) -> None:
        # In a transaction of its own, so that a kill in between leaves files without rows, never rows without files.
        # Writers look for their file again once they hold this lock, so none is taken from under them.
        with contextlib.suppress(NoSpace), self.database.write() as connection:
            used = {row[0] for row in connection.execute("SELECT DISTINCT blob FROM samples WHERE blob IS NOT NULL")}
            for digest in self.blobs.digests():
                if digest not in used:
                    self.blobs.remove(digest)
        self.blobs.remove_unfinished()

    def size(self) -> int:
        """Bytes on disk."""
        total = 0
        for file in self.path.rglob("*"):
            with contextlib.suppress(OSError):  # another process may have just removed it
                total += file.stat().st_size if file.is_file() else 0
        return total

    def export(self, keys: str | Sequence[str], file: Path | str) -> int:
        """Write one or more pools as parquet that the ``datasets`` library reads; returns the number of samples."""
        from tts_playground.store import parquet

        chosen = [keys] if isinstance(keys, str) else list(keys)
        return parquet.write([self.open(key) for key in chosen], Path(file))

    def import_(self, file: Path | str) -> list[str]:
        """Add the pools of a parquet file made by ``export``, keeping what is here already; returns their keys.

        Raises:
            BadInput: there is no such file, or a row of it makes no sense; nothing is imported then.
            StoreError: it is no such file, or it cannot be kept.
        """
        from tts_playground.store import parquet

        pools = parquet.read(Path(file), strict=True)
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


def _delete_rows(connection: sqlite3.Connection, whole: bytes) -> None:
    for table, column in (("rewards", "pool"), ("samples", "pool"), ("pools", "key")):
        connection.execute(f"DELETE FROM {table} WHERE {column} = CAST(? AS TEXT)", (whole,))
