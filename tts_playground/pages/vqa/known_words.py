"""Which words of a question tiny:vlm has never met, and a question that it knows."""

from __future__ import annotations

from functools import cache

from tts_playground.pages.never_met import WORD, never_met, strange_words
from tts_playground.pages.vqa.view_settings import EMBEDDED
from tts_playground.worlds.wording import COLORS, HIGHEST, READ, SUM, TEMPLATES, THEMES, TITLES

_ITEMS = THEMES["fruit"]
KNOWN = tuple(TEMPLATES[kind][0].format(a=_ITEMS[0], b=_ITEMS[1]) for kind in (HIGHEST, READ, SUM))
"""questions to try instead"""


@cache
def vocabulary() -> frozenset[str]:
    """Every word that its questions, and what they ask about, are made of: its tokenizer, which also serves other
    models, has pieces for more, so that ``models.hub.identity.unknown_words`` finds none."""
    groups = (*TEMPLATES.values(), *THEMES.values(), *TITLES.values(), COLORS)
    return frozenset(word for group in groups for text in group for word in WORD.findall(text))


def hint(question: str, model: str) -> str:
    """A sentence about words that the embedded model does not know; nothing where it knows all."""
    said = never_met(EMBEDDED, strange_words(question, vocabulary())) if model == EMBEDDED else ""
    known = ", ".join(f"“{one}”" for one in KNOWN)
    return f"{said} It answers questions such as {known}." if said else ""
