"""Values from strangers: a browser or a link may send anything where a number stands."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tts_playground.errors import BadInput
from tts_playground.pages.checks import number as checked_number
from tts_playground.pages.checks import whole

WHOLE = ("n", "top_k", "seed", "size", "most_tokens")
"""names of settings that count something"""


def number(value: Any, default: Any, low: float, high: float) -> Any:
    """The value as a number of the default's type, put into ``low`` to ``high``; the default where it is none."""
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return default
    return type(default)(min(max(found, low), high)) if math.isfinite(found) else default


def within(given: Mapping[str, Any], limits: Mapping[str, tuple[float, float]]) -> dict[str, Any]:
    """The numbers of a call, by name, each of its type.

    Raises:
        BadInput: one is no number, not whole where it counts something, or out of its limits.
    """
    found = {}
    for name, value in given.items():
        low, high = limits[name]
        if value is None or not low <= checked_number(name, value) <= high:
            raise BadInput(f"{name} must lie between {low:.12g} and {high:.12g}; got {value}.")
        found[name] = whole(name, value) if name in WHOLE else float(value)
    return found


def one_of(things: Sequence[Any], index: Any) -> Any:
    """The thing at a place that was clicked; raises BadInput where there is none."""
    place = whole("The place of a click", index)
    if not 0 <= place < len(things):
        raise BadInput(f"There is nothing at place {place}; there are {len(things)}, counted from 0.")
    return things[place]
