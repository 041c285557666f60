"""Reading replies leniently: what was chosen, or nothing; never a guess."""

from __future__ import annotations

import re

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
COLOR_WORDS = {"red": "R", "green": "G", "blue": "B", "yellow": "Y"}
_NUMBER = re.compile(r"(?<![\w.])\d+(?![\w]|\.\d)|\b(?:" + "|".join(WORDS) + r")\b", re.IGNORECASE)
_DECIDED = re.compile(r"(?:choose|chose|pick|picked|select|selected|choice|answer|is|output)\b[^\d\n]*$", re.IGNORECASE)
_PAIR = re.compile(
    r"(?<![\w.])(\d|" + "|".join(WORDS) + r")\W{0,3}(?:is |in |and )?(red|green|blue|yellow|[rgby])(?![\w])",
    re.IGNORECASE,
)


def read_digit(reply: str) -> int | None:
    """The one digit a reply names: alone, or the one it says it chose; None when it names none, or several alike."""
    found = [(_digit(match.group()), match.start()) for match in _NUMBER.finditer(reply)]
    digits = {digit for digit, _ in found}
    if len(digits) == 1:
        return found[0][0]
    decided = {digit for digit, start in found if _DECIDED.search(reply[max(0, start - 40) : start])}
    return decided.pop() if len(decided) == 1 else None


def read_digit_and_color(reply: str) -> tuple[int | None, str | None]:
    """(digit, colour letter); "7 R", "7R", "7, red" and "7 (yellow)" all count; None for what is not said."""
    pairs = {(_digit(m.group(1)), _letter(m.group(2))) for m in _PAIR.finditer(reply)}
    if len(pairs) == 1:
        return pairs.pop()
    if pairs:
        return None, None
    words = {COLOR_WORDS[word] for word in re.findall(r"[a-z]+", reply.lower()) if word in COLOR_WORDS}
    return read_digit(reply), words.pop() if len(words) == 1 else None


def read_list(reply: str, n: int) -> list[int]:
    """The first ``n`` digits of a reply that lists them, in order; numbers of several digits are passed over."""
    digits = (_digit(match.group()) for match in _NUMBER.finditer(reply))
    return [digit for digit in digits if digit is not None][:n]


def _digit(text: str) -> int | None:
    if text.lower() in WORDS:
        return WORDS.index(text.lower())
    return int(text) if len(text) == 1 else None


def _letter(text: str) -> str:
    return COLOR_WORDS.get(text.lower(), text.upper())
