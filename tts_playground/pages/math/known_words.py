"""Which words and signs of a problem tiny:math has never met: its vocabulary holds whole words, and spells out all
others."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from tts_playground.answers.sums import sum_of
from tts_playground.errors import PlaygroundError
from tts_playground.models.hub.embedded_models import where
from tts_playground.pages.math.view_settings import EMBEDDED
from tts_playground.pages.never_met import WORD, never_met, strange_signs, strange_words
from tts_playground.worlds.arithmetic.as_typed import SAID

SIGNS = ".,?'()+-×÷=/*%$"
"""what its problems hold besides words, numbers and spaces"""
LARGEST = 10_000
"""no number of its problems is larger"""
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+|\d{1,40}(?:\.\d{1,20})?")
_PERCENT_OF = re.compile(r"(?:%|\bper\s?cent)\s+of\s+\d", re.IGNORECASE)
_BELOW = re.compile(r"(?:^|[(*/=+×÷])\s*[-−]\s*\d|\b(?:of|is|by)\s+[-−]\d", re.IGNORECASE)


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
    return never_met(EMBEDDED, strange_words(problem, known), strange_signs(problem, SIGNS), strange_kinds(problem))


def strange_kinds(problem: str) -> list[str]:
    """What its problems never hold: a percentage of a bare number, numbers below 0, larger ones than ``LARGEST``."""
    numbers = [float(one.replace(",", "")) for one in _NUMBER.findall(problem)]
    value = sum_of(problem)
    below = bool(_BELOW.search(problem)) or (value is not None and value < 0)
    kinds = {
        "a percentage of a number": _PERCENT_OF.search(problem),
        "numbers below 0": below,
        f"numbers over {LARGEST:,}": any(one > LARGEST for one in numbers),
    }
    return [name for name, there in kinds.items() if there]
