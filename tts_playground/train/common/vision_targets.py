"""How the places of a picture are told to an eye that is taught (see ``eye``). No torch in here."""

from __future__ import annotations

from typing import Any

UNKNOWN = -1
"""target that does not count"""


def later(told: Any) -> Any:
    """Code of a class (or of an array of them) that has to be read in another place; its own inverse."""
    return -2 - told
