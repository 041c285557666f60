"""Numbers and texts from requests: right, or refused in a sentence that says which value it was."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

from tts_playground.errors import BadInput, shown
from tts_playground.typed import checked_text


def number(name: str, value: Any) -> float | int:
    """A finite number, which may come as text.

    Raises:
        BadInput: it is none.
    """
    found = _parsed(value) if isinstance(value, str) and len(value) < 100 else value
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        raise BadInput(f"{name} must be a number, not {told(value)}.")
    try:
        fine = math.isfinite(found)
    except OverflowError:  # an integer beyond what a float can hold
        fine = False
    if not fine:
        raise BadInput(f"{name} must be a number of ordinary size, not {told(value)}.")
    return found


def _parsed(value: str) -> Any:
    for kind in (int, float):
        with suppress(ValueError):
            return kind(value)
    return value


def whole(name: str, value: Any) -> int:
    """A whole number, which may come as text or as 5.0; raises BadInput."""
    found = number(name, value)
    if found != int(found):
        raise BadInput(f"{name} must be a whole number, not {found}.")
    return int(found)


def text(name: str, value: Any) -> str:
    """A text without what no text holds; raises BadInput."""
    if not isinstance(value, str):
        raise BadInput(f"{name} must be a text, not {told(value)}.")
    return checked_text(name, value)


def told(value: Any) -> str:
    """A value of the wrong kind, in a few words."""
    kinds = {type(None): "nothing", bool: str(value).lower() if isinstance(value, bool) else "", dict: "an object"}
    if type(value) in kinds:
        return kinds[type(value)]
    if isinstance(value, (list, tuple)):
        return "a list"
    try:
        return repr(shown(value, 40)) if isinstance(value, str) else shown(value, 40)
    except ValueError:
        return "a huge number"
