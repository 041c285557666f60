"""How many things a noun phrase asks for: "two", "at least two", "a dozen", "several", "no", "a"."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WORDS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty"""
NUMBERS = {word: number for number, word in enumerate(_WORDS.split())}
MOST = 1000
"""things, at most; no picture shows more that can be counted"""
SEVERAL = 3
"""least number of "several" and "a few": more than two"""
_NUMBER = (
    r"(?P<number>(?:half )?a dozen|(?:(?:two|three|four) )?dozen|a (?:couple|pair)|\d{1,4}"
    rf"|{'|'.join(NUMBERS)})(?: of)?"
)
_AMOUNT = re.compile(
    rf"(?:(?P<least>at least|no (?:fewer|less) than|a minimum of)|(?P<over>more than|over)"
    rf"|(?P<most>at most|no more than|not more than|up to|a maximum of)|(?P<under>fewer than|less than)"
    rf"|exactly|precisely|just|only)? ?\b{_NUMBER} (?P<rest>.+)"
)
_NONE = re.compile(r"(?:no|not any|not a single|not an?|none of the) (?P<rest>.+)")
_SOME = re.compile(r"(?:several|a few|few) (?:of the |of )?(?P<rest>.+)")
_PLAIN = re.compile(r"(?:(?:an?|the|some|any|(?:just|only) an?|a single|a lone) )?(?P<rest>.+)")
_ONE = re.compile(r"a (?:single|lone) (?P<rest>.+)")
_WHOLE = ("pair of scissors", "pair of skis")
"""things that are called a pair and are one"""


@dataclass(frozen=True, slots=True)
class Amount:
    """At least ``least`` things and at most ``most`` of them (None: no limit)."""

    least: int = 1
    most: int | None = None


def amount(phrase: str) -> tuple[Amount, str]:
    """How many ``phrase`` asks for, and the words behind that; "a", "the" and "some" are at least one."""
    bare = phrase.removeprefix("a ").removeprefix("an ").removeprefix("the ")
    if bare.startswith(_WHOLE):
        return Amount(), bare
    if found := _SOME.fullmatch(phrase):
        return Amount(SEVERAL), found["rest"]
    if found := _ONE.fullmatch(phrase):
        return Amount(1, 1), found["rest"]
    if found := _AMOUNT.fullmatch(phrase):
        number, rest = _value(found["number"]), found["rest"]
        if found["least"] or found["over"]:
            return Amount(number + bool(found["over"])), rest
        if found["most"] or found["under"]:
            return Amount(0, number - bool(found["under"])), rest
        return Amount(number, number), rest
    if found := _NONE.fullmatch(phrase):
        return Amount(0, 0), found["rest"]
    plain = _PLAIN.fullmatch(phrase)
    return Amount(), plain["rest"] if plain else phrase


def _value(said: str) -> int:
    if said.endswith("dozen"):
        times = said.removesuffix("dozen").removesuffix(" a ").strip().removesuffix(" a").strip()
        return 6 if times.startswith("half") else 12 * (NUMBERS.get(times) or 1)
    return 2 if said.startswith("a ") else NUMBERS[said] if said in NUMBERS else int(said)
