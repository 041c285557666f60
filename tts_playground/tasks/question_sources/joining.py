"""VQAv2 and its kin: questions in one file, the annotators' answers in another, joined by the question's number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from tts_playground.tasks.question_sources.shapes import ANSWERS
from tts_playground.tasks.question_sources.text_files import Row, json_file


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
