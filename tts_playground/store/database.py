"""The store's SQLite file: one connection a thread, version stamp, and errors in one sentence.

Write-ahead logging lets readers go on while one writer writes, and a process killed at any moment leaves the last
committed state. It needs memory shared by all who open the file, which a network mount does not give: there the file is
kept with a rollback journal instead, slower and still correct where the mount keeps POSIX locks. A file that cannot be
written (a read-only folder, a full disk) is opened to be read.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tts_playground.errors import NoSpace, ReadOnly, StoreError
from tts_playground.store import sqlite_file
from tts_playground.store.sqlite_file import translated


class Database:
    """One SQLite file, shared by threads and processes.

    Args:
        nowhere: why there can be no such file; it reads as an empty one then.
    """

    def __init__(self, file: Path, nowhere: StoreError | None = None) -> None:
        self.file = file
        self.refusal: StoreError | None = nowhere
        """why nothing can be written; None where it can"""
        self._how = sqlite_file.How(str(file)) if nowhere is None else sqlite_file.How(":memory:", empty=True)
        self._local = threading.local()
        self._open: weakref.WeakSet[sqlite_file.Connection] = weakref.WeakSet()  # a thread that ends closes its own
        self._owner = os.getpid()
        self._inherited: list[object] = []
        if nowhere is None:
            self._begin(file)

    def _begin(self, file: Path) -> None:
        """Open the file to write, else to read."""
        try:
            # Closing any handle of a file lets go of all locks that the process has on it (POSIX): only SQLite, which
            # knows that, may open a file that it has open already, or another process would remove our log.
            with _opening:
                if not any(other.has_open(file) for other in _alive):
                    sqlite_file.check_header(file)
                _alive.add(self)
                with translated(file):
                    connection = self._connection()
            with translated(file):
                sqlite_file.prepare(connection, file)
        except (NoSpace, ReadOnly) as error:
            self.close()
            with translated(file):
                self._how = sqlite_file.to_read(file, error)
            self.refusal = error
        except BaseException:
            self.close()
            raise

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection to read with.

        Raises:
            StoreError: the file is damaged, or cannot be read.
        """
        with translated(self.file):
            yield self._connection()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A connection in a transaction that holds the write lock; committed at the end, rolled back on an error.

        Raises:
            NoSpace, ReadOnly: nothing can be written here. StoreError: the file is damaged, or in use for too long.
        """
        if self.refusal is not None:
            raise type(self.refusal)(str(self.refusal)) from self.refusal
        with translated(self.file), _transaction(self._connection()) as connection:
            yield connection

    @contextmanager
    def write_in_place(self) -> Iterator[sqlite3.Connection]:
        """As ``write``, for deleting on a full disk: the journal is kept in memory, so that no room is needed.

        Being killed in here can damage the file, so it comes last. Nobody else may have the file open.
        """
        self.close()
        with translated(self.file):
            connection = sqlite_file.How(str(self.file)).connect(alone=True)
            try:
                for pragma in ("temp_store=MEMORY", "journal_mode=MEMORY"):
                    sqlite_file.patiently(connection, f"PRAGMA {pragma}")
                with _transaction(connection):
                    yield connection
            finally:
                connection.close()

    def give_back(self) -> None:
        """Empty the write-ahead log into the file, where that can be done."""
        try:
            with self.read() as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except StoreError:
            pass

    def has_open(self, file: Path) -> bool:
        """Whether this object has a connection to the file."""
        try:
            return bool(self._open) and self._owner == os.getpid() and self.file.samefile(file)
        except OSError:
            return False

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
            self._local.connection = self._how.connect()
            self._open.add(self._local.connection)
        return self._local.connection

    def _leave_to_parent(self) -> None:
        """After a fork: a child must neither use nor close its parent's connections, so they are put aside for good."""
        if self._owner != os.getpid():
            self._inherited.append((list(self._open), self._local))
            self._open, self._local, self._owner = weakref.WeakSet(), threading.local(), os.getpid()


_opening = threading.Lock()
_alive: weakref.WeakSet[Database] = weakref.WeakSet()


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.commit()
    except BaseException:
        if connection.in_transaction:  # SQLite itself rolls back when the disk is full
            connection.rollback()
        raise
