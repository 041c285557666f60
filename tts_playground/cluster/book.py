"""Who does what: keys that wait, keys that a worker holds, and keys under whose hands workers have died."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

ALONE = 2
"""times that a worker dies with one key alone in its hands before that key is given up"""
NARROWER = 8
"""a key that a worker died with shares its next worker with so many times fewer others"""


class Book:
    """The keys of a job."""

    def __init__(self, keys: Iterable[str], batch: int) -> None:
        """``batch``: keys that a worker may hold at once."""
        self.batch = batch
        self.waiting: deque[str] = deque(keys)
        self.held: dict[str, dict[str, None]] = {}
        """worker -> its keys, in order"""
        self.left = set(self.waiting)
        """keys that are not done"""
        self._deaths: dict[str, int] = {}
        self._alone: dict[str, int] = {}

    def add(self, keys: Iterable[str]) -> None:
        """Further keys, behind those that wait."""
        fresh = [key for key in keys if key not in self.left]
        self.waiting.extend(fresh)
        self.left.update(fresh)

    def give(self, worker: str, workers: int) -> list[str]:
        """Keys for a worker, fewer at a time the fewer are left, so that all end together.

        Args:
            workers: how many there are.
        """
        mine = self.held.setdefault(worker, {})
        given: list[str] = []
        share = -(-len(self.waiting) // (2 * max(1, workers)))
        while self.waiting and len(given) < share:
            key = self.waiting[0]
            room = min((self._room(one) for one in (*mine, key)), default=self.batch)
            if len(mine) >= room:
                break
            self.waiting.popleft()
            if key in self.left:
                mine[key] = None
                given.append(key)
        return given

    def _room(self, key: str) -> int:
        return max(1, self.batch // NARROWER ** self._deaths.get(key, 0))

    def done(self, worker: str, key: str) -> bool:
        """Strike off a key; whether it was not done before."""
        self.held.get(worker, {}).pop(key, None)
        fresh = key in self.left
        self.left.discard(key)
        return fresh

    def lost(self, worker: str, *, blamed: bool = True) -> list[str]:
        """A worker has died: its keys wait again, behind all others; those that are given up are returned.

        Args:
            blamed: whether one of the keys may have killed it.
        """
        mine = [key for key in self.held.pop(worker, {}) if key in self.left]
        if not blamed:
            self.waiting.extendleft(reversed(mine))
            return []
        given_up: list[str] = []
        for key in mine:
            self._deaths[key] = self._deaths.get(key, 0) + 1
            if len(mine) == 1:
                self._alone[key] = self._alone.get(key, 0) + 1
            if self._alone.get(key, 0) >= ALONE:
                given_up.append(key)
            else:
                self.waiting.append(key)
        return given_up
