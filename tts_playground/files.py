"""Writing files: whole or not at all, whoever else writes to the same name, and whenever the process is killed.

A file grows under a random name in the folder of its target, is flushed to the disk, and takes the target's name in one
step. Its writer holds a lock on it meanwhile, which the system gives back when the writer dies: so what dead writers
leave behind can be told from what a living one works on, and is swept by the next to write into that folder.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import os
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import BinaryIO

from tts_playground.errors import BadInput, NoSpace, ReadOnly, StoreError, shown

try:
    import fcntl
except ImportError:  # where there are no such locks, age alone tells
    fcntl = None

FULL = {errno.ENOSPC, errno.EDQUOT}
FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
PREFIX, ENDING = ".tts-", ".partial"
STALE = 3600.0
"""seconds after which a file that nobody holds was left behind"""
_swept: set[tuple[int, Path]] = set()


def open_plain(file: Path | str) -> BinaryIO:
    """``open(file, "rb")`` for a name from outside: a pipe is not waited for, and a device is not read without end.

    Raises:
        BadInput: it is a folder, a pipe, a device or a socket.
        OSError: it is not there, or may not be read.
    """
    handle = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        refuse_special(handle, file)
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def refuse_special(handle: int, file: Path | str) -> None:
    """Refuse an open folder, pipe, device or socket.

    Raises:
        BadInput: it is one.
    """
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        raise BadInput(f"{file} is no plain file but a folder, a pipe or a device; give a plain file.")


def read_plain(file: Path | str, most: int) -> bytes:
    """``Path.read_bytes`` of a plain file of at most ``most`` bytes.

    Raises:
        BadInput: it is larger, or what ``open_plain`` refuses.
        OSError: it is not there, or may not be read.
    """
    with open_plain(file) as opened:
        size = os.fstat(opened.fileno()).st_size
        data = opened.read(most + 1) if size <= most else b""
    if max(size, len(data)) > most:
        bound = f"{most >> 20:,} MB" if most >> 20 else f"{most:,} bytes"
        raise BadInput(f"{file} is larger than {bound}, which is not read; give a smaller file.")
    return data


@contextmanager
def whole(file: Path | str, what: str = "The file", *, lasting: bool = True) -> Iterator[Path]:
    """Yields a path to write to; at the end of the block its content is ``file``'s, after an error nothing has changed.

    The path's ending tells no format, so writers that guess one must be told. Links are followed, and a file that was
    there keeps its permissions.

    Args:
        what: how the sentence of an error begins: "The figure", "The picture of sample 3".
        lasting: flush it to the disk, so that it outlives a power cut; False for what is only kept for speed.

    Raises:
        StoreError: the folder is not there, is read-only or full, or ``file`` is no plain file.
    """
    target = Path(os.path.realpath(file))
    try:
        _sweep_once(target.parent)
        if target.exists() and not target.is_file():
            raise StoreError(f"{what} cannot be written to {file}: it is not a plain file.")
        with _claimed(target) as partial:
            yield partial
            if lasting:
                _flush(partial)
            partial.replace(target)
            if lasting:
                _flush(target.parent)
    except OSError as error:
        raise cannot_write(file, error, what) from error


@contextmanager
def filling(folder: Path, what: str = "The folder", *, fresh: bool = False) -> Iterator[Path]:
    """Yields an empty folder to write into; at the end of the block each of its files is in ``folder``, whole.

    Args:
        fresh: ``folder`` must not be there, and then appears with all of its files at once.

    Raises:
        StoreError: it cannot be written, or with ``fresh`` it is there already.
    """
    partial = folder.parent / _name()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _sweep_once(folder.parent)
        partial.mkdir()
        with _locked(partial):
            yield partial
            made = [path for path in partial.rglob("*") if path.is_file()]
            for path in made:
                _flush(path)
            if fresh:
                partial.rename(folder)
            for path in () if fresh else made:
                target = folder / path.relative_to(partial)
                target.parent.mkdir(parents=True, exist_ok=True)
                path.replace(target)
            _flush(folder.parent if fresh else folder)
    except OSError as error:
        raise cannot_write(folder, error, what) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_bytes(file: Path | str, data: bytes, what: str = "The file") -> None:
    """``Path.write_bytes``, whole or not at all; raises what ``whole`` raises."""
    with whole(file, what) as partial:
        partial.write_bytes(data)


def write_text(file: Path | str, text: str, what: str = "The file") -> None:
    """``Path.write_text`` in UTF-8, whole or not at all; raises what ``whole`` raises."""
    write_bytes(file, text.encode("utf-8", "replace"), what)


def make_folder(folder: Path, what: str = "The folder") -> Path:
    """The folder, made with its parents where it is missing.

    Raises:
        StoreError: it cannot be made. BadInput: it can be no path.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _kind(error)(f"{what} {folder} cannot be made: {error.strerror or error}.") from error
    except ValueError as error:  # a null, or half of a character
        why = "a character is no text" if isinstance(error, UnicodeError) else error
        raise BadInput(f"{what} {shown(folder)} can be no path: {why}.") from error
    return folder


@cache
def own_folder(kind: str) -> Path:
    """A folder of this process for files that are worth nothing after it, in the system's folder for such; one a kind.

    It is removed when the process ends; those of killed processes are swept by the next.

    Raises:
        StoreError: none can be made.
    """
    start = f"tts-playground-{kind}-"
    parent = Path(tempfile.gettempdir())
    me = os.geteuid() if hasattr(os, "geteuid") else 0
    for old in parent.glob(f"{start}*"):
        with contextlib.suppress(OSError):
            if old.stat().st_uid == me and abs(time.time() - _newest(old)) > STALE and not _held(old):
                shutil.rmtree(old)
    try:
        folder = Path(tempfile.mkdtemp(prefix=start))
        lock(os.open(folder, os.O_RDONLY))  # until the process ends
    except OSError as error:
        raise cannot_write(parent, error, "A folder for passing files") from error
    atexit.register(_remove, folder, os.getpid())
    return folder


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # not a forked child's to remove
        shutil.rmtree(folder, ignore_errors=True)


def cannot_write(file: Path | str, error: Exception, what: str = "The file") -> StoreError:
    """The sentence for a file that could not be written."""
    return _kind(error)(f"{what} cannot be written to {file}: {getattr(error, 'strerror', None) or error}.")


def _kind(error: Exception) -> type[StoreError]:
    number = getattr(error, "errno", None)
    return NoSpace if number in FULL else ReadOnly if number in FORBIDDEN else StoreError


def sweep(folder: Path) -> None:
    """Remove what dead writers left in a folder: files and folders an hour old that nobody holds."""
    with contextlib.suppress(OSError):
        for path in folder.glob(f"{PREFIX}*{ENDING}"):
            with contextlib.suppress(OSError):  # its writer may finish, or another sweep may come first
                # a clock that was put back makes files of the future; the lock still tells who lives
                if abs(time.time() - _newest(path)) <= STALE or _held(path):
                    continue
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def _newest(path: Path) -> float:
    """When it last grew; of a folder, the newest of its files."""
    return max(one.stat().st_mtime for one in (path, *(path.rglob("*") if path.is_dir() else ())))


def _sweep_once(folder: Path) -> None:
    if (os.getpid(), folder) not in _swept:
        _swept.add((os.getpid(), folder))
        sweep(folder)


def _name() -> str:
    return f"{PREFIX}{secrets.token_hex(8)}{ENDING}"


@contextmanager
def _claimed(target: Path) -> Iterator[Path]:
    """A fresh file beside the target, locked; gone at the end unless it was renamed."""
    partial = target.parent / _name()
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        with _locked(partial):
            if target.exists():
                with contextlib.suppress(OSError):
                    partial.chmod(target.stat().st_mode & 0o777 | 0o200)
            yield partial
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock that tells sweepers that the writer of ``path`` lives."""
    handle = os.open(path, os.O_RDONLY)
    try:
        lock(handle)
        yield
    finally:
        os.close(handle)


def _held(path: Path) -> bool:
    """Whether a living process holds the lock of a partial file."""
    handle = os.open(path, os.O_RDONLY)
    try:
        return not lock(handle)
    finally:
        os.close(handle)


def lock(handle: int) -> bool:
    """Lock an open file until it is closed; whether nobody else holds it. True, too, where there are no locks."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a mount without locks: age alone tells
        return True
    return True


def _flush(path: Path) -> None:
    """To the disk, not only to the system; what cannot be flushed (a folder on some systems) is passed over."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        if path.is_file():
            raise
    finally:
        os.close(handle)
