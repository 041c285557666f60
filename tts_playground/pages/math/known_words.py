"""Which words of a problem tiny:math has never met: its vocabulary holds whole words, and spells out all others."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from tts_playground.errors import PlaygroundError
from tts_playground.models.hub.embedded_models import where
from tts_playground.pages.math.view_settings import EMBEDDED

MANY = 6
"""words that are named"""
_WORD = re.compile(r"[^\W\d_]+")


@cache
def vocabulary() -> frozenset[str]:
    """The words that it knows; empty where it is not on this machine."""
    try:
        text = Path(where(EMBEDDED), "tokenizer.json").read_text(encoding="utf-8")
    except (PlaygroundError, OSError):
        return frozenset()
    words = (piece.strip() for piece, _ in json.loads(text)["model"]["vocab"])
    return frozenset(word for word in words if len(word) > 1 and _WORD.fullmatch(word))


def unknown(problem: str) -> list[str]:
    """Words of a problem that it spells letter by letter, in order; none where nothing is known."""
    known = vocabulary()
    if not known:
        return []
    found = (word for word in _WORD.findall(problem) if len(word) > 1)
    return list(dict.fromkeys(word for word in found if word not in known))


def hint(problem: str, model: str) -> str:
    """A sentence about words that the embedded model does not know; nothing where it knows all."""
    words = unknown(problem) if model == EMBEDDED else []
    if not words:
        return ""
    named = ", ".join(word[:30] for word in words[:MANY]) + (" …" if len(words) > MANY else "")
    return f"tiny:math has never met these words: {named}."
