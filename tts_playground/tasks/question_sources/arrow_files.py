"""Rows of parquet and Arrow files, a few at a time: how far a file may unpack is checked before it does."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tts_playground import files
from tts_playground.errors import BadInput, PlaygroundError
from tts_playground.tasks.question_sources.text_files import Row

UNPACKED, TIMES = 1 << 29, 20
"""bytes that a group of rows may unpack to, and times the size of its file that a larger one may"""
VALUES = 20_000_000
"""values in a column of a group; a list of nulls takes no bytes"""
MOST_COLUMNS = 2000
LARGEST_BATCH = 1 << 29
"""bytes of an Arrow file's batch of rows"""


def parquet(path: Path) -> Iterator[Row]:
    """The rows of a parquet file.

    Raises:
        BadInput: it is none, damaged, or unpacks too far.
    """
    import pyarrow.parquet as pq

    try:
        files.open_plain(path).close()  # Arrow would wait for a pipe
        most = max(UNPACKED, TIMES * path.stat().st_size)
        with pq.ParquetFile(path) as file:
            if file.metadata.num_columns > MOST_COLUMNS:
                raise BadInput(f"{path} has over {MOST_COLUMNS:,} columns, which is not read.")
            for number in range(file.metadata.num_row_groups):
                _opens(file, number)
                size = _group_size(file.metadata.row_group(number), path, most)
                # a text stands in a group once and may be meant by each of its rows
                for batch in file.iter_batches(min(64, max(1, most // max(size, 1))), row_groups=[number]):
                    yield from _rows(batch)
    except PlaygroundError:
        raise
    except Exception as error:  # Arrow raises many kinds for a damaged file, OverflowError among them
        raise BadInput(f"{path} cannot be read as parquet: {_first_line(error)}.") from error


def _opens(file: Any, number: int) -> None:
    """Have Arrow's reader open the columns of a group for a batch of no rows, which reads none of them.

    Damage that it raises an error about here ends the process where metadata is asked for the same column.
    """
    next(file.reader.iter_batches(0, row_groups=[number], column_indices=None, use_threads=False), None)


def _group_size(group: Any, path: Path, most: int) -> int:
    sizes = [group.column(column).total_uncompressed_size for column in range(group.num_columns)]
    size = max(group.total_byte_size, sum(sizes))
    values = max((group.column(column).num_values for column in range(group.num_columns)), default=0)
    if size > most or min([size, *sizes]) < 0:
        raise BadInput(f"{path} unpacks to over {most >> 20:,} MB a group of rows, which is not read; write it anew.")
    if values > VALUES:
        raise BadInput(f"{path} has over {VALUES:,} values in a column of one group, which is not read.")
    return size


def arrow(path: Path) -> Iterator[Row]:
    """The rows of an Arrow file, as ``save_to_disk`` of the ``datasets`` library writes it (a stream, or a file).

    Raises:
        BadInput: it is none, damaged, compressed (``datasets`` writes none such), or holds types that unpack too far.
    """
    import pyarrow as pa

    try:
        with files.open_plain(path) as opened:
            head = opened.read(8)
            size = opened.seek(0, 2)
        with pa.OSFile(str(path), "rb") as source:
            if head[:6] == b"ARROW1":  # a stream stands in it, behind eight bytes
                source.seek(8)
            _check_messages(path, 8 if head[:6] == b"ARROW1" else 0, size)
            with pa.ipc.open_stream(source) as stream:
                for field in stream.schema:
                    _check_type(field.type, path, field.name)
                for batch in stream:
                    batch.validate(full=True)
                    yield from _rows(batch)
    except PlaygroundError:
        raise
    except Exception as error:
        raise BadInput(f"{path} cannot be read as an Arrow file: {_first_line(error)}.") from error


def _rows(batch: Any) -> Iterator[Row]:
    """One at a time: what several rows share is not held several times."""
    for place in range(batch.num_rows):
        row = batch.slice(place, 1)
        try:
            yield row.to_pylist()[0]
        except UnicodeDecodeError as error:
            yield BadInput(f"it is damaged ({_first_line(error)})")


def _check_type(kind: Any, path: Path, name: str, nested: bool = False) -> None:
    """Refuse types whose values may lie over one another or take no room, so that a few bytes become any number."""
    import pyarrow.types as types

    if hasattr(kind, "storage_type"):
        kind = kind.storage_type
    inner = [kind.field(place).type for place in range(kind.num_fields)]
    shared = ("_view" in str(kind)) or types.is_run_end_encoded(kind) or types.is_union(kind)
    empty = types.is_null(kind) or (types.is_struct(kind) and not inner)
    fixed = types.is_fixed_size_list(kind) or types.is_fixed_size_binary(kind)
    if types.is_fixed_size_list(kind):
        empty = empty or not kind.list_size
    elif fixed:
        empty = not kind.byte_width
    if shared or (nested and (empty or types.is_dictionary(kind))):
        raise BadInput(f"{path}: its column {name!r} has the type {str(kind)[:60]}, which is not read.")
    deeper = nested or (types.is_nested(kind) and not types.is_struct(kind))
    for one in inner:
        _check_type(one, path, name, deeper)


def _check_messages(path: Path, start: int, size: int) -> None:
    """Walk over the messages of a stream and refuse compressed ones, and bodies that the file does not hold."""
    with files.open_plain(path) as file:
        file.seek(start)
        while len(head := file.read(4)) == 4:
            if head == b"\xff\xff\xff\xff":
                head = file.read(4)
            (length,) = struct.unpack("<i", head)
            if length == 0:
                return
            if not 0 < length <= 1 << 26:
                raise BadInput(f"{path} is no Arrow stream, or it is damaged.")
            told = file.read(length)
            body, compressed = _message(told)
            if compressed:
                raise BadInput(f"{path} is a compressed Arrow file, which is not read; write it with save_to_disk.")
            if not 0 <= body <= min(LARGEST_BATCH, size - file.tell()):
                raise BadInput(f"{path} has a batch of rows that is too large or not whole; write it anew.")
            file.seek(body, 1)


def _message(data: bytes) -> tuple[int, bool]:
    """(length of its body, whether that is compressed) of a flatbuffer ``Message`` (Arrow's Message.fbs)."""
    try:
        (root,) = struct.unpack_from("<I", data)
        kind_at, header_at, length_at = (_slot(data, root, slot) for slot in (1, 2, 3))
        (length,) = struct.unpack_from("<q", data, length_at) if length_at else (0,)
        kind = data[kind_at] if kind_at else 0
        if kind not in (2, 3) or not header_at:
            return length, False
        table = header_at + struct.unpack_from("<I", data, header_at)[0]
        if kind == 2 and (inner := _slot(data, table, 1)):  # a dictionary holds a batch
            table = inner + struct.unpack_from("<I", data, inner)[0]
        return length, bool(_slot(data, table, 3))
    except (struct.error, IndexError) as error:
        raise BadInput("The Arrow file is damaged.") from error


def _slot(data: bytes, table: int, slot: int) -> int:
    """Where a field of a flatbuffer's table stands; 0 where it has none."""
    vtable = table - struct.unpack_from("<i", data, table)[0]
    if vtable < 0:
        raise IndexError
    (size,) = struct.unpack_from("<H", data, vtable)
    if 4 + 2 * slot + 2 > size:
        return 0
    (offset,) = struct.unpack_from("<H", data, vtable + 4 + 2 * slot)
    return table + offset if offset else 0


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)[:200].removesuffix(".")
