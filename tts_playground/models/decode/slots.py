"""Working memory that is lent and given back, by its shape."""

from __future__ import annotations

import threading

SLOTS_KEPT = 2


class Slots:
    """Slots that nobody uses now; a slot is taken out while it is lent."""

    def __init__(self) -> None:
        self._free: list[tuple[tuple[int, ...], object]] = []
        self.findings: dict[tuple[int, ...], object] = {}
        """by shape, what trials came to: kept when slots go, since another outcome could be other bits"""
        self._lock = threading.Lock()

    def take(self, key: tuple[int, ...]) -> object:
        """A free slot of this shape, or None."""
        with self._lock:
            found = next((place for place, (shape, _) in enumerate(self._free) if shape == key), None)
            return None if found is None else self._free.pop(found)[1]

    def put(self, key: tuple[int, ...], slot: object) -> None:
        """Give a slot back; the one used longest ago goes."""
        with self._lock:
            self._free = [*self._free, (key, slot)][-SLOTS_KEPT:]

    def clear(self) -> None:
        """Let go of all free slots, when memory is short."""
        with self._lock:
            self._free = []
