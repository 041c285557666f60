"""Counts of digits in another program's rows, from whatever stands for them, and the numbers that must agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tts_playground.auditing import foreign_fields as fields
from tts_playground.auditing.foreign_fields import CLOSE, Found, UnreadRow
from tts_playground.auditing.foreign_said import ForeignReading
from tts_playground.errors import shown

PICK_ERROR = 0.05
"""how far shares times picks may be from whole numbers"""


@dataclass(frozen=True)
class Counted:
    """Counts of digits of one row."""

    path: str
    held: list[float]
    """[10] whole numbers"""
    rest: float
    """picks that name no digit, as far as they are counted there"""
    keys: tuple[int, ...] = ()
    """digits that are keys of an object"""
    whole: bool = False
    """whether all picks are listed, so that their number is known"""
    of_all: bool = False
    """whether shares that sum to 1 were taken as those of all picks"""


Sizes = tuple[int | None, int | None]
"""picks asked for and valid picks, where the row has them"""


def counted(
    facts: Mapping[str, Any],
    named: Mapping[str, str],
    digits: tuple[int, ...] | None,
    sizes: Sizes,
    said: ForeignReading,
) -> Counted:
    """The counts of a row: from counts, else from picks one by one, else from shares."""
    counts, picks, shares = (fields.found(facts, role, named) for role in ("counts", "picks", "shares"))
    both = {path for path, value in counts if isinstance(value, list)} & {path for path, _ in picks}
    if not [path for path, _ in counts if path not in both] and both:
        counts, picks = _either(counts, picks, both, digits, sizes)
    else:
        counts, picks = ([f for f in found if f[0] not in both] for found in (counts, picks))
    read = [("counts", path, _table(value, path, digits, sizes)) for path, value in counts]
    if read:  # a list that is shorter than the picks are many holds a few of them, as examples
        many = {*sizes, int(sum(read[0][2].held))}
        picks = [(path, value) for path, value in picks if isinstance(value, list) and len(value) in many]
    for path, value in picks:
        if not isinstance(value, list):
            raise UnreadRow(f"its `{path}` is no list of picks")
        read.append(("picks", path, Counted(path, *fields.tallied(value, path), whole=True)))
    if not read:
        read = [("shares", path, _table(value, path, digits, sizes, shares=True)) for path, value in shares]
    if not read:
        raise UnreadRow("it has no counts of digits, no picks and no shares of digits under a name that is known")
    role, path, first = read[0]
    for _, other, more in read[1:]:
        if more.held != first.held:
            raise UnreadRow(
                f"`{shown(path, 60)}` and `{shown(other, 60)}` both may be its counts, and differ (--field"
                f" counts={shown(path, 60)} says which)"
            )
    said.used |= {one.partition(".")[0] for _, one, _ in read}
    said.take(role, path)
    if first.of_all:
        said.also("Shares that sum to 1 stand for all picks of their row: none of them is taken as invalid.")
    return first


def _either(counts: list[Found], picks: list[Found], both: set[str], digits: Any, sizes: Sizes) -> Any:
    """Lists under a name that stands for counts and for picks: what fits the number of picks."""
    known = {size for size in sizes if size is not None}

    def fits(read: Callable[[], float]) -> bool:
        try:
            return read() in known if known else True
        except UnreadRow:
            return False

    for path, value in counts:
        if path in both:
            as_counts = fits(lambda p=path, v=value: sum(_sum(fields.table(v, p, digits))))
            as_picks = fits(lambda p=path, v=value: sum(_sum(fields.tallied(v, p))))
            if as_counts == as_picks:
                why = (
                    "both counts of digits and picks one by one" if as_counts else "neither counts of digits nor picks"
                )
                raise UnreadRow(
                    f"its `{shown(path, 60)}` fits as {why} (--field counts={shown(path, 60)} or picks= says which)"
                )
            counts = counts if as_counts else [f for f in counts if f[0] != path]
            picks = picks if as_picks else [f for f in picks if f[0] != path]
    return counts, picks


def _sum(read: Sequence[Any]) -> tuple[float, float]:
    return sum(read[0]), read[1]


def _table(value: Any, path: str, digits: tuple[int, ...] | None, sizes: Sizes, *, shares: bool = False) -> Counted:
    if not isinstance(value, (list, Mapping)):
        raise UnreadRow(f"its `{path}` is no list and no object")
    held, rest, found_shares = fields.table(value, path, digits)
    if shares and sum(held) + rest > 1 + CLOSE:
        raise UnreadRow(f"its `{path}` are no shares: they sum to {sum(held) + rest:g}")
    of_all = False
    if shares or found_shares:
        of_all = sizes[1] is None and abs(sum(held) - 1) <= CLOSE
        held, rest = _whole(held, rest, path, sizes)
    named = tuple(d for d in map(fields.digit_of, value) if d is not None) if isinstance(value, Mapping) else ()
    return Counted(path, held, rest, named, of_all=of_all)


def _whole(held: list[float], rest: float, path: str, sizes: Sizes) -> tuple[list[float], float]:
    """Counts of shares: those of the valid picks where they sum to 1 and the row tells how many were valid."""
    n, valid = sizes
    size = valid if valid is not None and abs(sum(held) - 1) <= CLOSE else n
    if not size:
        raise UnreadRow(f"its `{path}` holds shares, and it does not say of how many picks (`n`)")
    counts = [share * size for share in (*held, rest)]
    odd = next((count for count in counts if abs(count - round(count)) > PICK_ERROR), None)
    if odd is not None:
        raise UnreadRow(
            f"its `{path}` times {size} picks gives {odd:g}, no whole number, so they are no shares of picks"
        )
    return [float(round(count)) for count in counts[:10]], float(round(counts[10]))


def keys(counted: Counted, said: ForeignReading) -> tuple[int, ...]:
    """The digits shown, where only the keys of the counts tell."""
    if not 2 <= len(counted.keys) < 10:
        raise UnreadRow("it does not say which digits its picture shows (`digits`)")
    said.take("digits", f"the keys of `{shown(counted.path, 60)}`", field=False)
    return counted.keys


def asked(
    counted: Counted, digits: tuple[int, ...], n: int | None, valid: int | None, invalid: int | None
) -> tuple[int, bool]:
    """(picks asked for, whether the row tells).

    Raises:
        UnreadRow: its numbers contradict each other.
    """
    total, there = sum(counted.held), sum(counted.held[digit] for digit in digits)
    if valid is not None and valid not in (total, there):
        raise UnreadRow(f"its counts sum to {total:.0f}, and it says that {valid} are valid")
    if n is None and invalid is not None:
        n = int((total if valid is None else valid) + invalid)
    if n is None and (counted.whole or counted.rest):
        n = int(total + counted.rest)
    if n is None:
        if not total:
            raise UnreadRow("its counts are all 0, and it does not say how many picks were asked for (`n`)")
        return int(total), False
    if n < total + counted.rest or not n:
        raise UnreadRow(f"its counts sum to {total + counted.rest:.0f}, and it says that there were {n} picks")
    if invalid is not None and invalid not in (n - total, n - there):
        raise UnreadRow(f"it says that {invalid} of {n} picks are invalid, and its counts leave {n - there:.0f}")
    return n, True


def right_colour(
    one: Callable[[str, Any], Any], valid: float, n: int, digits: tuple[int, ...], said: ForeignReading
) -> float | None:
    """Valid picks with the right colour: counted, or from an accuracy over valid or over all picks."""

    def count(value: Any, path: str) -> float:
        if not isinstance(value, (list, Mapping)):
            return float(fields.whole(value, path))
        held, _, shares = fields.table(value, path, digits)
        if shares:
            raise UnreadRow(f"its `{path}` holds shares, not counts")
        return sum(held[digit] for digit in digits)

    counted = one("correct", count)
    over_valid, over_all = (one(role, fields.accuracy) for role in ("accuracy_valid", "accuracy_all"))
    given = {"counts": counted}
    given["the share of valid picks"] = None if over_valid is None else over_valid * valid
    given["the share of all picks"] = None if over_all is None else over_all * n
    plain = None if any(value is not None for value in given.values()) else one("accuracy", fields.accuracy)
    if plain is not None and valid != n:
        said.also("Joint accuracy is left out where rows do not say whether it is over valid or over all picks.")
    elif plain is not None:
        given["accuracy"] = plain * n
    known = [value for value in given.values() if value is not None]
    if known and max(known) - min(known) > CLOSE * max(n, 1):
        raise UnreadRow("its numbers of the right colour contradict each other")
    if known and known[0] > valid * (1 + CLOSE):
        raise UnreadRow(f"it has {known[0]:g} picks of the right colour, and only {valid:.0f} valid ones")
    return min(known[0], valid) if known else None
