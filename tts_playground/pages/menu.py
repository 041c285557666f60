"""Which models a page offers, and which of them it lets a visitor use."""

from __future__ import annotations

import html
import os
from collections.abc import Collection
from dataclasses import dataclass

from tts_playground import registry
from tts_playground.errors import BadInput, PlaygroundError
from tts_playground.models import loading
from tts_playground.models.hub.embedded_models import TINY, where

MODELS = "TTS_PLAYGROUND_MODELS"
TRAINING = "adapter:*"
"""in that variable: visitors may train adapters"""


def here(name: str) -> bool:
    """Whether an embedded model is on this machine."""
    if name.startswith("tiny:") and name not in TINY:
        return False
    try:
        where(name)
    except PlaygroundError:
        return False
    return True


def strategies(task: str) -> list[tuple[str, str]]:
    """(words, name) of the registered strategies of a task, for a menu."""
    return [(f"{row.title} — {row.summary}" if row.summary else row.title, row.name) for row in _fit(task)]


def models(task: str, *, without: str) -> tuple[str, ...]:
    """The registered models of a task but for one, in menu order."""
    return tuple(row.name for row in registry.entries("model", task) if row.name != without)


def explained(task: str, *, without: Collection[str] = ()) -> str:
    """What each strategy of a task does, as HTML."""
    rows = [row for row in _fit(task) if row.name not in without]
    return " ".join(f"<b>{html.escape(row.title)}</b> {html.escape(row.summary)}." for row in rows)


def _fit(task: str) -> tuple[registry.Entry, ...]:
    return registry.entries("strategy", task)


def permitted() -> tuple[str, ...]:
    """What visitors may choose besides the embedded models: the names in ``TTS_PLAYGROUND_MODELS``.

    Hub ids, folders, endpoints and sets of questions, word for word; ``adapter:*`` lets them train adapters.
    """
    listed = (name.strip() for name in os.environ.get(MODELS, "").split(","))
    return tuple(dict.fromkeys(name for name in listed if name))


def granted(name: str, local: bool, offered: Collection[str]) -> str:
    """The name of a model (or of a set of questions) if who asks may use it.

    Args:
        name: what a page, a link or a program asks for.
        local: whether somebody at the machine that serves the app asks (``access.is_local``), who may use any.
        offered: what every visitor may use, besides what the operator permits.

    Raises:
        BadInput: a visitor asks for something else.
    """
    if local or name in offered or name in permitted():
        return name
    choice = ", ".join(dict.fromkeys([*offered, *(one for one in permitted() if one != TRAINING)]))
    raise BadInput(f"Visitors of this server choose from {choice}; run the app on your own machine to use others.")


def may_train(local: bool) -> None:
    """Raises BadInput for a visitor: what is trained stays on this machine's disk and in everybody's menus."""
    if not local and TRAINING not in permitted():
        raise BadInput(
            "Visitors of this server cannot train adapters; run the app on your own machine, or ask who runs this one"
            f" to set {MODELS}={TRAINING}."
        )


@dataclass(frozen=True, slots=True)
class Menu:
    """The models of one kind: this machine's default first, the embedded one, then large ones."""

    kind: str
    """as ``loading.default_name`` wants it"""
    embedded: str
    variable: str
    """the environment variable that names the default"""
    task: str
    """whose registered models and samplers are offered"""

    @property
    def hub(self) -> tuple[str, ...]:
        """The other registered models of the task: who is local may have them, and visitors where permitted."""
        return tuple(name for name in models(self.task, without=self.embedded) if not name.startswith("tiny:"))

    @property
    def small(self) -> tuple[str, ...]:
        """The embedded models of the task that are on this machine: everybody's."""
        others = (name for name in models(self.task, without=self.embedded) if name.startswith("tiny:"))
        return tuple(name for name in (self.embedded, *others) if here(name))

    @property
    def plugged(self) -> tuple[str, ...]:
        """Registered samplers of the task that need no model: everybody's."""
        return tuple(row.name for row in registry.standalone(self.task))

    def names(self, local: bool = False) -> list[str]:
        """What stands in the menu of a visitor, or of somebody who is local."""
        large = [name for name in self.hub if local or name in permitted()]
        return list(dict.fromkeys([loading.default_name(self.kind), *self.small, *self.plugged, *large]))

    def available(self) -> bool:
        """Whether there is a model at all: the embedded one, or one that the environment names."""
        return bool(os.environ.get(self.variable)) or here(self.embedded)

    def allowed(self, model: str, local: bool) -> str:
        """The model's name if a page may use it; raises BadInput."""
        return granted(
            model, local, dict.fromkeys([loading.default_name(self.kind), self.embedded, *self.small, *self.plugged])
        )
