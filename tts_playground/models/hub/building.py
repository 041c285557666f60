"""Models are built, and the libraries that build them imported, by one thread at a time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ONE_AT_A_TIME = threading.RLock()
"""transformers, diffusers and peft change torch for the whole process while they build a model (no weights are drawn,
parameters begin without memory), so that of two that were built at once one came out without weights"""


@contextmanager
def building() -> Iterator[None]:
    """Within it a model is built, on no other thread another one, and without other libraries' reports."""
    with _ONE_AT_A_TIME, _silent():
        yield


@contextmanager
def _silent() -> Iterator[None]:
    """Without the reports of transformers and open_clip on this thread: what matters is said in one sentence."""
    mine = threading.get_ident()
    loggers = [logging.getLogger(f"transformers.{part}") for part in ("modeling_utils", "configuration_utils")]
    loggers.append(logging.getLogger())  # to which open_clip speaks; others' loggers are not asked here

    def others(record: logging.LogRecord) -> bool:
        return record.thread != mine

    for logger in loggers:
        logger.addFilter(others)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(others)
