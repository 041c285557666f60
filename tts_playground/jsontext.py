"""JSON from strangers: how deep it nests is checked before any parser sees it.

Python's parser raises RecursionError on deep nesting, and others run over their stack and take the process down.
Arrow's does, with which ``datasets`` reads, so no JSON of a stranger is given to it.
"""

from __future__ import annotations

import json
import re
from typing import Any

from tts_playground.errors import BadInput

DEEPEST = 64
"""levels of lists and objects that are read; nothing written here has more than a handful"""
_STRINGS = re.compile(rb'"(?:[^"\\\n]|\\[^\n])*"?')
_OPEN = ord("{")
_ALIKE = bytes.maketrans(b"[]", b"{}")
_OTHERS = bytes(set(range(256)) - set(b"[]{}"))


class TooDeep(ValueError):
    """Lists or objects nest more than ``DEEPEST`` levels deep."""


def parsed(text: str | bytes) -> Any:
    """``json.loads`` for a text from outside; where it fails, the error's text is one line that says why.

    Raises:
        TooDeep: it nests more than ``DEEPEST`` levels deep.
        ValueError: it is no JSON, or holds a number of thousands of digits.
    """
    try:
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        if data.count(b"{") + data.count(b"[") > DEEPEST and _too_deep(data):
            raise TooDeep("it is nested too deeply")
        return json.loads(text)
    except TooDeep:
        raise
    except (ValueError, RecursionError) as error:  # also bytes that are no UTF-8, and integers without end
        raise ValueError(_first_line(error)) from error


def loads(text: str | bytes, what: str) -> Any:
    """As ``parsed``, with a sentence for people.

    Args:
        what: what the sentence is about, as in "Line 3 of rows.jsonl".

    Raises:
        BadInput: it is no JSON, nests more than ``DEEPEST`` levels deep, or holds a number of thousands of digits.
    """
    try:
        return parsed(text)
    except TooDeep as error:
        raise BadInput(f"{what} nests lists or objects more than {DEEPEST} levels deep; that is not read.") from error
    except ValueError as error:
        raise BadInput(f"{what} is no JSON ({error}).") from error


def loads_object(text: str | bytes, what: str) -> dict[str, Any]:
    """As ``loads``, for what must be a JSON object.

    Raises:
        BadInput: it is none.
    """
    found = loads(text, what)
    if not isinstance(found, dict):
        raise BadInput(f"{what} is no JSON object.")
    return found


def _too_deep(data: bytes) -> bool:
    """Whether brackets outside of strings nest too deep; what stands behind a fault may count."""
    rest, rounds, depth = _STRINGS.sub(b"", data).translate(_ALIKE, _OTHERS), 0, 0
    whole = rest
    while b"{}" in rest and rounds <= DEEPEST:  # pairs within pairs, from the inside out: fast
        rest, rounds = rest.replace(b"{}", b""), rounds + 1
    if rounds + rest.count(b"{") <= DEEPEST:
        return False
    for one in whole:
        depth = depth + 1 if one == _OPEN else max(0, depth - 1)
        if depth > DEEPEST:
            return True
    return False


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
