"""Which words of a prompt a model will ignore, and which ones the embedded one knows."""

from __future__ import annotations

import html
from collections.abc import Sequence

from tts_playground.pages.never_met import note as remark
from tts_playground.pages.t2i.render import shortened
from tts_playground.pages.t2i.view_settings import EMBEDDED
from tts_playground.worlds.vocabulary import BACKGROUNDS, NAMES, NUMBERS, RELATIONS, TINTS


def note(words: Sequence[str], model: str) -> str:
    """A sentence about the words that the model does not know, and those that the embedded one does."""
    if not words:
        return ""
    quoted = ", ".join(f"“{shortened(word, 30)}”" for word in words[:8])
    more = " and others" if len(words) > 8 else ""
    text = f"It will ignore these words: {quoted}{more}."
    if model != EMBEDDED:
        return remark(text)
    told = f"<summary>{html.escape(text)} Words it knows</summary><p>{_KNOWN}.</p>"
    return f'<div class="note"><details>{told}</details></div>'


_KNOWN = ". ".join(
    f"{kind}: {', '.join(words)}"
    for kind, words in (
        ("Things", NAMES),
        ("Colours", tuple(TINTS)),
        ("Places", tuple(RELATIONS)),
        ("Numbers", tuple(NUMBERS.values())),
        ("Backgrounds", tuple(BACKGROUNDS)),
    )
)
"""what tiny:janus was taught"""
