"""One form for short answers that say the same, and when two forms agree."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

ARTICLES = {"a", "an", "the"}
_SMALL_WORDS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen"""
_TENS_WORDS = "- - twenty thirty forty fifty sixty seventy eighty ninety"
_SMALL = {word: value for value, word in enumerate(_SMALL_WORDS.split())}
_TENS = {word: 10 * value for value, word in enumerate(_TENS_WORDS.split()) if word != "-"}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
SIGNS = {
    "%": "percent", "per cent": "percent", "pct": "percent", "$": "dollar", "usd": "dollar", "dollars": "dollar",
    "us dollars": "dollar", "€": "euro", "eur": "euro", "euros": "euro", "£": "pound", "gbp": "pound",
    "pounds": "pound", "kilometers": "km", "kilometres": "km", "kilometer": "km", "kilometre": "km", "meters": "m",
    "metres": "m", "meter": "m", "metre": "m", "kilograms": "kg", "kilogram": "kg", "kgs": "kg", "grams": "g",
    "gram": "g", "years": "year", "yrs": "year", "hours": "hour", "hrs": "hour", "minutes": "minute",
    "mins": "minute", "days": "day", "seconds": "second", "secs": "second", "people": "person", "persons": "person",
}  # fmt: skip
"""spellings of units -> one of them"""
_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|[-+]?\.\d+")
_GROUPED = re.compile(r"(?<![\d.,])(\d{1,3})((?: \d{3})+)(?![\d,]|\.\d{3}\b)")
"""12 000"""
_POWER = re.compile(r"(?<![\w.])([-+]?\d{1,15}(?:\.\d{1,15})?)[eE]([-+]?\d{1,2})(?!\w)")
_SHORT = re.compile(
    r"(?<![\w.,])((?:\d{1,3}(?:,\d{3})+|\d{1,15})(?:\.\d{1,15})?)(?: ?(M|[bB][nN]|[mM][lL]?[nN])|([kKBT]))(?![\w/])"
)
_SHORT_MONEY = re.compile(r"([$€£] ?[\d,.]{1,20})([mb])(?!\w)")
_ZEROS = {"k": 3, "m": 6, "mn": 6, "mln": 6, "b": 9, "bn": 9, "t": 12}
_NO_UNIT_WORDS = """is are was were be not no never or and but if than then more most less least fewer over under above
below about at up plus minus wrong false incorrect page between to from in on of for see out either neither without
except almost nearly maybe perhaps"""
_NO_UNIT = frozenset(_NO_UNIT_WORDS.split())
"""words beside a number that say something other than its unit"""
_READINGS = 4
"""at most, until nothing changes any more: without what stood around it, 1mn is a number"""
_UNIT_WORDS = 3
_UNIT = re.compile(r"[^\W\d_]+(?:/[^\W\d_]+)*")
_MONEY = {"dollar", "euro", "pound"}


@lru_cache(maxsize=65536)  # a vote looks at the same few answers at every N
def canonical(answer: str) -> str:
    """One form for answers that say the same: case, accents' encoding, articles, marks, number words, units.

    "The 1,200 km." and "twelve hundred kilometres" are both "1200 km"; "$5" and "5 dollars" are "5 dollar".
    """
    for _ in range(_READINGS):
        before, answer = answer, _read_once(answer)
        if answer == before:
            break
    return answer


def _read_once(answer: str) -> str:
    text = unicodedata.normalize("NFKC", answer).replace("\u2212", "-")
    text = _in_full(" ".join(text.split())).lower()
    text = _NUMBER.sub(lambda found: f" {_plain(found[0])} ", text)
    for sign in ("%", "$", "€", "£"):
        text = text.replace(sign, f" {SIGNS[sign]} ")
    text = re.sub(r"[^\w.+\-/: ]|(?<!\d)\.|\.(?!\d)|(?<=\w)-(?=\w)", " ", text)
    words = [word for word in text.split() if word not in ARTICLES] or text.split()  # "A" may be the answer
    words = [SIGNS.get(word, word) for word in _numbers(words)]
    # money may stand on either side of its number
    if len(words) > 1 and words[0] in _MONEY and _is_number(words[1]) and sum(map(_is_number, words)) == 1:
        words = [words[1], words[0], *words[2:]]
    return " ".join(words)


def _in_full(text: str) -> str:
    """Numbers in digits alone: 12 000, 1e3 and 1.2M are 12000, 1000 and 1200000."""
    text = _GROUPED.sub(lambda found: found[1] + found[2].replace(" ", ""), text)
    text = _POWER.sub(lambda found: _shifted(found[1], int(found[2])), text)
    text = _SHORT_MONEY.sub(lambda found: found[1] + found[2].upper(), text)
    return _SHORT.sub(lambda found: _shifted(found[1].replace(",", ""), _ZEROS[(found[2] or found[3]).lower()]), text)


def _shifted(number: str, places: int) -> str:
    return format(Decimal(number).scaleb(places), "f")


def _plain(number: str) -> str:
    """Without commas, exponent, plus sign or idle zeros; exact however long."""
    value = Decimal(number.replace(",", ""))
    if not value.is_finite():
        return number
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    digits = text.removeprefix("-").lstrip("0")
    digits = digits if digits[:1].isdigit() else f"0{digits}"
    return f"-{digits}" if text.startswith("-") and digits != "0" else digits


def _is_number(word: str) -> bool:
    return bool(_NUMBER.fullmatch(word))


def _numbers(words: list[str]) -> list[str]:
    """Runs of number words as digits, as they are read aloud: "nineteen ninety" is a year, "one two" two numbers."""
    found: list[str] = []
    total = current = 0
    reading = False

    def close() -> None:
        nonlocal total, current, reading
        if reading:
            found.append(_plain(str(total + current)))
        total = current = 0
        reading = False

    for word in words:
        if word in _SMALL or word in _TENS:
            value = _SMALL.get(word, _TENS.get(word, 0))
            if reading and not total and 10 <= current < 100 and value >= 10:
                current *= 100  # a year
            elif reading and not _follows(value, current or total):
                close()
            current, reading = current + value, True
        elif word in _SCALES and (reading or (found and _scalable(found[-1]))):
            if not reading:
                current, reading = Decimal(found.pop()), True
            scaled = current * _SCALES[word]
            total, current = (total, scaled) if word == "hundred" else (total + scaled, 0)
        elif word == "and" and reading and (total or current >= 100):
            continue
        else:
            close()
            found.append(word)
    close()
    return found


def _follows(value: int, before: Any) -> bool:
    """Whether a small number word is read together with what stands before it: "forty two", "hundred ten"."""
    if value == 0 or before % 10:
        return False
    return before % 100 == 0 and before > 0 if value >= 10 else before % 100 != 10 and before > 0


def _scalable(word: str) -> bool:
    return _is_number(word) and len(word) <= 30


def _parts(key: str) -> tuple[float, int, str] | None:
    """(value, decimals, unit) of a canonical answer that is one number with or without a unit."""
    number, _, unit = key.partition(" ")
    words = unit.split()
    if not _is_number(number) or _NUMBER.search(unit) or len(words) > _UNIT_WORDS:
        return None
    if not _NO_UNIT.isdisjoint(words) or not all(_UNIT.fullmatch(word) for word in words):
        return None
    return float(number), len(number.partition(".")[2]), unit


def amount(answer: str) -> str:
    """The number of an answer that is one number with its unit in words: "5" of "5 dollars"; "" for any other."""
    key = canonical(answer)
    parts = _parts(key)
    return key.partition(" ")[0] if parts is not None and parts[2] else ""


def agree(left: str, right: str, *, whole: bool = False) -> bool:
    """Whether two canonical answers say the same.

    Whole numbers must be equal. Where one has decimals they must agree once rounded to the coarser of the two, and
    within 1 %. A unit may be missing on one side.

    Args:
        whole: a whole number agrees with its equal alone: 5 is not 5.04, nor 2017 the same as 2016.9.
    """
    if left == right:
        return True
    a, b = _parts(left), _parts(right)
    if a is None or b is None or (a[2] and b[2] and a[2] != b[2]):
        return False
    if a[0] == b[0]:
        return True
    coarser = min(a[1], b[1])
    if not max(a[1], b[1]) or (whole and not coarser):
        return False
    return round(a[0], coarser) == round(b[0], coarser) and abs(a[0] - b[0]) <= 0.01 * max(abs(a[0]), abs(b[0]))


def groups(answers: Sequence[str]) -> list[str]:
    """For each answer the name of its group: answers that agree share the commonest canonical form among them."""
    keys = [canonical(answer) for answer in answers]
    counts = Counter(keys)
    heads: list[str] = []
    name: dict[str, str] = {}
    for key in sorted(counts, key=lambda one: (-counts[one], one)):
        head = next((head for head in heads if key and agree(head, key)), None)
        name[key] = head or key
        if head is None:
            heads.append(key)
    return [name[key] for key in keys]
