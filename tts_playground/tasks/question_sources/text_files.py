"""Rows of JSONL, JSON, CSV and TSV files, in UTF-8, UTF-16 or Latin-1, one at a time where the format allows it."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from tts_playground import files, jsontext
from tts_playground.errors import BadInput

Row = Mapping[str, Any] | BadInput
"""a row, or why it is none"""
LONGEST_LINE = 1 << 24
"""bytes of a line; pictures in it are base64"""
LARGEST = 1 << 28
"""bytes of a JSON file that is one value, which is parsed at once"""
LISTS = ("data", "questions", "rows", "examples", "samples", "annotations", "items", "instances")
"""fields of a JSON object that may hold its rows, the first of them that does"""


def jsonl(path: Path) -> Iterator[Row]:
    """A row a line; empty lines are passed over."""
    for line in _lines(path):
        if line.strip():
            yield _parsed(line)


def json_file(path: Path) -> Iterator[Row]:
    """The rows of one JSON value: a list, an object of columns, objects by id, or a list under a field (``LISTS``).

    What stands beside such a list as text (DocVQA's "dataset_split", VQAv2's "data_subtype") stands in each row too. A
    file that holds an object a line is read as JSONL.

    Raises:
        BadInput: it is larger than 256 MB, no JSON, or holds no rows; the sentence names its fields.
    """
    if _is_lines(path):
        yield from jsonl(path)
        return
    whole = jsontext.loads(_text(_read(path)), str(path))
    if isinstance(whole, list):
        yield from map(_row, whole)
        return
    if not isinstance(whole, dict) or not whole:
        raise BadInput(f"{path} holds no rows; give a list of objects with a picture, a question and answers.")
    for name in LISTS:
        if isinstance(whole.get(name), list) and all(isinstance(one, Mapping) for one in whole[name]):
            around = {key: value for key, value in whole.items() if isinstance(value, (str, int))}
            yield from ({**around, **one} for one in whole[name])
            return
    columns = list(whole.values())
    if all(isinstance(column, list) for column in columns) and len({len(column) for column in columns}) == 1:
        yield from (dict(zip(whole, cells, strict=True)) for cells in zip(*columns, strict=True))
    elif all(isinstance(value, Mapping) for value in columns):
        yield from ({"question_id": key, **value} for key, value in whole.items())
    elif "question" in whole or "conversations" in whole or "messages" in whole:
        yield whole
    else:
        named = ", ".join(sorted(whole)[:20])
        raise BadInput(f"{path} holds no rows that are understood; its fields are {named}.")


def table(path: Path) -> Iterator[Row]:
    """The rows of a CSV or TSV file, whose first line names the columns; empty cells are left out.

    Raises:
        BadInput: it has no line, one that cannot be split into columns in its place, or a line of over 16 MB.
    """
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE))
    lines = (_text(line).replace("\0", "") for line in _lines(path))
    split = "\t" if path.suffix.lower() == ".tsv" else None
    first = next(lines, "")
    if split is None:
        split = max(",;\t", key=first.count)
    reader = csv.reader(_chained(first, lines), delimiter=split)
    try:
        names = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise BadInput(
            f"The first line of {path} cannot be split into columns ({error}); save the table again."
        ) from error
    if not any(names):
        raise BadInput(f"{path} is empty; its first line must name its columns.")
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield BadInput(f"it cannot be split into columns ({error})")
            continue
        if len(cells) > len(names):
            yield BadInput(f"it has {len(cells)} cells, and the first line names {len(names)} columns")
        elif any(cells):
            yield {name: cell for name, cell in zip(names, cells, strict=False) if cell.strip()}


def _chained(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _row(value: Any) -> Row:
    return value if isinstance(value, Mapping) else BadInput(f"it is a {type(value).__name__} and no object")


def _parsed(line: bytes) -> Row:
    try:
        return jsontext.loads_object(_text(line), "it")
    except BadInput as error:
        return BadInput(str(error).removesuffix("."))


def _is_lines(path: Path) -> bool:
    """Whether the first line alone is an object, and there are others."""
    lines = (line for line in _lines(path, refuse=False) if line.strip())
    first, second = next(lines, b""), next(lines, b"")
    return bool(second) and isinstance(_parsed(first), Mapping)


def _read(path: Path) -> bytes:
    try:
        return files.read_plain(path, LARGEST)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.") from error


def _lines(path: Path, *, refuse: bool = True) -> Iterator[bytes]:
    """The lines of a file, in UTF-8 or Latin-1 and without a byte order mark."""
    try:
        with files.open_plain(path) as opened:
            head = opened.read(4)
            opened.seek(3 if head.startswith(b"\xef\xbb\xbf") else 0)
            if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
                yield from _text(_read(path)).encode().splitlines(keepends=True)
                return
            yield from _bounded(opened, path, refuse)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.") from error


def _bounded(opened: BinaryIO, path: Path, refuse: bool) -> Iterator[bytes]:
    while line := opened.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            if refuse:
                raise BadInput(f"{path} has a line of over {LONGEST_LINE >> 20} MB, which is not read.")
            return
        yield line


def _text(data: bytes) -> str:
    """UTF-8, else what Windows calls Latin-1."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252" if not re.search(rb"[\x81\x8d\x8f\x90\x9d]", data) else "latin-1")
