"""VQAv2 and its kin: questions in one file, the annotators' answers in another, joined by the question's number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from tts_playground.tasks.question_sources.places import SHORTEST
from tts_playground.tasks.question_sources.shapes import ANSWERS
from tts_playground.tasks.question_sources.text_files import Row, json_file

KEPT = 1 << 28
"""letters of base64 that are remembered for rows that share a picture"""


def joined(file: Path, rows: Iterator[Row]) -> Iterator[Row]:
    """The rows of a file; "...questions.json" without answers gets those of "...annotations.json" beside it.

    Raises:
        BadInput: the other file cannot be read.
    """
    first = next(rows, None)
    if first is None:
        return
    rows = chain([first], rows)
    if isinstance(first, Mapping) and "question_id" in first and not any(name in first for name in ANSWERS):
        other = _annotations(file)
        if other is not None:
            known = _by_question(other)
            for row in rows:
                yield {**known.get(row.get("question_id"), {}), **row} if isinstance(row, Mapping) else row
            return
    yield from rows


def with_pictures(rows: Iterator[Row]) -> Iterator[Row]:
    """Rows whose picture is another row's index (MMBench writes each picture once) get that row's.

    What is kept for later rows has a bound (``KEPT``); the rest is left as it stands, and so are names of files.
    """
    kept: dict[str, str] = {}
    room = KEPT
    for row in rows:
        if not isinstance(row, Mapping) or "index" not in row or not isinstance(row.get("image"), (str, int)):
            yield row
            continue
        picture = str(row["image"]).strip()
        if picture in kept:
            yield {**row, "image": kept[picture]}
            continue
        if len(picture) >= SHORTEST and len(picture) <= room:
            kept[str(row["index"]).strip()] = picture
            room -= len(picture)
        yield row


def _annotations(file: Path) -> Path | None:
    """The file of answers that belongs to one of questions."""
    if file.suffix.lower() != ".json" or "question" not in file.name.lower():
        return None
    there = sorted(one for one in file.parent.glob("*.json") if "annotation" in one.name.lower())
    same = [one for one in there if _stem(one) == _stem(file)]
    return (same or there)[0] if same or len(there) == 1 else None


def _stem(file: Path) -> str:
    return re.sub(r"openended|multiplechoice|questions?|annotations?|[^a-z0-9]", "", file.stem.lower())


def _by_question(file: Path) -> dict[Any, dict[str, Any]]:
    wanted = (*ANSWERS, "image_id")
    rows = (row for row in json_file(file) if isinstance(row, Mapping))
    return {
        row["question_id"]: {name: row[name] for name in wanted if name in row}
        for row in rows
        if isinstance(row.get("question_id"), (int, str))
    }
