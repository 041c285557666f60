"""The ranges of sampling settings, checked in one place and refused in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from tts_playground.errors import BadInput

GUIDANCE = 5.0
"""guidance scale of images where neither a person nor a model's generation config names one: Janus-Pro's"""


class Truncated(Protocol):
    """Settings that reshape a distribution over tokens before one is drawn."""

    @property
    def temperature(self) -> float:
        """0.0001 to 5; 0 is greedy."""
        ...

    @property
    def top_p(self) -> float:
        """Keep the likeliest tokens with this probability, (0, 1]; 1 keeps all."""
        ...

    @property
    def top_k(self) -> int:
        """Keep this many likeliest tokens; 0 keeps all."""
        ...


def check_ranges(settings: Truncated, more: Mapping[str, tuple[bool, str]] | None = None) -> None:
    """Refuse settings that are out of their ranges.

    Args:
        more: further fields by name: whether their value is fine, and what it must be, in words.

    Raises:
        BadInput: the first that is out of its range, by name.
    """
    heat, top_p, top_k = settings.temperature, settings.top_p, settings.top_k
    checks = {
        "temperature": (heat == 0 or 1e-4 <= heat <= 5, "0.0001 to 5, or 0"),
        "top_p": (0 < top_p <= 1, "above 0, at most 1"),
        "top_k": (top_k >= 0 and top_k == int(top_k), "0 (all) or a positive whole number"),
    }
    for name, (fine, allowed) in (checks | dict(more or {})).items():
        if not fine:
            value: Any = getattr(settings, name)
            raise BadInput(f"{name} is {value!r}, but it must be {allowed}.")
