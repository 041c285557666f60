"""What continues a text, what it is asked, and what comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from tts_playground.models.lm.prompts import Turns
from tts_playground.samplers.lm_settings import BREAK


@dataclass(frozen=True, slots=True)
class Wanted:
    """A text that is to go on."""

    turns: Turns
    """the conversation before it"""
    text: str
    seed: int
    """below 2**31"""
    most: int
    """tokens at most"""
    temperature: float
    stop: tuple[str, ...]
    """it ends behind the first of these"""
    at_least: int = 0
    """tokens before a stop string counts"""
    fresh: bool = False
    """nobody needs its steps one at a time, and all that stands was drawn for it"""


@dataclass(frozen=True, slots=True)
class Continuation:
    """What came."""

    text: str
    """the stop string that ended it included"""
    tokens: int
    logprobs: tuple[float, ...] | None
    """of each token; None where nobody tells"""
    ended: bool
    """the model itself ended the text"""
    cut: bool
    """it reached the most tokens"""
    seconds: float = 0.0
    anew: bool = False
    """the text cannot go on: it must be begun anew, which is only said of what is ``fresh``"""


class Continuer(Protocol):
    """Continues texts, several at a time."""

    def submit(self, number: int, wanted: Wanted) -> None:
        """Begin with one, or note it down."""
        ...

    def collect(self) -> list[tuple[int, Continuation]]:
        """Those that are there: soon, and perhaps none."""
        ...

    def forget(self, numbers: Sequence[int]) -> None:
        """Nobody wants these any more."""
        ...


def in_steps(came: Continuation, most: int) -> tuple[Continuation, ...]:
    """A solution that came whole, step by step: at most so many, its tokens shared out by the length of the texts."""
    if most < 2 or BREAK not in came.text.strip():
        return (came,)
    *pieces, rest = came.text.split(BREAK, most - 1)
    texts = [f"{piece}{BREAK}" for piece in pieces] + ([rest] if rest else [])
    found, begin, so_far = list[Continuation](), 0, 0
    for place, text in enumerate(texts, 1):
        so_far += len(text)
        end = came.tokens * so_far // len(came.text)
        last = place == len(texts)
        logprobs = came.logprobs and came.logprobs[begin : None if last else end]
        seconds = came.seconds if last else 0.0
        found.append(replace(came, text=text, tokens=end - begin, logprobs=logprobs, seconds=seconds))
        begin = end
    return tuple(found)
