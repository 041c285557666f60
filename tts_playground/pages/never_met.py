"""What of a typed text a small model has never met: without it people wonder about its answers."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Collection, Sequence

MANY = 6
"""words that are named"""
WORD = re.compile(r"[^\W\d_]+")
_SIGN = re.compile(r"[\W_]")


def strange_words(text: str, known: Collection[str]) -> list[str]:
    """Words of two letters and more that are not among the ``known`` ones, which are small; in order, each once."""
    found = (word for word in WORD.findall(text) if len(word) > 1 and word.lower() not in known)
    return list(dict.fromkeys(found))


def strange_signs(text: str, known: str) -> list[str]:
    """Signs that are not among the ``known`` ones, spaces and what joins or dresses a sign aside; each once."""
    seen = (sign for sign in _SIGN.findall(text) if sign not in known and not sign.isspace())
    return list(dict.fromkeys(sign for sign in seen if unicodedata.category(sign) not in ("Cf", "Mn")))


def never_met(model: str, words: Sequence[str], signs: Sequence[str] = (), kinds: Sequence[str] = ()) -> str:
    """A sentence that names them, and what else the model has never met; nothing where there is nothing."""
    told = [_told(kind, found) for kind, found in (("word", words), ("sign", signs)) if found]
    return f"{model} has never met {' and '.join((*kinds, *told))}." if told or kinds else ""


def note(line: str) -> str:
    """A quiet remark on a page; nothing where there is none."""
    return f'<div class="note"><p>{html.escape(line)}</p></div>' if line else ""


def _told(kind: str, found: Sequence[str]) -> str:
    named = ", ".join(one[:30] for one in found[:MANY]) + (" …" if len(found) > MANY else "")
    return f"this {kind}: {named}" if len(found) == 1 else f"these {kind}s: {named}"
