"""Who waits for what: the newest wish of every open page. A newer wish ends the older one within one token.

Wishes that wait and differ in their settings alone can be drawn in one batch (``alike``), which ends when none of its
pages waits any more.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from tts_playground.pages.t2i.view_settings import T2iView
from tts_playground.samplers.diffusion_paths import DiffusionSettings
from tts_playground.samplers.image_paths import ImageSettings

KEPT = 2000
"""pages remembered"""
TOGETHER = 64
"""images of several pages drawn in one batch: each takes half the time it takes in a batch of 4"""


@dataclass(frozen=True, slots=True, eq=False)
class DrawRequest:
    """What a page wants drawn; told apart by identity, so that asking twice is two wishes."""

    view: T2iView
    n: int
    """images wanted of that view"""


def _batch(wish: DrawRequest) -> tuple[object, ...]:
    """What wishes of one batch have in common."""
    return wish.view.prompt, wish.view.model, wish.view.seed, wish.n


class RequestQueue:
    """The newest wish of each page, by its session."""

    def __init__(self) -> None:
        self._newest: OrderedDict[str, DrawRequest | None] = OrderedDict()
        self._lock = threading.Lock()

    def ask(self, session: str, wish: DrawRequest) -> None:
        """Note what a page wants now; its older wish is given up."""
        with self._lock:
            self._newest[session] = wish
            self._newest.move_to_end(session)
            while len(self._newest) > KEPT:
                self._newest.popitem(last=False)

    def drop(self, session: str) -> None:
        """The page wants nothing any more."""
        with self._lock:
            self._newest[session] = None

    def done(self, session: str, wish: DrawRequest) -> None:
        """The wish was served; unless the page wants something newer, it wants nothing."""
        with self._lock:
            if self._newest.get(session) is wish:
                self._newest[session] = None

    def forget(self, session: str) -> None:
        """The page was closed; what it wanted is given up."""
        with self._lock:
            self._newest.pop(session, None)

    def batchable(self, wish: DrawRequest) -> tuple[DrawRequest, ...]:
        """Wishes of other pages that fit into one batch with this one, longest waiting first.

        They share its prompt, model, seed and number, and no two have the same settings.
        """
        with self._lock:
            waiting = [other for other in self._newest.values() if other is not None and other is not wish]
        fitting: dict[ImageSettings | DiffusionSettings, DrawRequest] = {}
        for other in waiting:
            if _batch(other) == _batch(wish) and other.view.settings != wish.view.settings:
                fitting.setdefault(other.view.settings, other)
        return tuple(fitting.values())[: TOGETHER // wish.n - 1 if wish.n < TOGETHER else 0]

    def given_up(self, wishes: Sequence[DrawRequest]) -> bool:
        """Whether no page wants any of these any more: a batch of several pages goes on for those that still wait."""
        with self._lock:
            return not any(wanted is wish for wish in wishes for wanted in self._newest.values())

    def newest(self, session: str) -> DrawRequest | None:
        """What a page wants now."""
        with self._lock:
            return self._newest.get(session)
