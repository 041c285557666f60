"""One row of the registry: a name, what stands behind it, and where it fits."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tts_playground.errors import BadInput


@dataclass(frozen=True, slots=True)
class Entry:
    """A registered plug-in; building one imports nothing."""

    kind: str
    """"sampler", "reward", "verifier", "strategy", "selector", "model", "bench", "eval" or "tab" """
    name: str
    target: str
    """"package.module:Attribute" """
    label: str = ""
    """what a menu calls it; the name where there is none"""
    summary: str = ""
    """what it does, in one clause without a full stop; for hints, help texts and the table in the docs"""
    tasks: tuple[str, ...] = ()
    """kinds of task that it is for; none: every task whose sampler has what ``needs`` names"""
    needs: str | None = None
    """a strategy's: the protocol of ``core`` that its sampler must have; a selector's: the score that it goes by; a
    model's: "cuda" where it is too large for a CPU; a sampler's: "model" where it is built around one that is loaded"""
    provides: tuple[str, ...] | None = None
    """a sampler's: the protocols of ``core`` that it has; None: its class is looked at when that is asked"""
    parameter: str = ""
    """what may follow the name and a colon, e.g. "HUB_OR_FOLDER"; "" where nothing may"""

    @property
    def title(self) -> str:
        """What a menu shows: the label, else the name."""
        return self.label or self.name

    @property
    def usage(self) -> str:
        """The name as help texts show it, with what may follow it: ``clip[:HUB_OR_FOLDER]``."""
        return f"{self.name}[:{self.parameter}]" if self.parameter else self.name

    def load(self) -> Any:
        """The object that ``target`` names, imported now.

        Raises:
            BadInput: the module has no such attribute. ImportError: a package is missing.
        """
        return imported(self.target, f"the {self.kind} {self.name!r}")


def imported(target: str, whose: str) -> Any:
    """The attribute behind "package.module:Attribute".

    Args:
        whose: who asks for it, in a sentence.

    Raises:
        BadInput: the module has no such attribute. ImportError: it, or a package that it needs, is missing.
    """
    module_name, _, attribute = target.partition(":")
    module = importlib.import_module(module_name)
    try:
        return getattr(module, attribute)
    except AttributeError as error:
        raise BadInput(f"The module {module_name!r} has no {attribute!r}, which {whose} asks for.") from error


def rows_of(kind: str, where: str, *rows: tuple[str, str, dict[str, Any]]) -> Iterator[Entry]:
    """Rows of (name, target below ``where``, further fields)."""
    for name, target, further in rows:
        yield Entry(kind, name, f"tts_playground.{where}{target}", **further)
