"""Fields of rows that other programs wrote: names that they may have, and shapes that their values must have.

The proof of concept published the fields of its CSV files, not those of its JSONL; so a field is taken by its name and
its shape together, what was taken is said, and where two fields fit and differ nothing is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tts_playground.auditing.parsing import read_digit, read_digit_and_color
from tts_playground.errors import shown

LARGEST = 2**53
"""counts from which on floats are no longer whole"""
CLOSE = 1e-3
"""how far shares may sum from 1, and accuracies differ that are the same"""
NAMES: dict[str, tuple[str, ...]] = {
    "counts": (
        "counts", "digit_counts", "count", "choice_counts", "pick_counts", "valid_counts", "hist", "histogram",
        "choices", "freq", "freqs", "frequencies", "frequency", "tally", "distribution",
    ),
    "picks": ("picks", "samples", "choices", "sampled", "replies", "responses", "outputs", "predictions", "answers"),
    "shares": ("probs", "p", "probabilities", "shares", "p_hat", "empirical", "digit_probs", "proportions"),
    "digits": (
        "digits", "shown_digits", "all_digits", "digit_list", "candidates", "candidate_digits", "shown",
    ),
    "layout": ("numbers", "labels", "options", "grid", "positions", "cells", "layout"),
    "special": (
        "special_digit", "special", "special_number", "target_digit", "target", "odd", "odd_digit", "odd_one",
        "distinct_digit",
    ),
    "condition": ("condition", "cond", "attr", "attribute", "factor", "variant"),
    "n": (
        "n", "samples", "num_samples", "n_samples", "total", "n_total", "num_total", "n_draws", "draws",
        "samples_per_image",
    ),
    "valid": ("valid", "n_valid", "num_valid", "valid_count", "valid_n", "valid_samples"),
    "invalid": ("invalid", "n_invalid", "num_invalid", "invalid_count", "unreadable", "n_unparsed", "unparsed"),
    "correct": (
        "joint_correct", "n_joint_correct", "num_joint_correct", "joint_correct_count", "color_correct",
        "colour_correct", "n_color_correct", "num_color_correct", "color_correct_count", "n_correct", "num_correct",
        "correct", "correct_count",
    ),
    "accuracy_valid": ("joint_accuracy_valid", "joint_acc_valid", "accuracy_valid", "acc_valid"),
    "accuracy_all": ("joint_accuracy_all", "joint_acc_all", "accuracy_all", "acc_all"),
    "accuracy": ("joint_accuracy", "joint_acc", "color_accuracy", "colour_accuracy", "color_acc", "accuracy"),
    "image": ("image", "image_id", "image_path", "img", "file", "file_name", "filename", "path", "id", "key", "index"),
}  # fmt: skip
"""what is looked for -> names under which it is, in lower case"""
WORDS = {
    "counts": "counts of digits",
    "picks": "picks one by one",
    "shares": "shares of digits",
    "digits": "the digits shown",
    "layout": "the digits shown",
    "special": "the special digit",
    "condition": "the condition",
    "n": "the number of picks",
    "valid": "valid picks",
    "invalid": "invalid picks",
    "correct": "picks with the right colour",
    "accuracy_valid": "joint accuracy over valid picks",
    "accuracy_all": "joint accuracy over all picks",
    "accuracy": "joint accuracy",
    "image": "the image",
}
UNREAD = ("invalid", "none", "null", "other", "unknown", "unparsed", "unreadable", "nan", "-1", "")
"""keys among counts that stand for picks of no digit"""
_OF_OBJECT = ("digit", "number", "label", "choice", "pick", "value")
Found = tuple[str, Any]
"""where a value stands, as in "stats.counts", and the value"""


class UnreadRow(ValueError):
    """Why a row is not read; its text goes on after "Line 3 of FILE is not read: "."""


def found(row: Mapping[str, Any], role: str, chosen: Mapping[str, str]) -> list[Found]:
    """Fields of a role whose values have its shape: those at the top, or one level below where there is none.

    Args:
        chosen: role -> the field that a person named for it, with dots between levels; "" for none.
    """
    if role in chosen:
        return [(chosen[role], _at(row, chosen[role]))] if chosen[role] else []
    here = [(name, value) for name, value in row.items() if _named(name, role) and FITS[role](value)]
    if here:
        return here
    return [
        (f"{outer}.{name}", value)
        for outer, inner in row.items()
        if isinstance(inner, Mapping)
        for name, value in inner.items()
        if _named(name, role) and FITS[role](value)
    ]


def rank(path: str, role: str) -> int:
    """Place of a field among the names of its role; after all of them where a person named another."""
    name = _plain(path.rpartition(".")[2])
    return NAMES[role].index(name) if name in NAMES[role] else len(NAMES[role])


def _named(name: str, role: str) -> bool:
    return _plain(name) in NAMES[role]


def _plain(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")


def _at(row: Mapping[str, Any], path: str) -> Any:
    value: Any = row
    if path in row:
        return row[path]
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            raise UnreadRow(f"it has no field `{shown(path, 60)}`")
        value = value[name]
    return value


# ------------------------------------------------------------------------------------------------------ values


def digit_of(value: Any) -> int | None:
    """The digit that a value names: 3, "3", "digit_3", or an object with a digit; None where it names none."""
    if isinstance(value, Mapping):
        value = next((value[name] for name in _OF_OBJECT if name in value), None)
    if isinstance(value, str):
        text = value.strip().lower().removeprefix("digit").lstrip("_ ")
        return int(text) if len(text) == 1 and text in "0123456789" else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value in range(10) else None


def number(value: Any, path: str) -> float:
    """A count or a share.

    Raises:
        UnreadRow: it is no number, negative, not finite, or too large to be counted.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise UnreadRow(f"its `{path}` holds {_quoted(value)}, which is no number")
    if not (0 <= value <= LARGEST):  # also not a number
        raise UnreadRow(f"its `{path}` holds {_quoted(value)}, which is neither a count nor a share")
    return float(value)


def whole(value: Any, path: str) -> int:
    """A number of picks.

    Raises:
        UnreadRow: it is no whole number of at least 0.
    """
    if not (counted := number(value, path)).is_integer():
        raise UnreadRow(f"its `{path}` is {_quoted(value)}, not a whole number")
    return int(counted)


def accuracy(value: Any, path: str) -> float:
    """A share between 0 and 1.

    Raises:
        UnreadRow: it is none.
    """
    if (one := number(value, path)) > 1:
        raise UnreadRow(f"its `{path}` is {_quoted(value)}, and an accuracy is within 0-1")
    return one


def table(value: Any, path: str, digits: tuple[int, ...] | None) -> tuple[list[float], float, bool]:
    """Numbers by digit: ([10], that of no digit, whether they are shares).

    Args:
        digits: those shown, which a list of as many numbers follows.

    Raises:
        UnreadRow: a key is no digit or comes twice, a list has another length, or a number is none.
    """
    held, rest = [0.0] * 10, 0.0
    pairs = dict(value).items() if isinstance(value, Mapping) else _listed(value, path, digits)
    seen: set[int] = set()
    for key, one in pairs:
        if (digit := digit_of(key)) is None:
            if str(key).strip().lower() not in UNREAD:
                raise UnreadRow(f"its `{path}` has the key {_quoted(key)}, which is no digit")
            rest += number(one, path)
            continue
        if digit in seen:
            raise UnreadRow(f"its `{path}` has the digit {digit} twice")
        seen.add(digit)
        held[digit] = number(one, path)
    places = set(range(len(digits))) if digits else None
    if isinstance(value, Mapping) and seen == places != set(digits or ()) and all(map(str.isdigit, value)):
        raise UnreadRow(f"the keys of its `{path}` may be digits or places among the digits shown")
    numbers = list(value.values()) if isinstance(value, Mapping) else value
    total, floats = sum(held) + rest, any(isinstance(one, float) for one in numbers)
    shares = floats and total <= 1 + CLOSE
    if not shares and not all(one.is_integer() for one in [*held, rest]):
        raise UnreadRow(f"its `{path}` holds neither whole numbers nor shares that sum to at most 1")
    return held, rest, shares


def _listed(value: list[Any], path: str, digits: tuple[int, ...] | None) -> list[tuple[int, Any]]:
    orders = [order for order in (tuple(range(10)), digits) if order is not None and len(order) == len(value)]
    if not orders:
        also = f" or {len(digits)}" if digits else ""
        raise UnreadRow(f"its `{path}` has {len(value)} numbers, and needs one for each of 10{also} digits")
    if len(set(orders)) > 1:
        raise UnreadRow(f"its `{path}` may follow the digits 0-9 or the order in which they are shown")
    return list(zip(orders[0], value, strict=True))


def tallied(value: list[Any], path: str) -> tuple[list[float], float]:
    """Picks that are listed one by one: ([10] how often each digit, how many of none). Texts are read as replies.

    Raises:
        UnreadRow: a pick is no digit, text or null.
    """
    held, rest = [0.0] * 10, 0.0
    for one in value:
        pick = next((one[name] for name in _OF_OBJECT if name in one), None) if isinstance(one, Mapping) else one
        if isinstance(pick, bool) or not (pick is None or isinstance(pick, (int, str))):
            raise UnreadRow(f"its `{path}` holds {_quoted(pick)}, which is no pick")
        digit = _of_reply(pick) if isinstance(pick, str) else digit_of(pick)
        if digit is None:
            rest += 1
        else:
            held[digit] += 1
    return held, rest


def _of_reply(reply: str) -> int | None:
    digit = read_digit(reply)
    return read_digit_and_color(reply)[0] if digit is None else digit


def digits_of(value: Any, path: str) -> tuple[int, ...]:
    """The digits of a picture, in their order there.

    Raises:
        UnreadRow: one comes twice, what stands there is none, or there are not two or more.
    """
    digits = [(one, digit_of(one)) for one in _entries(value)]
    wrong = next((one for one, digit in digits if digit is None), None)
    if wrong is not None:
        raise UnreadRow(f"its `{path}` holds {_quoted(wrong)}, which is no digit")
    known = tuple(digit for _, digit in digits if digit is not None)
    if len(set(known)) < len(known):
        raise UnreadRow(f"its `{path}` holds a digit twice")
    if len(known) < 2:
        raise UnreadRow(f"its `{path}` holds fewer than two digits")
    return known


def _entries(value: Any) -> Iterator[Any]:
    """What stands in a list, in the lists of a grid, or at places that have names; empty places are passed over."""
    if isinstance(value, Mapping):
        value = list(value.values())
    for one in value if isinstance(value, list) else [value]:
        yield from (inner for inner in (one if isinstance(one, list) else [one]) if inner not in (None, ""))


def _quoted(value: Any) -> str:
    return repr(shown(value, 40))


# ------------------------------------------------------------------------------------------------------ shapes


def _by_digit(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and not any(isinstance(one, (str, list, Mapping)) for one in value)
    return isinstance(value, Mapping) and any(digit_of(key) is not None for key in value)


def _digits(value: Any) -> bool:
    return isinstance(value, (list, Mapping)) and any(digit_of(one) is not None for one in _entries(value))


def _number(value: Any) -> bool:
    return isinstance(value, (int, float))


def _text(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, (str, int)) and bool(str(value)[:100].strip())


FITS: dict[str, Callable[[Any], bool]] = {
    "counts": _by_digit,
    "picks": lambda value: isinstance(value, list) and bool(value),
    "shares": _by_digit,
    "digits": _digits,
    "layout": _digits,
    "special": lambda value: digit_of(value) is not None,
    "condition": _text,
    "n": _number,
    "valid": _number,
    "invalid": _number,
    "correct": lambda value: _number(value) or _by_digit(value),
    "accuracy_valid": _number,
    "accuracy_all": _number,
    "accuracy": _number,
    "image": _text,
}
"""role -> whether a value has its shape; what is wrong within it is said when it is read"""
