"""Stopping a draw between two tokens."""

from __future__ import annotations

from collections.abc import Callable

from tts_playground.errors import Cancelled

Cancel = Callable[[], bool]
"""asked after every token; True ends the draw"""


def never() -> bool:
    """Always False: nobody asks to stop."""
    return False


def stop_if(cancel: Cancel) -> None:
    """Raise where somebody asks to stop.

    Raises:
        Cancelled: ``cancel()`` is true.
    """
    if cancel():
        raise Cancelled("Drawing was stopped.")
