"""Shares in words, alike on all tabs: "57 %"."""

from __future__ import annotations

from tts_playground.estimators.intervals import Interval


def share(value: float) -> str:
    """A share of 0 to 1 in whole percent: "57 %"."""
    return f"{100 * value:.0f} %"


def with_ends(one: Interval) -> str:
    """A share with its interval: "54 % (49 % to 58 %)"."""
    return f"{share(one.value)} ({ends(one)})"


def ends(one: Interval) -> str:
    """Its interval alone: "49 % to 58 %"."""
    return one.words(".0%").replace("%", " %")
