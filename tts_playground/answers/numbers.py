"""Numbers as short answers write them, read exactly."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction

_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d{1,40})"
_PLAIN = re.compile(rf"([-+]?)({_DIGITS}(?:\.\d{{1,40}})?|\.\d{{1,40}})")
_RATIO = re.compile(rf"([-+]?)({_DIGITS})\s*/\s*({_DIGITS})")
_MIXED = re.compile(rf"([-+]?)({_DIGITS})\s+(\d{{1,40}})/(\d{{1,40}})")
_FRAC = re.compile(r"([-+]?)(\d{0,40})\s*\\[dt]?frac\s*(?:\{\s*(\d{1,40})\s*\}\s*\{\s*(\d{1,40})\s*\}|(\d)(\d))")
_POWER = re.compile(rf"({_PLAIN.pattern})[eE]([-+]?\d{{1,2}})")
_HALVES = {mark: unicodedata.normalize("NFKC", mark).replace("\u2044", "/") for mark in "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"}
_HALF = re.compile(rf"([-+]?)({_DIGITS})?\s*([{''.join(_HALVES)}])")
_MONEY = "$€£"
_DRESS = re.compile(r"\\[,!;: ]|\\left|\\right|\{,\}")


def read_number(text: str) -> Fraction | None:
    """The number that ``text`` is: an integer, a decimal, a fraction "3/4", \\frac{3}{4} or ½, "1 1/2", 1e3; else None.

    Thousands may be grouped by commas; a sign of money, dollars around it, a full stop after it and LaTeX's thin spaces
    do not count. Never raises, however long the text.
    """
    if len(text) > 200:
        return None
    plain = _DRESS.sub("", text.replace("\u2212", "-")).strip()
    if len(plain) > 1 and plain[0] == plain[-1] == "$":
        plain = plain[1:-1].strip()
    plain = _without_money(plain.rstrip(".").strip())
    if found := _PLAIN.fullmatch(plain):
        return _signed(found[1], Fraction(found[2].replace(",", "")))
    if found := _RATIO.fullmatch(plain):
        return _quotient(found[1], "0", found[2], found[3])
    if found := _MIXED.fullmatch(plain):
        return _quotient(found[1], found[2], found[3], found[4])
    if found := _POWER.fullmatch(plain):
        return Fraction(found[1].replace(",", "")) * Fraction(10) ** int(found[4])
    if found := _HALF.fullmatch(plain):
        top, bottom = _HALVES[found[3]].split("/")
        return _quotient(found[1], found[2] or "0", top, bottom)
    if found := _FRAC.fullmatch(plain):
        return _quotient(found[1], found[2] or "0", found[3] or found[5], found[4] or found[6])
    return None


def _without_money(plain: str) -> str:
    """An amount without the one sign of money before or behind it: "$5", "-£5", "5 €"."""
    signs = [mark for mark in plain if mark in _MONEY]
    if len(signs) != 1:
        return plain
    before, _, behind = plain.replace("\\" + signs[0], signs[0]).partition(signs[0])
    return plain if before.strip(" +-") and behind.strip() else before.strip() + behind.strip()


def _quotient(sign: str, whole: str, top: str, bottom: str) -> Fraction | None:
    low = int(bottom.replace(",", ""))
    if not low:
        return None
    return _signed(sign, int(whole.replace(",", "")) + Fraction(int(top.replace(",", "")), low))


def _signed(sign: str, value: Fraction) -> Fraction:
    return -value if sign == "-" else value
