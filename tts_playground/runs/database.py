"""The store's SQLite file: opening, version stamp, one connection a thread, and errors in one sentence.

Write-ahead logging lets readers go on while one writer writes, and a process killed at any moment leaves the last
committed state. It needs memory shared by all who open the file, which a network mount does not give: there the file is
kept with a rollback journal instead, slower and still correct where the mount keeps POSIX locks.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tts_playground.errors import StoreError

APPLICATION = 0x54545350  # "TTSP", in the header of the file, where `file` and we look for it
VERSION = 1
"""changes when the tables change"""
WAIT = 30.0
"""seconds to wait for another writer"""

NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "lustre", "glusterfs", "ceph", "beegfs", "fuse.sshfs"}

_STRICT = "STRICT" if sqlite3.sqlite_version_info >= (3, 37) else ""

TABLES = (
    f"""CREATE TABLE pools (
        key TEXT PRIMARY KEY, kind TEXT NOT NULL, task TEXT NOT NULL, sampler TEXT NOT NULL, created REAL NOT NULL
    ) {_STRICT}""",
    f"""CREATE TABLE samples (
        pool TEXT NOT NULL, seed INTEGER NOT NULL, idx INTEGER NOT NULL, codec TEXT NOT NULL, content TEXT,
        blob TEXT, bytes INTEGER NOT NULL, logprob REAL, cost TEXT NOT NULL, info TEXT NOT NULL,
        PRIMARY KEY (pool, seed, idx)
    ) {_STRICT}""",
    "CREATE INDEX samples_blob ON samples (blob) WHERE blob IS NOT NULL",
    f"""CREATE TABLE rewards (
        pool TEXT NOT NULL, seed INTEGER NOT NULL, idx INTEGER NOT NULL, reward TEXT NOT NULL, revision TEXT NOT NULL,
        value REAL NOT NULL, PRIMARY KEY (pool, reward, revision, seed, idx)
    ) {_STRICT}""",
)


class _Connection(sqlite3.Connection):
    """A connection that can be referred to weakly."""


class Database:
    """One SQLite file, shared by threads and processes."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._local = threading.local()
        self._open: weakref.WeakSet[_Connection] = weakref.WeakSet()  # a thread that ends closes its own
        self._owner = os.getpid()
        self._inherited: list[object] = []
        self._check_header()
        with self._translated():
            self._prepare()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection to read with."""
        with self._translated():
            yield self._connection()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A connection in a transaction that holds the write lock; committed at the end, rolled back on an error."""
        with self._translated():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    def close(self) -> None:
        """Close this process's connections."""
        self._leave_to_parent()
        for connection in list(self._open):
            connection.close()
        self._open, self._local = weakref.WeakSet(), threading.local()

    def _connection(self) -> sqlite3.Connection:
        """This thread's connection."""
        self._leave_to_parent()
        if getattr(self._local, "connection", None) is None:
            connection = sqlite3.connect(
                self.file, timeout=WAIT, isolation_level=None, check_same_thread=False, factory=_Connection
            )
            connection.execute("PRAGMA synchronous=NORMAL")
            self._local.connection = connection
            self._open.add(connection)
        return self._local.connection

    def _leave_to_parent(self) -> None:
        """After a fork: a child must neither use nor close its parent's connections, so they are put aside for good."""
        if self._owner != os.getpid():
            self._inherited.append((list(self._open), self._local))
            self._open, self._local, self._owner = weakref.WeakSet(), threading.local(), os.getpid()

    def _check_header(self) -> None:
        """Refuse other files before SQLite opens, and perhaps alters, them."""
        try:
            head = self.file.open("rb").read(100) if self.file.exists() else b""
        except OSError as error:
            raise StoreError(f"The sample store {self.file} cannot be read: {error.strerror}.") from error
        if not head:
            return
        if not head.startswith(b"SQLite format 3\0"):
            raise StoreError(f"{self.file} is not a sample store, or it is damaged; move it away and start afresh.")
        if len(head) == 100 and (found := int.from_bytes(head[68:72], "big")) not in (0, APPLICATION):
            raise StoreError(f"{self.file} belongs to another application (id {found:#x}); move it away.")

    def _prepare(self) -> None:
        connection = self._connection()
        journal = "delete" if on_network(self.file.parent) else "wal"
        if _patiently(connection, "PRAGMA journal_mode") != journal:
            _patiently(connection, f"PRAGMA journal_mode={journal}")
        with self.write() as connection:
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if application == 0 and not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                for statement in TABLES:
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id={APPLICATION}")
                connection.execute(f"PRAGMA user_version={VERSION}")
                return
        if application != APPLICATION:
            raise StoreError(f"{self.file} is a database of another application; move it away and start afresh.")
        if version != VERSION:
            raise StoreError(
                f"The sample store {self.file} has version {version}, this program reads version {VERSION}; "
                "export its pools with the program that made them, or move it away."
            )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.ProgrammingError, sqlite3.IntegrityError, sqlite3.InterfaceError):
            raise
        except sqlite3.OperationalError as error:
            name = getattr(error, "sqlite_errorname", "") or ""
            if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
                why = f"is being written by another program for more than {WAIT:.0f} s; try again"
            else:
                why = f"cannot be used ({error}); check the disk's space and the folder's permissions"
            raise StoreError(f"The sample store {self.file} {why}.") from error
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"The sample store {self.file} is damaged ({error}); move it away, or bring its pools back by import."
            ) from error


def _patiently(connection: sqlite3.Connection, pragma: str) -> str:
    """Run a journal pragma; SQLite does not wait for its lock by itself."""
    end = time.monotonic() + WAIT
    while True:
        try:
            return str(connection.execute(pragma).fetchone()[0])
        except sqlite3.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


def on_network(folder: Path) -> bool:
    """Whether the folder lies on a network mount (Linux; elsewhere taken as local)."""
    try:
        lines = Path("/proc/mounts").read_text().splitlines()
    except OSError:
        return False
    mounts = [(Path(point.replace("\\040", " ")), kind) for _, point, kind, *_ in (line.split() for line in lines)]
    resolved = folder.resolve()
    over = [(len(point.parts), kind) for point, kind in mounts if resolved.is_relative_to(point)]
    return bool(over) and max(over)[1] in NETWORK
