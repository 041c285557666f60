"""The last few things that were expensive to make."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Thing = TypeVar("Thing")


class LruCache(Generic[Key, Thing]):
    """At most ``most`` things by key, shared between threads; the one not used for longest goes first.

    Args:
        size: the bytes that a thing holds. room: of all of them together; the newest stays whatever it takes.
    """

    def __init__(self, most: int, size: Callable[[Thing], int] | None = None, room: float = float("inf")) -> None:
        self.most, self.room = most, room
        self._size = size or (lambda thing: 0)
        self._things: OrderedDict[Key, tuple[Thing, int]] = OrderedDict()
        """with the bytes of each, which are asked for once"""
        self._held = 0
        self._lock = threading.Lock()

    def get(self, key: Key) -> Thing | None:
        """What is kept under ``key``, which counts as used; None where nothing is."""
        with self._lock:
            if key not in self._things:
                return None
            self._things.move_to_end(key)
            return self._things[key][0]

    def put(self, key: Key, thing: Thing) -> Thing:
        """Keep ``thing`` under ``key``; returns it."""
        size = self._size(thing)
        with self._lock:
            self._held += size - self._things.pop(key, (None, 0))[1]
            self._things[key] = thing, size
            while len(self._things) > 1 and (len(self._things) > self.most or self._held > self.room):
                self._held -= self._things.popitem(last=False)[1][1]
        return thing

    def clear(self) -> None:
        """Forget everything that is kept."""
        with self._lock:
            self._things.clear()
            self._held = 0
