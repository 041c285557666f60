"""Which of N answers to give: by a score, by votes, by votes that a score weighs, or the first.

Votes are counted over groups of answers that say the same (``worlds.answers.groups``): self-consistency (Wang et al.
2022). An oracle, which looks at the truth, is a ceiling and stands apart. Selectors are plug-ins of the registry, whose
row says which score one goes by (``needs``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tts_playground import registry
from tts_playground.answers import groups
from tts_playground.core import Selector
from tts_playground.errors import BadInput


@dataclass(frozen=True, slots=True)
class ByScore:
    """Gives the answer with the highest score; of equals the first."""

    def pick(self, answers: Sequence[str], scores: Sequence[float] | None) -> int:
        """The place of the highest score."""
        values = _given(self, scores)
        return max(range(len(values)), key=lambda place: (values[place], -place))


class Verified(ByScore):
    """By P(yes), the model's own opinion of its answers."""


class Rated(ByScore):
    """By the rating that the model expects to give."""


class Likeliest(ByScore):
    """By log-probability."""


@dataclass(frozen=True, slots=True)
class Majority:
    """Gives the answer that was drawn most often; of equals the one that came first."""

    def pick(self, answers: Sequence[str], scores: Sequence[float] | None) -> int:
        """The place of the first answer of the largest group."""
        return groups(answers).index(next(iter(tally(answers))))


@dataclass(frozen=True, slots=True)
class WeightedVotes:
    """As ``Majority``, each vote weighing as much as its score."""

    def pick(self, answers: Sequence[str], scores: Sequence[float] | None) -> int:
        """The place of the first answer of the heaviest group."""
        return groups(answers).index(next(iter(tally(answers, _given(self, scores)))))


@dataclass(frozen=True, slots=True)
class First:
    """Gives the first answer: what a single draw gives."""

    def pick(self, answers: Sequence[str], scores: Sequence[float] | None) -> int:
        """Always 0."""
        return 0


def _given(selector: object, scores: Sequence[float] | None) -> Sequence[float]:
    if scores is None:
        raise BadInput(f"{type(selector).__name__} goes by a score of each answer; give one each.")
    return scores


def tally(answers: Sequence[str], weights: Sequence[float] | None = None) -> dict[str, float]:
    """Group -> votes (or summed weights), the most first; of equals the one that came first."""
    votes: dict[str, float] = defaultdict(float)
    for name, weight in zip(groups(answers), weights or [1.0] * len(answers), strict=True):
        votes[name] += weight
    return dict(sorted(votes.items(), key=lambda item: -item[1]))


def pick(selector: str, answers: Sequence[str], scores: Mapping[str, Sequence[float]]) -> int:
    """The place of the sample whose answer is given; of equals the first.

    Args:
        selector: a registered name.
        scores: "p_yes", "rating", "logprob": one number a sample each; those that the selector needs.

    Raises:
        UnknownName: no such selector. BadInput: no answers, or the scores that it needs are not given.
    """
    row = registry.entry("selector", selector)
    if not answers or (row.needs and len(scores.get(row.needs, ())) != len(answers)):
        needed = f", and a {row.needs} score for each" if row.needs else ""
        raise BadInput(f"The selector {selector!r} needs at least one answer{needed}.")
    made: Selector = registry.resolve("selector", selector)
    return made.pick(answers, scores[row.needs] if row.needs else None)


def picks(answers: Sequence[str], scores: Mapping[str, Sequence[float]]) -> dict[str, int]:
    """Selector -> place, for all registered selectors of answers whose scores are there."""
    usable = [row.name for row in registry.entries("selector", "vqa") if row.needs is None or row.needs in scores]
    return {name: pick(name, answers, scores) for name in usable}


def settled(answers: Sequence[str], n: int) -> bool:
    """Whether the majority of these answers stays what it is even if all of the ``n`` that are still to come differ."""
    votes = list(tally(answers).values())
    return bool(votes) and votes[0] - (votes[1] if len(votes) > 1 else 0) > n - len(answers)
