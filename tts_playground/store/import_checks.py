"""Rows of pools from a file: each is checked before any of them is used, and the sentence names the row."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from tts_playground import jsontext
from tts_playground.errors import BadInput, PlaygroundError, plural
from tts_playground.store.rows import StoredRow, decode, pool_key

TEXTS = ("pool", "kind", "task", "sampler", "codec", "cost", "info")
CODECS = ("text", "program", "image")
_SMALL = 2**63


class Checker:
    """Checks rows one by one, in the order of the file."""

    def __init__(self, *, contents: bool) -> None:
        """``contents``: also open every picture and parse every program, which takes a while."""
        self._contents = contents
        self._heads: dict[str, tuple[str, str, str]] = {}
        self._places: set[tuple[str, int, int]] = set()

    def check(self, record: Mapping[str, Any]) -> StoredRow:
        """The row of a record.

        Raises:
            BadInput: why it is none, to stand behind "Row 3 of the file: ".
        """
        for name in TEXTS:
            _text(record[name], f"its {name}")
        self._head(record)
        place = (record["pool"], _number(record["seed"], "seed"), _number(record["index"], "index"))
        if place[2] < 0:
            raise BadInput(f"its index is {place[2]}, and indices begin at 0")
        if place in self._places:
            raise BadInput(f"its pool has sample {place[2]} of seed {place[1]} twice")
        self._places.add(place)
        if record["logprob"] is not None:
            _finite(record["logprob"], "its logprob")
        _rewards(record["rewards"])
        return self._row(record)

    def _head(self, record: Mapping[str, Any]) -> None:
        """Task and sampler are objects, give the pool's key, and are the same in all rows of the pool."""
        head = (record["kind"], record["task"], record["sampler"])
        known = self._heads.get(record["pool"])
        if known is None:
            task, sampler = (jsontext.loads_object(record[name], f"its {name}") for name in ("task", "sampler"))
            if pool_key(record["kind"], task, sampler) != record["pool"]:
                raise BadInput("its pool's key is not that of its task and sampler")
            self._heads[record["pool"]] = head
        elif known != head:
            raise BadInput("its pool has another kind, task or sampler in an earlier row")

    def _row(self, record: Mapping[str, Any]) -> StoredRow:
        codec, text, image = record["codec"], record["text"], record["image"]
        if codec not in CODECS:
            raise BadInput(f"its codec is {codec[:40]!r}, not one of {', '.join(CODECS)}")
        data = None if image is None else image["bytes"]
        if (codec == "image") != (data is not None) or (codec == "image") == (text is not None):
            wanted = "a picture" if codec == "image" else "a text"
            raise BadInput(f"its codec is {codec!r}, so it must have {wanted} and nothing else")
        same = {name: record[name] for name in ("seed", "index", "codec", "text", "logprob", "cost", "info")}
        row = StoredRow(image=data, **same)
        # the cost, the info and a text are read in any case; what takes time only when asked for
        whole = (
            row if self._contents or codec == "text" else StoredRow(**{**same, "codec": "text", "text": ""}, image=None)
        )
        try:
            decode(whole)
        except PlaygroundError as error:
            raise BadInput(f"its {codec}, cost or info cannot be read{_cause(error)}") from error
        return row


def checked(records: Iterable[Mapping[str, Any]], where: str, *, contents: bool) -> list[StoredRow]:
    """The rows of all records.

    Args:
        where: what the sentence calls the file.

    Raises:
        BadInput: which row is the first that makes no sense, why, and how many there are.
    """
    checker, rows, faults = Checker(contents=contents), [], []
    for number, record in enumerate(records, 1):
        try:
            rows.append(checker.check(record))
        except BadInput as error:
            faults.append((number, str(error).removesuffix(".")))
    if faults:
        number, why = faults[0]
        more = len(faults) - 1
        others = "" if not more else f" (and {plural(more, 'more row')} cannot be used)"
        raise BadInput(f"Row {number} of {where}: {why}{others}; nothing was imported.")
    return rows


def _text(value: Any, what: str) -> None:
    if not isinstance(value, str):
        raise BadInput(f"{what} is missing" if value is None else f"{what} is a {type(value).__name__}, not text")


def _number(value: Any, what: str) -> int:
    if type(value) is not int or not -_SMALL <= value < _SMALL:
        raise BadInput(f"its {what} is {str(value)[:40]}, not a whole number of at most 64 bits")
    return value


def _finite(value: Any, what: str) -> None:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise BadInput(f"{what} is {str(value)[:40]}, not a finite number")


def _rewards(rewards: Any) -> None:
    named = set()
    for score in rewards if isinstance(rewards, list) else [None]:
        if not isinstance(score, Mapping):
            raise BadInput("its rewards are no list of (reward, revision, value)")
        for name in ("reward", "revision"):
            _text(score[name], f"the {name} of a score")
        _finite(score["value"], f"its reward {score['reward'][:40]!r}")
        if (pair := (score["reward"], score["revision"])) in named:
            raise BadInput(f"its reward {score['reward'][:40]!r} stands there twice")
        named.add(pair)


def _cause(error: BaseException) -> str:
    """The words of what lies below, in brackets."""
    below = error.__cause__ or error
    said = next(iter(str(below).strip().splitlines()), type(below).__name__)[:120]
    return f" ({said.removesuffix('.')})"
