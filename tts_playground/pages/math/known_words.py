"""Which words and signs of a problem tiny:math has never met: its vocabulary holds whole words, and spells out all
others."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from tts_playground.errors import PlaygroundError
from tts_playground.models.hub.embedded_models import where
from tts_playground.pages.math.view_settings import EMBEDDED
from tts_playground.worlds.arithmetic.as_typed import SAID

MANY = 6
"""words that are named"""
SIGNS = ".,?'()+-×÷=/*%$"
"""what its problems hold besides words, numbers and spaces"""
_WORD = re.compile(r"[^\W\d_]+")
_SIGN = re.compile(r"[\W_]")


@cache
def vocabulary() -> frozenset[str]:
    """The words that it knows, small; empty where it is not on this machine."""
    try:
        text = Path(where(EMBEDDED), "tokenizer.json").read_text(encoding="utf-8")
    except (PlaygroundError, OSError):
        return frozenset()
    pieces = (piece.strip() for piece, _ in json.loads(text)["model"]["vocab"])
    words = (piece for piece in pieces if len(piece) > 1 and _WORD.fullmatch(piece))
    return frozenset(word.lower() for word in (*words, *_WORD.findall(" ".join(SAID))))


def unknown(problem: str) -> list[str]:
    """Words of a problem that it never met in any case, in order; none where nothing is known."""
    known = vocabulary()
    if not known:
        return []
    found = (word for word in _WORD.findall(problem) if len(word) > 1)
    return list(dict.fromkeys(word for word in found if word.lower() not in known))


def strange(problem: str) -> list[str]:
    """Signs of a problem that it never met, in order: a power, a root."""
    return list(dict.fromkeys(sign for sign in _SIGN.findall(problem) if sign not in SIGNS and not sign.isspace()))


def hint(problem: str, model: str) -> str:
    """A sentence about words and signs that the embedded model does not know; nothing where it knows all."""
    if model != EMBEDDED:
        return ""
    told = [_told(kind, found) for kind, found in (("word", unknown(problem)), ("sign", strange(problem))) if found]
    return f"tiny:math has never met {' and '.join(told)}." if told else ""


def _told(kind: str, found: list[str]) -> str:
    named = ", ".join(one[:30] for one in found[:MANY]) + (" …" if len(found) > MANY else "")
    return f"this {kind}: {named}" if len(found) == 1 else f"these {kind}s: {named}"
