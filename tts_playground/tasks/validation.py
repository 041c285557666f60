"""What asking for a picture and asking about one have in common: their words, how many are drawn, and what it cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tts_playground.core import Cost, Reward, Sample
from tts_playground.errors import BadInput
from tts_playground.typed import checked_text


def check_words(what: str, text: object, longest: int, wish: str) -> None:
    """Refuse an empty text, one of more than ``longest`` characters, and one that holds halves of characters.

    Args:
        what: "prompt", "question". wish: what an empty one should say, in words.

    Raises:
        BadInput: the sentence that says why.
    """
    if not isinstance(text, str) or not text.strip():
        raise BadInput(f"The {what} is empty; {wish}.")
    if len(text) > longest:
        raise BadInput(f"The {what} has {len(text):,} characters; at most {longest:,} are read.")
    checked_text(f"The {what}", text)


def check_count(n: int, most: int, name: str = "n") -> None:
    """Refuse to draw fewer than one candidate or more than ``most``.

    Args:
        name: what whoever asks calls the number.

    Raises:
        BadInput: the sentence that says why.
    """
    if not 1 <= n <= most:
        raise BadInput(f"{name} is {n}, but it must be 1 to {most}.")


def total_cost(samples: Sequence[Sample], rewards: Iterable[Reward]) -> Cost:
    """What drawing the samples took, and scoring each of them by every reward."""
    drawn = sum((sample.cost for sample in samples), Cost())
    return sum((reward.unit_cost * len(samples) for reward in rewards), drawn)
