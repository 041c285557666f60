"""Who waits for what: the newest wish of every open page. A newer wish ends the older one within one token.

Wishes that wait and differ in their settings alone can be drawn in one batch (``alike``), which ends when none of its
pages waits any more. Whoever draws tells the pages that wait what there is of their images (``tell``), so that they see
it before their own turn comes.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tts_playground.core import Progress
from tts_playground.pages.t2i.view_settings import T2iView
from tts_playground.samplers.diffusion_paths import DiffusionSettings
from tts_playground.samplers.image_paths import ImageSettings

KEPT = 2000
"""pages remembered"""
TOGETHER = 64
"""images of several pages drawn in one batch: each takes half the time it takes in a batch of 4"""
AT_ONCE = 16
"""pages that came too late for a batch and get a first look at a time: each takes as long as one image of the batch"""


@dataclass(frozen=True, slots=True, eq=False)
class DrawRequest:
    """What a page wants drawn; told apart by identity, so that asking twice is two wishes."""

    view: T2iView
    n: int
    """images wanted of that view"""


def _images(view: T2iView) -> tuple[object, ...]:
    """What decides the images of a view, whatever it shows of them."""
    return view.prompt, view.model, view.seed, view.settings


def _batch(wish: DrawRequest) -> tuple[object, ...]:
    """What wishes of one batch have in common."""
    return wish.view.prompt, wish.view.model, wish.view.seed, wish.n


class RequestQueue:
    """The newest wish of each page, by its session."""

    def __init__(self) -> None:
        self._newest: OrderedDict[str, DrawRequest | None] = OrderedDict()
        self._told: dict[str, tuple[DrawRequest, Progress[Any] | None]] = {}
        """session -> its wish, and what it was told of it; None: a first look is being drawn"""
        self._answered: set[str] = set()
        """sessions that have been shown all they wanted before their turn came"""
        self._lock = threading.Lock()

    def ask(self, session: str, wish: DrawRequest) -> None:
        """Note what a page wants now; its older wish is given up."""
        with self._lock:
            self._newest[session] = wish
            self._newest.move_to_end(session)
            self._answered.discard(session)
            while len(self._newest) > KEPT:
                self._clear(self._newest.popitem(last=False)[0])

    def same(self, session: str, wish: DrawRequest) -> DrawRequest:
        """What the page wants already, where it is the same thing; else ``wish``."""
        now = self.newest(session)
        return now if now is not None and (now.view, now.n) == (wish.view, wish.n) else wish

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
            self._clear(session)

    def _clear(self, session: str) -> None:
        self._told.pop(session, None)
        self._answered.discard(session)

    def unseen(self, drawing: Sequence[DrawRequest]) -> tuple[DrawRequest, ...]:
        """Wishes of the model that is ``drawing`` whose pages have seen nothing yet, longest waiting first.

        Each is named once: whoever asks draws a first look at it.
        """
        model, found = drawing[0].view.model, []
        with self._lock:
            for session, wish in self._newest.items():
                told = self._told.get(session, (None, None))[0] is wish
                if wish is None or told or wish.view.model != model or any(wish is one for one in drawing):
                    continue
                self._told[session] = wish, None
                found.append(wish)
                if len(found) == AT_ONCE:
                    break
        return tuple(found)

    def tell(self, view: T2iView, report: Progress[Any], but: DrawRequest) -> None:
        """Pages that wait for the images of ``view``, ``but`` the one that draws, are told how far they have come."""
        images = _images(view)
        with self._lock:
            for session, wish in self._newest.items():
                if wish is not None and wish is not but and _images(wish.view) == images:
                    self._told[session] = wish, report

    def told(self, session: str) -> Progress[Any] | None:
        """What the page was told of the wish that it has now."""
        with self._lock:
            wish, report = self._told.get(session, (None, None))
            return report if wish is not None and wish is self._newest.get(session) else None

    def answer(self, session: str, wish: DrawRequest) -> None:
        """The page has been shown all of a wish, before its turn came."""
        with self._lock:
            if self._newest.get(session) is wish:
                self._newest[session] = None
                self._answered.add(session)

    def answered(self, session: str) -> bool:
        """Whether the page's last wish was answered before its turn came."""
        with self._lock:
            return session in self._answered

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
