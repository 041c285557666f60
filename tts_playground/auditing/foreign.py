"""Rows of audits that other programs wrote, as the proof of concept's scripts: counts of digits, an object an image.

Nothing is guessed in silence: what was read as what is said (``ForeignRows.notes``), and where two readings fit, or
none does, the row is refused by name (``foreign_fields`` has the names and the shapes).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tts_playground import files, journal
from tts_playground.auditing import foreign_fields as fields
from tts_playground.auditing.foreign_counts import asked, counted, keys, right_colour
from tts_playground.auditing.foreign_fields import NAMES, UnreadRow
from tts_playground.auditing.foreign_said import ForeignReading, agreed
from tts_playground.auditing.picked import Picked
from tts_playground.errors import BadInput, UnknownName, clean, shown

LEAST = (
    '{"digits": [3, 7, 1, 9], "counts": {"3": 12, "7": 20, "1": 9, "9": 9}}',
    '{"digits": [0, 4, 2, 5], "counts": {"0": 13, "4": 11, "2": 14, "5": 12}, "special": 4, "condition": "size"}',
)
"""two rows of the least that is read, with and without what need not be there"""
LONGEST_CONDITION = 60


@dataclass(frozen=True)
class ForeignRow(Picked):
    """One picture of another program's audit; where its cells stood, and what they looked like, is not known."""

    n: int
    digits: tuple[float, ...]
    digits_shown: tuple[int, ...]
    condition: str = ""
    """"" where the row names none"""
    special: int | None = None
    right: float | None = None
    """picks of a digit in the picture that name its right colour too"""
    known_n: bool = True
    """False where ``n`` is but the sum of the counts, so that invalid picks are not known"""
    place: int = 0
    """number of the row in its file"""
    examples: tuple[str, ...] = ()
    """replies that cannot be read: none are kept"""
    protocol: str = "sampled"

    @property
    def shown(self) -> tuple[int, ...]:
        """Digits in the picture."""
        return self.digits_shown

    @property
    def cluster(self) -> int:
        """Every picture is its own."""
        return self.place

    @property
    def p_special(self) -> float | None:
        """Share of the special digit among valid picks; None where the row names none."""
        return None if self.special is None else float(self.p[self.shown.index(self.special)])

    @property
    def joint(self) -> float | None:
        """Share of valid picks with the right colour as well; None where the row does not tell."""
        valid = float(self.picks.sum())
        return None if self.right is None or not valid else self.right / valid


@dataclass(frozen=True)
class ForeignRows:
    """Rows of a file, and what was read as what."""

    rows: tuple[ForeignRow, ...]
    notes: tuple[str, ...]


def is_native(facts: Mapping[str, Any]) -> bool:
    """Whether a line was written by this program, whole or damaged: no other one has these fields together."""
    return "layout" in facts and ("answers" in facts or "colour_answers" in facts)


def is_foreign(file: Path) -> bool:
    """Whether the first row of a file is another program's; what cannot be read is not, and ``run.read`` says why."""
    try:
        return file.is_file() and any(not is_native(facts) for facts in journal.read(file)[:1])
    except BadInput:
        return False


def chosen(words: Sequence[str]) -> dict[str, str]:
    """Fields that a person names, as in "counts=raw.counts"; "special=" says that there is none.

    Raises:
        BadInput: one is not of that form. UnknownName: nothing is read by that name.
    """
    named: dict[str, str] = {}
    for word in words:
        role, sign, path = word.partition("=")
        if not sign:
            raise BadInput(f"A field is named as in counts=raw.counts, not {shown(word, 60)!r}.")
        if role not in NAMES:
            raise UnknownName("part of a row", role, NAMES)
        named[role] = path
    if any(named.get(role) for role in ("counts", "picks", "shares")):
        named = {"counts": "", "picks": "", "shares": ""} | named
    return named


def read(file: Path, named: Mapping[str, str] | None = None) -> ForeignRows:
    """The rows of another program's JSONL file.

    Args:
        named: as ``chosen`` gives it: fields that need not be found.

    Raises:
        BadInput: no such file, or a row that cannot be read, or can be in two ways; its line is named.
    """
    rows, said, images = [], ForeignReading(), {}
    for number, facts in _lines(file, said):
        if is_native(facts):
            raise BadInput(
                f"Line {number} of {file} is a row of this program, and those above are another program's; analyse one"
                " audit at a time."
            )
        try:
            row, image = row_of(facts, number, named or {}, said)
        except UnreadRow as error:
            raise BadInput(_sentence(file, number, facts, error)) from error
        if image is not None and (before := images.setdefault((row.condition, image), number)) != number:
            raise BadInput(
                f"Lines {before} and {number} of {file} are about the same image, {image[:60]!r}; give the rows of one"
                " run, or say with --field image= that the field names no image."
            )
        rows.append(row)
    _alike(file, rows)
    return ForeignRows(tuple(rows), said.notes())


def _sentence(file: Path, number: int, facts: Mapping[str, Any], error: UnreadRow) -> str:
    names = ", ".join(shown(name, 40) for name in sorted(facts)[:20]) or "none"
    return (
        f"Line {number} of {file} is no row of an audit, neither of this program nor of another: {clean(str(error))};"
        f" its fields are {names}; the least that is read is like {LEAST[0]} or {LEAST[1]}, and --field counts=NAME"
        " names a field that is not found by itself."
    )


def _lines(file: Path, said: ForeignReading) -> list[tuple[int, dict[str, Any]]]:
    """(number, object) of each line that is not empty; no key stands twice in one object."""
    whole = journal.read(file)
    numbered = [(number, line) for number, line in enumerate(_raw(file), 1) if line.strip()]
    if len(numbered) > len(whole):
        said.also(f"Line {numbered[-1][0]}, the last one, breaks off, and is passed over.")
        numbered = numbered[: len(whole)]
    for number, line in numbered:

        def once(pairs: list[tuple[str, Any]], number: int = number) -> None:
            (twice, often), *_ = Counter(key for key, _ in pairs).most_common(1) or [("", 1)]
            if often > 1:
                raise BadInput(f"Line {number} of {file} has the key {shown(twice, 40)!r} twice in one object.")

        json.loads(line, object_pairs_hook=once)
    return [(number, facts) for (number, _), facts in zip(numbered, whole, strict=True)]


def _raw(file: Path) -> list[bytes]:
    return files.read_plain(file, journal.LARGEST).split(b"\n")


def _alike(file: Path, rows: Sequence[ForeignRow]) -> None:
    """Refuse rows that cannot stand in one summary."""
    facts: dict[str, Callable[[ForeignRow], Any]] = {
        "how many digits they show": lambda row: len(row.shown),
        "whether they name a condition": lambda row: "yes" if row.condition else "no",
    }
    if all(row.known_n for row in rows):
        facts["how many picks they have"] = lambda row: row.n
    for what, of in facts.items():
        if (other := next((row for row in rows if of(row) != of(rows[0])), None)) is not None:
            raise BadInput(
                f"Lines {rows[0].place} and {other.place} of {file} differ in {what} ({of(rows[0])} and {of(other)});"
                " analyse one audit at a time."
            )


# ---------------------------------------------------------------------------------------------------------- a row


def row_of(
    facts: Mapping[str, Any], place: int, named: Mapping[str, str], said: ForeignReading
) -> tuple[ForeignRow, str | None]:
    """One row, and the name of its image where it has one.

    Raises:
        UnreadRow: no reading fits, or two do.
    """
    said.seen |= facts.keys()

    def one(role: str, read: Callable[[Any, str], Any]) -> Any:
        return agreed(fields.found(facts, role, named), role, read, said)

    digits = one("digits", fields.digits_of) or one("layout", fields.digits_of)
    n, valid, invalid = (one(role, fields.whole) for role in ("n", "valid", "invalid"))
    held = counted(facts, named, digits, (n, valid), said)
    digits = digits or keys(held, said)
    picks, known = asked(held, digits, n, valid, invalid)
    if not known:
        said.also(
            "No row says how many picks were asked for: the counts stand for all of them, so that the share of valid"
            " picks is not known, and N is the mean of their sums."
        )
        said.absent += round(sum(held.held) - sum(held.held[digit] for digit in digits))
    special = one("special", lambda value, path: fields.digit_of(value))
    if special is not None and special not in digits:
        raise UnreadRow(f"its special digit {special} is not among the digits shown, {', '.join(map(str, digits))}")
    right = right_colour(one, sum(held.held[digit] for digit in digits), picks, digits, said)
    condition = one("condition", _condition) or ""
    images = sorted(fields.found(facts, "image", named), key=lambda found: fields.rank(found[0], "image"))[:1]
    image = agreed(images, "image", lambda value, path: shown(value, 300), said)
    return ForeignRow(picks, tuple(held.held), digits, condition, special, right, known, place), image


def _condition(value: Any, path: str) -> str:
    text = clean(str(value)).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if not text or len(text) > LONGEST_CONDITION:
        raise UnreadRow(f"its `{path}` is no name of a condition of 1 to {LONGEST_CONDITION} characters")
    return text
