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
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any

LONGEST_NAME, LONGEST_MESSAGE = 200, 3000
"""characters of a name (what has no blank in it), and of a message, that are said; the middle of longer ones is not"""
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_].{0,300}?(?:\x07|\x1b\\)|[ -/]*[0-~])", re.DOTALL)
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_BLANKS = re.compile("[\t-\r\u2028\u2029]+")
_SURROGATES = re.compile("[\ud800-\udfff]")
_NAMES = re.compile(rf"\S{{{LONGEST_NAME + 1},}}")


def clean(text: str) -> str:
    """The text as it may stand on a terminal, in JSON and on a page, whoever wrote it.

    Escapes, control characters and those that turn the direction of writing are left out, line ends are blanks, halves
    of characters (lone surrogates) are U+FFFD, and names of over 200 characters are shortened in the middle.
    """
    seen = _BLANKS.sub(" ", printable(text))
    return _shortened(_NAMES.sub(lambda run: _shortened(run[0], LONGEST_NAME), seen))


def printable(text: str) -> str:
    """The text without escapes and controls, but with its lines; halves of characters are U+FFFD."""
    return _UNSEEN.sub("", whole(_ESCAPES.sub("", text)))


def whole(text: str) -> str:
    """The text in which halves of characters, which no file and no JSON may hold, are U+FFFD."""
    return _SURROGATES.sub("\ufffd", text)


def shown(value: Any, most: int = LONGEST_NAME) -> str:
    """What somebody gave, as a message may quote it: ``clean``, and at most ``most`` characters."""
    try:
        text = str(value)
    except Exception:  # an object's own fault, or an integer of more than 4300 digits
        text = f"a value of {type(value).__name__}"
    return _shortened(clean(text), most)


def plural(count: int, one: str) -> str:
    """ "1 row", "2 rows", "1,000 rows"."""
    return f"{count:,} {one}{'' if count == 1 else 's'}"


def _shortened(text: str, most: int = LONGEST_MESSAGE) -> str:
    half = (most - 3) // 2
    return text if len(text) <= most else f"{text[:half]}...{text[-half:]}"


class PlaygroundError(Exception):
    """Root of the tree: catching this catches everything the library raises on purpose."""

    def __str__(self) -> str:
        """The message, ``clean``: it may quote what anybody typed."""
        return clean(super().__str__())


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
        name = shown(name)
        near = [one for one in names if one.lower() == name.lower()][:3]
        near = near or difflib.get_close_matches(name, names, n=3, cutoff=0.6)
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


def exit_code(work: Callable[[], object]) -> int:
    """Do the work of a script: 0, or 1 (it cannot be done) or 2 (bad input) with the error's sentence on stderr."""
    try:
        work()
    except PlaygroundError as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, BadInput) else 1
    return 0
