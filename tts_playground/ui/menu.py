"""Which models a page offers, and which of them it lets a visitor use."""

from __future__ import annotations

import html
import os
from collections.abc import Collection
from dataclasses import dataclass

from tts_playground import registry
from tts_playground.errors import BadInput, PlaygroundError
from tts_playground.models import loading
from tts_playground.models.embedded import where


def here(name: str) -> bool:
    """Whether an embedded model is on this machine."""
    try:
        where(name)
    except PlaygroundError:
        return False
    return True


def strategies(task: str) -> list[tuple[str, str]]:
    """(words, name) of the registered strategies of a task, for a menu."""
    return [(f"{row.title} — {row.summary}" if row.summary else row.title, row.name) for row in _fit(task)]


def explained(task: str, *, without: Collection[str] = ()) -> str:
    """What each strategy of a task does, as HTML."""
    rows = [row for row in _fit(task) if row.name not in without]
    return " ".join(f"<b>{html.escape(row.title)}</b> {html.escape(row.summary)}." for row in rows)


def _fit(task: str) -> tuple[registry.Entry, ...]:
    return registry.entries("strategy", task)


def granted(model: str, local: bool, offered: Collection[str], large: Collection[str] = ()) -> str:
    """The model's name if a page may use it: one that this server can bear, or from this very machine any name.

    Args:
        model: what a page asks for.
        local: whether the page is open on the machine that serves it.
        offered: what every visitor may use.
        large: what every visitor may use where there is a GPU.

    Raises:
        BadInput: neither.
    """
    if local or model in offered:
        return model
    if model in large:
        if loading.Options().resolved().device.startswith("cuda"):
            return model
        raise BadInput(f"This server has no GPU for {model}; run the app on your own machine to use it there.")
    menu = ", ".join([*offered, *large])
    raise BadInput(
        f"This server offers the models of its menu ({menu}); run the app on your own machine to use others."
    )


@dataclass(frozen=True, slots=True)
class Menu:
    """The models of one kind: this machine's default first, the embedded one, then large ones."""

    kind: str
    """as ``loading.default_name`` wants it"""
    embedded: str
    variable: str
    """the environment variable that names the default"""
    hub: tuple[str, ...]

    def names(self) -> list[str]:
        """What stands in the menu."""
        small = [self.embedded] if here(self.embedded) else []
        return list(dict.fromkeys([loading.default_name(self.kind), *small, *self.hub]))

    def available(self) -> bool:
        """Whether there is a model at all: the embedded one, or one that the environment names."""
        return bool(os.environ.get(self.variable)) or here(self.embedded)

    def allowed(self, model: str, local: bool) -> str:
        """The model's name if a page may use it; raises BadInput."""
        own = dict.fromkeys([loading.default_name(self.kind), self.embedded])
        return granted(model, local, own, self.hub)
