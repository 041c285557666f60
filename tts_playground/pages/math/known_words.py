"""Which words and signs of a problem tiny:math has never met: its vocabulary holds whole words, and spells out all
others."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from tts_playground.errors import PlaygroundError
from tts_playground.models.hub.embedded_models import where
from tts_playground.pages.math.view_settings import EMBEDDED
from tts_playground.pages.never_met import WORD, never_met, strange_signs, strange_words
from tts_playground.worlds.arithmetic.as_typed import SAID

SIGNS = ".,?'()+-×÷=/*%$"
"""what its problems hold besides words, numbers and spaces"""


@cache
def vocabulary() -> frozenset[str]:
    """The words that it knows, small; empty where it is not on this machine."""
    try:
        text = Path(where(EMBEDDED), "tokenizer.json").read_text(encoding="utf-8")
    except (PlaygroundError, OSError):
        return frozenset()
    pieces = (piece.strip() for piece, _ in json.loads(text)["model"]["vocab"])
    words = (piece for piece in pieces if len(piece) > 1 and WORD.fullmatch(piece))
    return frozenset(word.lower() for word in (*words, *WORD.findall(" ".join(SAID))))


def hint(problem: str, model: str) -> str:
    """A sentence about words and signs that the embedded model does not know; nothing where it knows all."""
    known = vocabulary()
    if model != EMBEDDED or not known:
        return ""
    return never_met(EMBEDDED, strange_words(problem, known), strange_signs(problem, SIGNS))
