"""What an endpoint has read and written for one user of it, as it says itself."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tts_playground.models.endpoint.reply import count_of


@dataclass(eq=False)
class Bill:
    """Adds up the ``usage`` of replies; threads may share it."""

    requests: int = 0
    """that were answered with a completion"""
    prompt_tokens: int = 0
    """read by the server; a text that is sent again counts again"""
    completion_tokens: int = 0
    """written by it, whoever has use for them; what it does not say is counted as its replies show"""
    _lock: Any = field(default_factory=threading.Lock, init=False, repr=False)

    def add(self, usage: Any, shown: int, most: int | None = None) -> None:
        """One more completion.

        Args:
            usage: what the server says of it, whatever that is.
            shown: tokens of its replies, where it does not say, or says none although there are some.
            most: tokens that it can have written; what says more is not believed.
        """
        told = usage if isinstance(usage, Mapping) else {}
        read, written = count_of(told.get("prompt_tokens")), count_of(told.get("completion_tokens"), most)
        with self._lock:
            self.requests += 1
            self.prompt_tokens += read or 0
            self.completion_tokens += written or shown
