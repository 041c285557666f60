"""Opening the store's SQLite file: to write where that can be, else to read; its tables, and what its errors mean."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tts_playground import files
from tts_playground.errors import NoSpace, ReadOnly, StoreError

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
COLUMNS = {
    "pools": {"key", "kind", "task", "sampler", "created"},
    "samples": {"pool", "seed", "idx", "codec", "content", "blob", "bytes", "logprob", "cost", "info"},
    "rewards": {"pool", "seed", "idx", "reward", "revision", "value"},
}


class Connection(sqlite3.Connection):
    """A connection that can be referred to weakly."""


@dataclass(frozen=True)
class How:
    """How a file is opened."""

    target: str
    """a path; with ``uri`` a SQLite URI"""
    uri: bool = False
    empty: bool = False
    """nothing is there: an empty store in memory"""

    def connect(self, *, alone: bool = False) -> Connection:
        """A new connection; ``alone`` needs no memory shared with others, and locks them out."""
        connection = sqlite3.connect(
            self.target, timeout=WAIT, isolation_level=None, check_same_thread=False, factory=Connection, uri=self.uri
        )
        try:
            if alone:  # before anything touches the file
                connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            connection.execute("PRAGMA synchronous=NORMAL")
            for statement in TABLES if self.empty else ():
                connection.execute(statement)
        except BaseException:
            connection.close()
            raise
        return connection


def check_header(file: Path) -> None:
    """Refuse other files before SQLite opens, and perhaps alters, them.

    Raises:
        StoreError: it is no sample store, or cannot be read.
    """
    try:
        head = file.open("rb").read(100) if file.exists() else b""
    except OSError as error:
        raise StoreError(f"The sample store {file} cannot be read: {error.strerror}.") from error
    if not head:
        return
    if not head.startswith(b"SQLite format 3\0"):
        raise StoreError(f"{file} is not a sample store, or it is damaged; move it away and start afresh.")
    if len(head) == 100 and (found := int.from_bytes(head[68:72], "big")) not in (0, APPLICATION):
        raise StoreError(f"{file} belongs to another application (id {found:#x}); move it away.")


def prepare(connection: sqlite3.Connection, file: Path) -> None:
    """Make the tables of a new file, or check those of an old one; choose the journal.

    Raises:
        StoreError: it is another program's, or of another version.
        ReadOnly: the file cannot be written.
    """
    if not _is_empty(connection):
        check_tables(connection, file)
    if file.exists() and not os.access(file, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise ReadOnly(f"The sample store {file} cannot be written; check its permissions.")
    journal = "delete" if on_network(file.parent) else "wal"
    if patiently(connection, "PRAGMA journal_mode") != journal:
        patiently(connection, f"PRAGMA journal_mode={journal}")
    if not _is_empty(connection):
        _check_writing(connection)
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _is_empty(connection):  # nobody was faster
            for statement in TABLES:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id={APPLICATION}")
            connection.execute(f"PRAGMA user_version={VERSION}")
        connection.commit()
    except BaseException:
        if connection.in_transaction:
            connection.rollback()
        raise
    check_tables(connection, file)


def _check_writing(connection: sqlite3.Connection) -> None:
    """Whether it can be written should be known now, not at the first sample; another writer is no reason to wait."""
    connection.execute("PRAGMA busy_timeout=0")
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.rollback()
    except sqlite3.OperationalError as error:
        if not _busy(error):
            raise
    finally:
        connection.execute(f"PRAGMA busy_timeout={int(1000 * WAIT)}")


def check_tables(connection: sqlite3.Connection, file: Path) -> None:
    """Refuse a file with other tables than ours.

    Raises:
        StoreError: it is another program's, of another version, or a table or column is missing.
    """
    application, version = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
    )
    if application != APPLICATION:
        raise StoreError(f"{file} is a database of another application; move it away and start afresh.")
    if version != VERSION:
        raise StoreError(
            f"The sample store {file} has version {version}, this program reads version {VERSION}; "
            "export its pools with the program that made them, or move it away."
        )
    for table, columns in COLUMNS.items():
        there = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
        if missing := ", ".join(sorted(columns - there)):
            raise StoreError(f"The sample store {file} is damaged: its table {table!r} lacks {missing}; move it away.")


def to_read(file: Path, why: StoreError) -> How:
    """How to open a file that cannot be written, so that what is in it can be read.

    Raises:
        StoreError: it cannot be read either.
    """
    if not file.exists() or not file.stat().st_size:
        return How(":memory:", empty=True)
    log = file.with_name(file.name + "-wal")
    place = quote(str(file.resolve()))
    ways = [How(f"file:{place}?mode=ro", uri=True)]
    if not log.exists() or not log.stat().st_size:
        ways.append(How(f"file:{place}?mode=ro&immutable=1", uri=True))  # all is in the file: no log, no shared memory
    for how in ways:
        if _serves(how, file):
            return how
    # what was committed last is in the log, and reading a log needs a folder that can be written
    try:
        folder = files.make_folder(files.own_folder("samples") / f"copy-{time.monotonic_ns()}")
        for one in (file, log):
            if one.exists():
                shutil.copyfile(one, folder / one.name)
    except OSError as error:
        raise files.cannot_write(folder, error, "A copy of the sample store to read from") from error
    copy = How(str(folder / file.name))
    if not _serves(copy, file):
        raise why
    return copy


def _serves(how: How, file: Path) -> bool:
    try:
        connection = how.connect()
        try:
            check_tables(connection, file)
            connection.execute("SELECT count(*) FROM pools").fetchone()
        finally:
            connection.close()
    except sqlite3.OperationalError:
        return False
    return True


def _is_empty(connection: sqlite3.Connection) -> bool:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    return application == 0 and not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]


@contextmanager
def translated(file: Path) -> Iterator[None]:
    """What SQLite says, as a ``StoreError`` in one sentence: ``NoSpace``, ``ReadOnly``, or that it is damaged."""
    try:
        yield
    except sqlite3.Error as error:
        raise _sentence(file, error) from error
    except UnicodeDecodeError as error:  # a fault's own words, quoted from a damaged file
        raise _damaged(file, "its text is no Unicode") from error
    except (UnicodeEncodeError, OverflowError) as error:
        raise StoreError(f"The sample store {file} cannot keep a value that is no Unicode, or too large.") from error


def _sentence(file: Path, error: sqlite3.Error) -> StoreError:
    name = getattr(error, "sqlite_errorname", "") or ""
    said = str(error)
    if _busy(error):
        return StoreError(
            f"The sample store {file} is being written by another program for more than {WAIT:.0f} s; try again."
        )
    if name == "SQLITE_FULL" or (name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN")) and _no_room(file)):
        return NoSpace(f"The sample store {file} cannot be written: its disk is full; free some space.")
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return ReadOnly(f"The sample store {file} cannot be written ({said}); check the permissions of its folder.")
    if name.startswith(("SQLITE_IOERR", "SQLITE_NOMEM", "SQLITE_PROTOCOL", "SQLITE_NOLFS")):
        return StoreError(f"The sample store {file} cannot be used ({said}); check its disk.")
    if isinstance(error, sqlite3.ProgrammingError):
        return StoreError(f"The sample store {file} was closed while it was used ({said}).")
    return _damaged(file, said)


def _damaged(file: Path, said: str) -> StoreError:
    return StoreError(f"The sample store {file} is damaged ({said}); move it away, or bring its pools back by import.")


def _busy(error: sqlite3.Error) -> bool:
    return str(getattr(error, "sqlite_errorname", "")).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def _no_room(file: Path) -> bool:
    """Whether the disk has no room for one more page of shared memory."""
    try:
        return shutil.disk_usage(file.parent).free < 1 << 16
    except OSError:
        return False


def patiently(connection: sqlite3.Connection, pragma: str) -> str:
    """Run a journal pragma; SQLite does not wait for its lock by itself."""
    end = time.monotonic() + WAIT
    while True:
        try:
            return str((connection.execute(pragma).fetchone() or ("",))[0])
        except sqlite3.OperationalError as error:
            if not _busy(error) or time.monotonic() > end:
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
