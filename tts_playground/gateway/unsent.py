"""A text that grows, sent piece by piece: what was sent is never taken back."""

from __future__ import annotations

from collections.abc import Sequence

from tts_playground.samplers.lm_settings import cut

BROKEN = "\ufffd"
"""what a tokenizer says of half a character"""


class Unsent:
    """What of a growing text may be sent: no blanks at its ends, no half characters, nothing that may begin a stop."""

    def __init__(self, stop: Sequence[str] = ()) -> None:
        self._stop = tuple(stop)
        self._sent = ""

    def more(self, text: str) -> str:
        """The next piece of the text as it stands; "" while nothing is sure."""
        sure = cut(text, self._stop)
        held = max((_overlap(sure, one) for one in self._stop), default=0)
        return self._send(sure[: len(sure) - held].rstrip(BROKEN).strip())

    def end(self, text: str) -> str:
        """The rest of the whole text."""
        return self._send(text)

    def _send(self, text: str) -> str:
        if not text.startswith(self._sent):  # a tokenizer that writes a text anew when another token comes
            return ""
        piece, self._sent = text[len(self._sent) :], text
        return piece


def _overlap(text: str, stop: str) -> int:
    """Characters at the end of the text that begin a stop string."""
    return next((size for size in range(min(len(stop) - 1, len(text)), 0, -1) if text.endswith(stop[:size])), 0)
