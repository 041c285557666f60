"""JSON from strangers: how deep it nests is checked before any parser sees it.

Python's parser raises RecursionError on deep nesting, and Arrow's (which ``datasets`` reads with) runs over its stack
and takes the process down.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tts_playground.errors import BadInput

DEEPEST = 64
"""levels of lists and objects that are read; nothing written here has more than a handful"""
_STRINGS = re.compile(rb'"(?:[^"\\\n]|\\[^\n])*"?')
_OPEN = ord("{")
_ALIKE = bytes.maketrans(b"[]", b"{}")
_OTHERS = bytes(set(range(256)) - set(b"[]{}"))
_BLOCK = 1 << 20


def loads(text: str | bytes, what: str) -> Any:
    """``json.loads`` for a text from outside.

    Args:
        what: what the sentence is about, as in "Line 3 of rows.jsonl".

    Raises:
        BadInput: it is no JSON, nests more than ``DEEPEST`` levels deep, or holds a number of thousands of digits.
    """
    try:
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        if data.count(b"{") + data.count(b"[") > DEEPEST and _too_deep([data]):
            raise BadInput(f"{what} nests lists or objects more than {DEEPEST} levels deep; that is not read.")
        return json.loads(text)
    except BadInput:
        raise
    except (ValueError, RecursionError) as error:  # also bytes that are no UTF-8, and integers without end
        raise BadInput(f"{what} is no JSON ({_first_line(error)}).") from error


def loads_object(text: str | bytes, what: str) -> dict[str, Any]:
    """As ``loads``, for what must be a JSON object.

    Raises:
        BadInput: it is none.
    """
    found = loads(text, what)
    if not isinstance(found, dict):
        raise BadInput(f"{what} is no JSON object.")
    return found


def check_file(file: Path) -> None:
    """Refuse a JSON or JSONL file that nests too deep, before another library parses it.

    Raises:
        BadInput: it does, or it cannot be read.
    """
    try:
        with file.open("rb") as stream:
            if _too_deep(b"".join(lines) for lines in iter(lambda: stream.readlines(_BLOCK), [])):
                raise BadInput(f"{file} nests lists or objects more than {DEEPEST} levels deep; that is not read.")
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror or error}.") from error


def _too_deep(blocks: Iterable[bytes]) -> bool:
    """Whether brackets outside of strings nest too deep; no block ends within a line.

    A line's end ends a string, too: JSON has no strings over several lines, and a quotation mark that was never closed
    must not hide brackets from here that a parser which starts afresh on each line would see.
    """
    depth = 0
    for block in blocks:
        rest, rounds = _STRINGS.sub(b"", block).translate(_ALIKE, _OTHERS), 0
        whole = rest
        while b"{}" in rest and rounds <= DEEPEST:  # pairs within pairs, from the inside out
            rest, rounds = rest.replace(b"{}", b""), rounds + 1
        if depth + rounds + rest.count(b"{") > DEEPEST:  # perhaps: count one by one
            for one in whole:
                depth = depth + 1 if one == _OPEN else max(0, depth - 1)
                if depth > DEEPEST:
                    return True
        else:
            depth = max(0, depth - rest.count(b"}")) + rest.count(b"{")
    return False


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
