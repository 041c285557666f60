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
    kept = "".join(re.findall(r"<i hidden data-made=.*?</i>", shown or ""))
    return status(line) + kept if BUSY in (shown or "") else None


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
