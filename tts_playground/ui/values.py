"""Values from strangers: a browser or a link may send anything where a number stands."""

from __future__ import annotations

import math
from typing import Any


def number(value: Any, default: Any, low: float, high: float) -> Any:
    """The value as a number of the default's type, put into ``low`` to ``high``; the default where it is none."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        return default
    return type(default)(min(max(found, low), high)) if math.isfinite(found) else default
