"""The states of pages: described when somebody asks, and kept as long as the page is open."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import gradio as gr
from gradio import routes, state_holder

from tts_playground.pages import load_bounds


class _Configs(dict):
    """Component -> configuration, worked out when it is asked for."""

    def __init__(self, session: PageSession, numbers: Iterable[int]) -> None:
        super().__init__()
        self.session, self.numbers = session, tuple(numbers)

    def __missing__(self, number: int) -> Any:
        blocks = self.session.blocks_config
        self[number] = made = blocks.config_for_block(number, [], blocks.blocks[number])
        return made

    def items(self) -> Any:
        """All of them."""
        for number in self.numbers:
            if number in self.session.blocks_config.blocks:
                self[number]
        return super().items()


class PageSession(state_holder.SessionState):
    """A page's state, whose components are described when somebody asks, not all of them when the page comes.

    Only deep links ask. Gradio describes them whenever a session is first named, also by a page that closes: 300 that
    closed at once kept everybody else waiting for 10 s.

    Hooked: ``state_holder.SessionState`` as ``StateHolder`` finds it; its ``config_values``.
    """

    def __init__(self, blocks: gr.Blocks) -> None:
        nothing: Any = SimpleNamespace(default_config=blocks.default_config, blocks=())
        super().__init__(nothing)
        numbers = [number for number in self.blocks_config.blocks if number in blocks.blocks]
        self.config_values = _Configs(self, numbers)


class PageSessions(state_holder.StateHolder):
    """The states of the pages that came last; those of open pages go last.

    Gradio's forgets whoever was quiet for longest: 500 that come and go would take the pools of all who are reading.

    Hooked: ``update``, and ``routes.StateHolder`` as ``App`` finds it; ``__getitem__``, by which a direct call names a
    session as it likes.
    """

    def __getitem__(self, session_id: str) -> state_holder.SessionState:
        """The session's state; one of a name that is too long is not kept."""
        return super().__getitem__(session_id) if len(session_id) <= load_bounds.LONGEST else PageSession(self.blocks)

    def update(self, session_id: str) -> None:
        """The session is used; when there are too many, the one that is least likely to come back goes."""
        pages = getattr(self.blocks._queue, "pages", None)
        with self.lock:
            kept = self.session_data
            if session_id in kept:
                kept.move_to_end(session_id)
            if len(kept) > self.capacity:
                left = (one for one in kept if one != session_id and not (pages and pages.hears(one)))
                gone = next(left, next(iter(kept)))
                del kept[gone]
                self.time_last_used.pop(gone, None)


def light_sessions() -> None:
    """From now on every app keeps its pages' states so."""
    state_holder.SessionState, routes.StateHolder = PageSession, PageSessions  # pyright: ignore - gradio holds them to its own classes
