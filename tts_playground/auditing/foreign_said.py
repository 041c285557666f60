"""What was read as what of another program's rows, to be said beside the result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tts_playground.auditing.foreign_fields import WORDS, Found, UnreadRow
from tts_playground.errors import plural, shown


class ForeignReading:
    """What was read as what, over all rows."""

    def __init__(self) -> None:
        self.read: dict[str, list[str]] = {}
        self.seen: set[str] = set()
        self.used: set[str] = set()
        self.more: list[str] = []
        self.absent = 0
        """picks of digits that are not shown, in rows that do not say how many picks were asked for"""

    def take(self, role: str, source: str, *, field: bool = True) -> None:
        """What stands for a role was read from a field, or from what ``source`` says in words."""
        named = self.read.setdefault(WORDS[role], [])
        source = f"`{shown(source, 60)}`" if field else source
        if source not in named:
            named.append(source)

    def also(self, sentence: str) -> None:
        """Something else to know, once."""
        if sentence not in self.more:
            self.more.append(sentence)

    def notes(self) -> tuple[str, ...]:
        """Sentences: the fields that were read and as what, those that were not, and what else there is to know."""
        if not self.read:
            return ()
        parts = [f"{what} from {' and '.join(sources[:4])}" for what, sources in self.read.items()]
        left = sorted(self.seen - self.used)
        unread = ", ".join(f"`{shown(name, 40)}`" for name in left[:12]) + (" and more" if len(left) > 12 else "")
        first = f"Rows of another program, read as {', '.join(parts)}" + (f"; not read: {unread}." if left else ".")
        if not self.absent:
            return (first, *self.more)
        are, count = ("is", "counts") if self.absent == 1 else ("are", "count")
        picks = f"{plural(self.absent, 'pick')} {are} of digits that their pictures do not show"
        return (first, *self.more, f"{picks}, and {count} as invalid.")


def agreed(found: Sequence[Found], role: str, read: Callable[[Any, str], Any], said: ForeignReading) -> Any:
    """The value that all fields of a role agree on; None without any."""
    values = [(path, read(value, path)) for path, value in found]
    for path, value in values[1:]:
        if value != values[0][1]:
            raise UnreadRow(
                f"`{shown(values[0][0], 60)}` and `{shown(path, 60)}` both may be {WORDS[role]}, and differ"
                f" (--field {role}={shown(path, 60)} says which)"
            )
    for path, _ in values:
        said.used.add(path.partition(".")[0])
    if values:
        said.take(role, values[0][0])
    return values[0][1] if values else None
