"""Short answers as text: taking them out of a reply, bringing them to one form, and comparing them with the truth."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

MARK = re.compile(r"(?:final\s+)?answer\s*(?:is)?\s*[:=]\s*", re.IGNORECASE)
"""what the last line of a reasoned answer begins with"""
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


def final_answer(reply: str) -> str:
    """The short answer in a reply: what follows the last "answer:" up to the line's end, else the last line."""
    marks = list(MARK.finditer(reply))
    rest = reply[marks[-1].end() :] if marks else reply
    lines = [line.strip() for line in rest.strip().splitlines() if line.strip()]
    if not lines:
        return ""
    return (lines[0] if marks else lines[-1]).strip(" .*`\"'")


def steps_of(reply: str) -> tuple[str, ...]:
    """The lines of a reply, without empty ones."""
    return tuple(line.strip() for line in reply.splitlines() if line.strip())


@lru_cache(maxsize=65536)  # a vote looks at the same few answers at every N
def canonical(answer: str) -> str:
    """One form for answers that say the same: case, accents' encoding, articles, marks, number words, units.

    "The 1,200 km." and "twelve hundred kilometres" are both "1200 km"; "$5" and "5 dollars" are "5 dollar".
    """
    text = unicodedata.normalize("NFKC", answer).lower().strip()
    text = _NUMBER.sub(lambda found: f" {_plain(found[0])} ", text)
    for sign in ("%", "$", "€", "£"):
        text = text.replace(sign, f" {SIGNS[sign]} ")
    text = re.sub(r"[^\w.+\-/: ]|(?<!\d)\.|\.(?!\d)|(?<=\w)-(?=\w)", " ", text)
    words = [word for word in text.split() if word not in ARTICLES]
    words = [SIGNS.get(word, word) for word in _numbers(words)]
    numbers = [word for word in words if _is_number(word)]
    # a unit may stand on either side of its number
    return (
        " ".join(numbers + [word for word in words if not _is_number(word)]) if len(numbers) == 1 else " ".join(words)
    )


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
    """Runs of number words as digits."""
    found: list[str] = []
    total = current = 0.0
    reading = False

    def close() -> None:
        nonlocal total, current, reading
        if reading:
            found.append(_plain(repr(total + current)))
        total = current = 0.0
        reading = False

    for word in words:
        if word in _SMALL or word in _TENS:
            current, reading = current + _SMALL.get(word, _TENS.get(word, 0)), True
        elif word in _SCALES and (reading or (found and _is_number(found[-1]))):
            if not reading:
                current, reading = float(found.pop()), True
            scaled = current * _SCALES[word]
            total, current = (total, scaled) if word == "hundred" else (total + scaled, 0.0)
        elif word == "and" and reading and (total or current >= 100):
            continue
        else:
            close()
            found.append(word)
    close()
    return found


def _parts(key: str) -> tuple[float, int, str] | None:
    """(value, decimals, unit) of a canonical answer that is one number with or without a unit."""
    number, _, unit = key.partition(" ")
    if not _is_number(number) or _NUMBER.search(unit):
        return None
    return float(number), len(number.partition(".")[2]), unit


def agree(left: str, right: str) -> bool:
    """Whether two canonical answers say the same.

    Whole numbers must be equal. Where one has decimals they must agree once rounded to the coarser of the two, and
    within 1 %. A unit may be missing on one side.
    """
    if left == right:
        return True
    a, b = _parts(left), _parts(right)
    if a is None or b is None or (a[2] and b[2] and a[2] != b[2]):
        return False
    if a[0] == b[0]:
        return True
    if not max(a[1], b[1]):
        return False
    coarser = min(a[1], b[1])
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


# ------------------------------------------------------------------------------------------------------- truth


def exact(answer: str, truths: Sequence[str]) -> bool:
    """Whether the answer says what one of the truths says, both in canonical form."""
    return any(agree(canonical(answer), canonical(truth)) for truth in truths)


def contains(answer: str, truths: Sequence[str]) -> bool:
    """The lab's rule: one of the truths stands somewhere in the answer. It over-credits "1" in "2017"."""
    return any(truth.lower() in answer.lower() for truth in truths)


def anls(answer: str, truths: Sequence[str]) -> float:
    """Normalised Levenshtein similarity, best over the truths; 0 below one half (Biten et al. 2019).

    1 - NL where NL < 0.5, else 0; NL is the edit distance over the longer length, lower-cased, spaces collapsed.
    """
    return max((_similarity(_flat(answer), _flat(truth)) for truth in truths), default=0.0)


def _flat(text: str) -> str:
    return " ".join(text.lower().split())


def _similarity(left: str, right: str) -> float:
    longest = max(len(left), len(right))
    part = distance(left, right) / longest if longest else 0.0
    return 1 - part if part < 0.5 else 0.0


def distance(left: str, right: str) -> int:
    """Levenshtein's edit distance."""
    row = list(range(len(right) + 1))
    for i, one in enumerate(left, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(right, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (one != other))
    return row[-1]


MEASURES = {
    "exact": lambda answer, truths: float(exact(answer, truths)),
    "anls": anls,
    "containment": lambda answer, truths: float(contains(answer, truths)),
}
"""name -> score in 0..1 of an answer against the accepted truths"""
