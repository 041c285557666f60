"""A problem with its completions, wherever they come from, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from tts_playground.answers.equality import equal, groups
from tts_playground.experiments.recipes.columns import aggregated, answer_in


@dataclass(frozen=True)
class CompletedProblem:
    """A problem with its completions."""

    problem: str
    answer: str
    """"" where the truth is not known"""
    level: int
    completions: tuple[str, ...]
    scores: tuple[tuple[float, ...], ...]
    """of each step of each completion; empty where nobody scored them"""
    tokens: tuple[int, ...] = ()
    """of each completion; empty where nobody counted (the original's dvts)"""
    spent: int = 0
    """tokens that the search took in all; 0 where nobody counted"""
    published: Mapping[str, str] | None = None
    """the columns pred_*@N that stand in the file"""
    unique_id: str = ""
    """"" where the file has none"""

    @cached_property
    def answers(self) -> list[str]:
        """What each completion says."""
        return [answer_in(one) for one in self.completions]

    @cached_property
    def names(self) -> list[str]:
        """The group of equal answers that each belongs to; "" where it says nothing."""
        return groups(self.answers)

    @cached_property
    def right(self) -> list[bool]:
        """Whether each is right."""
        known = {name: bool(name) and equal(self.answer, name) for name in dict.fromkeys(self.names)}
        return [known[name] for name in self.names]

    def rewards(self, how: str) -> list[float]:
        """The aggregated score of each; empty where nobody scored them."""
        return [aggregated(one, how) for one in self.scores]
