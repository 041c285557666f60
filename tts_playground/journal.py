"""JSONL files that grow: one writer at a time, and a last line that a killed writer left torn is cut off."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tts_playground import files, jsontext
from tts_playground.errors import BadInput, StoreError

LARGEST = 1 << 28
"""bytes of a file that are read; a full audit has a few million"""
Append = Callable[[Iterable[Mapping[str, Any]]], None]
"""writes rows, a line each, and returns when they are on the disk"""


@contextmanager
def growing(file: Path, what: str = "The file", *, keep: int | None = None) -> Iterator[Append]:
    """Open a JSONL file to add rows to; made where it is missing. No other process can open it so meanwhile.

    Args:
        keep: cut the file to its first ``keep`` lines; None keeps all but a torn last one.

    Raises:
        BadInput: it is a pipe or a device.
        StoreError: it cannot be written, its end is damaged, or another process is writing it.
    """
    handle = -1
    try:
        handle = os.open(file, os.O_CREAT | os.O_RDWR | os.O_APPEND | getattr(os, "O_NONBLOCK", 0), 0o666)
        files.refuse_special(handle, file)
        if not files.lock(handle):
            raise StoreError(f"{what} {file} is being written by another process; wait for it, or choose another.")
        data = file.read_bytes()
        if keep is None and _damaged(data[_whole(data) :]):
            raise StoreError(f"The end of {file} is damaged, so that no row is added; remove its last line first.")
        end = _whole(data) if keep is None else sum(map(len, data.splitlines(keepends=True)[:keep]))
        os.ftruncate(handle, end)
        if end and data[end - 1 : end] != b"\n":
            os.write(handle, b"\n")
    except BaseException as error:
        if handle >= 0:
            os.close(handle)
        if isinstance(error, OSError):
            raise files.cannot_write(file, error, what) from error
        raise

    def append(rows: Iterable[Mapping[str, Any]]) -> None:
        text = "".join(json.dumps(row) + "\n" for row in rows).encode()
        try:
            before = os.fstat(handle).st_size
            if os.write(handle, text) < len(text):  # the disk is full: no half rows
                os.ftruncate(handle, before)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(handle)
        except OSError as error:
            raise files.cannot_write(file, error, what) from error

    try:
        yield append
    finally:
        os.close(handle)


def read(file: Path, *, torn: bool = True) -> list[dict[str, Any]]:
    """The objects of a JSONL file; with ``torn`` the beginning of a last line that a killed writer left is passed over.

    Raises:
        BadInput: there is no such plain file, it is larger than ``LARGEST``, or a line is no JSON object or nests too
            deep.
    """
    try:
        lines = files.read_plain(file, LARGEST).split(b"\n")
    except OSError as error:
        raise BadInput(f"There is no file {file}, or it cannot be read: {error.strerror or error}.") from error
    rows = []
    last = max((number for number, line in enumerate(lines, 1) if line.strip()), default=0)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            rows.append(jsontext.loads_object(line, f"Line {number} of {file}"))
        except BadInput:
            if torn and number == last and not _parses(line) and not _damaged(line):
                break
            raise
    return rows


def _whole(data: bytes) -> int:
    """Bytes up to the end of the last line that is whole."""
    end = len(data.rstrip())
    start = data.rfind(b"\n", 0, end) + 1
    return len(data) if not end or _parses(data[start:end]) else start


def _damaged(line: bytes) -> bool:
    """Whether a line that is no JSON is more than the beginning of a row, which is all that a killed writer leaves."""
    line = line.strip()
    return line[:1] not in (b"", b"{") or any(byte < 32 and byte != 9 for byte in line)


def _parses(line: bytes) -> bool:
    """Whether a line is JSON, whatever it holds; one that nests too deep was not torn."""
    try:
        json.loads(line)
    except RecursionError:
        return True
    except ValueError:
        return False
    return True
