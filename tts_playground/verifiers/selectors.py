"""Which of N answers to give: by a verifier, by votes, by votes that the verifier weighs, by log-probability.

Votes are counted over groups of answers that say the same (``worlds.answers.groups``): self-consistency (Wang et al.
2022). An oracle, which looks at the truth, is a ceiling and stands apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from tts_playground.errors import BadInput, UnknownName
from tts_playground.worlds.answers import groups

SELECTORS = ("verifier", "majority", "weighted", "rating", "logprob", "single")
"""all that need no truth; "single" takes the first"""
NEEDS = {"verifier": "p_yes", "weighted": "p_yes", "rating": "rating", "logprob": "logprob"}
"""selector -> the scores it goes by"""


def tally(answers: Sequence[str], weights: Sequence[float] | None = None) -> dict[str, float]:
    """Group -> votes (or summed weights), the most first; of equals the one that came first."""
    votes: dict[str, float] = defaultdict(float)
    for name, weight in zip(groups(answers), weights or [1.0] * len(answers), strict=True):
        votes[name] += weight
    return dict(sorted(votes.items(), key=lambda item: -item[1]))


def pick(selector: str, answers: Sequence[str], scores: Mapping[str, Sequence[float]]) -> int:
    """The place of the sample whose answer is given; of equals the first.

    Args:
        scores: "p_yes", "rating", "logprob": one number a sample each; those that the selector needs.

    Raises:
        UnknownName: no such selector. BadInput: no answers, or the scores that it needs are not given.
    """
    if selector not in SELECTORS:
        raise UnknownName("selector", selector, SELECTORS)
    needed = NEEDS.get(selector)
    if not answers or (needed and len(scores.get(needed, ())) != len(answers)):
        raise BadInput(f"The selector {selector!r} needs at least one answer, and a {needed} score for each.")
    if selector == "single":
        return 0
    if selector in ("majority", "weighted"):
        names = groups(answers)
        best = next(iter(tally(answers, scores["p_yes"] if selector == "weighted" else None)))
        return names.index(best)
    values = scores[NEEDS[selector]]
    return max(range(len(answers)), key=lambda place: (values[place], -place))


def picks(answers: Sequence[str], scores: Mapping[str, Sequence[float]]) -> dict[str, int]:
    """Selector -> place, for all selectors whose scores are there."""
    usable = [name for name in SELECTORS if NEEDS.get(name, name) in scores or name not in NEEDS]
    return {name: pick(name, answers, scores) for name in usable}


def settled(answers: Sequence[str], n: int) -> bool:
    """Whether the majority of these answers stays what it is even if all of the ``n`` that are still to come differ."""
    votes = list(tally(answers).values())
    return bool(votes) and votes[0] - (votes[1] if len(votes) > 1 else 0) > n - len(answers)
