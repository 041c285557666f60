"""The line under a run button: what is going on in words, and a strip of numbers with hints."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

BUSY = "status busy"


def halted(shown: str | None, line: str) -> str | None:
    """A status line for work that was stopped; None where nothing was going on in what is ``shown``.

    What the results so far were made of (``pages.made``) stays with it.
    """
    return renewed(shown, line) if BUSY in (shown or "") else None


def _made(shown: str | None) -> str:
    return "".join(re.findall(r"<i hidden data-made=.*?</i>", shown or ""))


def renewed(shown: str | None, line: str) -> str:
    """A status line with new words; what the results so far were made of stays with it."""
    return status(line) + _made(shown)


def refusal(undone: str, why: str, kept: str) -> str:
    """That nothing was run, and why: "Not drawn: the prompt is empty; ... What is shown is from before."

    Args:
        undone: "Not drawn". why: an error's sentence. kept: a sentence on what is there all the same; may be empty.
    """
    lower = why.split(" ")[0].rstrip(",") in _ORDINARY
    return f"{undone}: {why[:1].lower() + why[1:] if lower else why} {kept}".rstrip()


_ORDINARY = frozenset((
    "A", "All", "An", "At", "Choose", "Draw", "Each", "Every", "Give", "It", "Make", "More", "No", "None", "Nobody",
    "Not", "Nothing", "Of", "One", "Only", "Press", "That", "The", "There", "These", "They", "This", "Type", "Upload",
    "Visitors", "What", "Write", "Your",
))  # fmt: skip
"""first words of a sentence that are no names"""


def status(line: str, numbers: Sequence[tuple[str, str, str]] = (), *, busy: bool = False, strong: str = "") -> str:
    """A line for people and a strip of numbers: (name, value, hint). Everything is escaped.

    ``strong``: the sentence before it that matters, as the headline of a tab.
    """
    cells = "".join(
        f'<div title="{html.escape(hint)}" tabindex="0"><dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd></div>'
        for name, value, hint in numbers
    )
    mark = BUSY if busy else "status"
    strip = f"<dl>{cells}</dl>" if cells else ""
    said = f'<p class="headline"><b>{html.escape(strong)}</b> {html.escape(line)}</p>' if strong else ""
    return f'<div class="{mark}" role="status" aria-live="polite">{said or f"<p>{html.escape(line)}</p>"}{strip}</div>'
