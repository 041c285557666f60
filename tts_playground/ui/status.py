"""The line under a run button: what is going on in words, and a strip of numbers with hints."""

from __future__ import annotations

import html
from collections.abc import Sequence


def status(line: str, numbers: Sequence[tuple[str, str, str]] = (), *, busy: bool = False) -> str:
    """A line for people and a strip of numbers: (name, value, hint). Everything is escaped."""
    cells = "".join(
        f'<div title="{html.escape(hint)}"><dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd></div>'
        for name, value, hint in numbers
    )
    mark = " busy" if busy else ""
    strip = f"<dl>{cells}</dl>" if cells else ""
    return f'<div class="status{mark}" role="status" aria-live="polite"><p>{html.escape(line)}</p>{strip}</div>'
