"""Every error that this library raises on purpose, drawn as one tree.

    PlaygroundError
    ├── BadInput          what you gave cannot be used            (CLI exit code 2; also a ValueError)
    │   ├── DSLError      a program that does not parse or is over a limit
    │   └── UnknownName   no plug-in, model or option of that name (also a LookupError)
    └── CannotDo          the input is fine, this machine or state cannot serve it  (CLI exit code 1)
        ├── ModelUnavailable   weights or a package are missing, or do not fit
        ├── StoreError         the sample store is foreign, damaged or cannot be written
        │   ├── NoSpace        the disk is full
        │   └── ReadOnly       nobody may write there
        └── Cancelled          somebody asked to stop

A message is one sentence: what was wrong, where, and what to do. Errors of other libraries are translated where
they enter, with ``raise ... from error``, so the command line and the app never show a traceback for them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class PlaygroundError(Exception):
    """Root of the tree: catching this catches everything the library raises on purpose."""


class BadInput(PlaygroundError, ValueError):
    """The caller gave something that cannot be used: say what, where, and what would do."""


class DSLError(BadInput):
    """A program of the graphics DSL that cannot be read.

    Attributes:
        line, column: 1-based place of the problem; None when the whole text is at fault.
        expected: what could have stood there, in words; empty when nothing in particular.
        caret: the offending line with a caret under the column (two lines), or "".
    """

    def __init__(
        self,
        message: str,
        *,
        line: int | None = None,
        column: int | None = None,
        expected: tuple[str, ...] = (),
        caret: str = "",
    ) -> None:
        super().__init__(message)
        self.line = line
        self.column = column
        self.expected = expected
        self.caret = caret


class UnknownName(BadInput, LookupError):
    """No plug-in, model, verb or setting goes by this name; near misses are suggested."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"choose one of: {', '.join(names)}."
        super().__init__(f"There is no {kind} called {name!r}; {hint}")
        self.kind = kind
        self.name = name
        self.near = near


class CannotDo(PlaygroundError, RuntimeError):
    """The request makes sense, but this machine, network or state cannot serve it."""


class ModelUnavailable(CannotDo):
    """A model's weights or a package are not here, cannot be reached, or do not fit in memory."""


class StoreError(CannotDo):
    """The sample store is from another version, damaged, or cannot be written."""


class NoSpace(StoreError):
    """A file cannot be written because its disk is full."""


class ReadOnly(StoreError):
    """A file or its folder cannot be written by this user, or by nobody."""


class Cancelled(CannotDo):
    """The caller asked to stop; what was finished before is kept."""
