"""Numbers as short answers write them, read exactly."""

from __future__ import annotations

import re
from fractions import Fraction

_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d{1,40})"
_PLAIN = re.compile(rf"([-+]?)({_DIGITS}(?:\.\d{{1,40}})?|\.\d{{1,40}})")
_RATIO = re.compile(rf"([-+]?)({_DIGITS})\s*/\s*({_DIGITS})")
_MIXED = re.compile(rf"([-+]?)({_DIGITS})\s+(\d{{1,40}})/(\d{{1,40}})")
_FRAC = re.compile(r"([-+]?)(\d{0,40})\s*\\[dt]?frac\s*(?:\{\s*(\d{1,40})\s*\}\s*\{\s*(\d{1,40})\s*\}|(\d)(\d))")
_DRESS = re.compile(r"\\[,!;: ]|\\left|\\right|\{,\}")


def read_number(text: str) -> Fraction | None:
    """The number that ``text`` is: an integer, a decimal, a fraction "3/4" or \\frac{3}{4}, "1 1/2"; else None.

    Thousands may be grouped by commas; dollars around it, a full stop after it and LaTeX's thin spaces do not count.
    Never raises, however long the text.
    """
    if len(text) > 200:
        return None
    plain = _DRESS.sub("", text.replace("\u2212", "-")).strip()
    if len(plain) > 1 and plain[0] == plain[-1] == "$":
        plain = plain[1:-1].strip()
    plain = plain.rstrip(".").strip()
    if found := _PLAIN.fullmatch(plain):
        return _signed(found[1], Fraction(found[2].replace(",", "")))
    if found := _RATIO.fullmatch(plain):
        return _quotient(found[1], "0", found[2], found[3])
    if found := _MIXED.fullmatch(plain):
        return _quotient(found[1], found[2], found[3], found[4])
    if found := _FRAC.fullmatch(plain):
        return _quotient(found[1], found[2] or "0", found[3] or found[5], found[4] or found[6])
    return None


def _quotient(sign: str, whole: str, top: str, bottom: str) -> Fraction | None:
    low = int(bottom.replace(",", ""))
    if not low:
        return None
    return _signed(sign, int(whole.replace(",", "")) + Fraction(int(top.replace(",", "")), low))


def _signed(sign: str, value: Fraction) -> Fraction:
    return -value if sign == "-" else value
