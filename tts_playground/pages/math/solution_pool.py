"""Independent solutions of a problem: what each selector picks among the first N, and what N buys on many problems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tts_playground.answers.equality import groups
from tts_playground.core import Sample
from tts_playground.estimators.curves import Curve, curve
from tts_playground.estimators.voting import majority_curve
from tts_playground.rewards.prm import aggregate
from tts_playground.tasks.solving import voted

SELECTORS = {
    "naive": "the best score",
    "weighted": "votes weighted by score",
    "majority": "most votes",
    "first": "the first solution",
}
"""selector -> what it goes by; "naive" is search-and-learn's name for the single best score"""
CALLED = {"naive": "best score", "weighted": "weighted vote", "majority": "majority", "first": "first one"}
"""selector -> its name on the page, the same in tables and in figures"""


@dataclass(frozen=True)
class Solution:
    """One whole solution."""

    steps: tuple[str, ...]
    scores: tuple[float, ...]
    """of each step by the process reward; empty without one"""
    answer: str
    tokens: int
    right: bool | None
    labels: tuple[bool, ...] = ()
    """whether everything up to each step is right; empty where that is not known"""
    step_tokens: tuple[int, ...] = ()

    @classmethod
    def of_dict(cls, told: Mapping[str, Any], right: bool | None) -> Solution:
        """From a row of the starter."""
        steps, scores, labels, tokens = (tuple(told[key]) for key in ("steps", "scores", "labels", "step_tokens"))
        return cls(steps, scores, told["answer"], told["tokens"], right, labels, tokens)

    @classmethod
    def of_sample(
        cls, sample: Sample, scores: Sequence[float], right: bool | None, labels: Sequence[bool] = ()
    ) -> Solution:
        """From a finished sample."""
        steps, each = tuple(sample.info.get("steps", ())), tuple(sample.info.get("step_tokens", ()))
        answer = str(sample.info.get("answer", sample.content))
        return cls(steps, tuple(scores), answer, sample.cost.tokens, right, tuple(labels), each)

    def reward(self, aggregation: str) -> float:
        """One number of its scores; 0 where it has none."""
        return aggregate(self.scores, aggregation)


@dataclass(frozen=True)
class SolutionPool:
    """Solutions of one problem in order of drawing."""

    solutions: tuple[Solution, ...]

    @cached_property
    def names(self) -> list[str]:
        """One name per answer, the same for equal ones; "" for none."""
        return groups([one.answer for one in self.solutions])

    @property
    def judged(self) -> bool:
        """Whether there are scores."""
        return any(one.scores for one in self.solutions)

    def rewards(self, aggregation: str) -> list[float]:
        """One number a solution."""
        return [one.reward(aggregation) for one in self.solutions]

    def picks(self, n: int, aggregation: str = "last") -> dict[str, int]:
        """Selector -> place of the solution that it picks among the first ``n``."""
        first = self.solutions[:n]
        if not first:
            return {}
        rewards = self.rewards(aggregation)[:n]
        answers = [one.answer for one in first]
        found = {}
        if self.judged:
            found["naive"] = max(range(len(first)), key=lambda place: (rewards[place], -place))
            found["weighted"] = voted(answers, rewards)
        return found | {"majority": voted(answers, [1.0] * len(first)), "first": 0}

    def tied(self, n: int) -> int:
        """How many answers share the most votes among the first ``n``; the first of them is picked, where a curve
        counts each as likely."""
        counts = Counter(name for name in self.names[:n] if name)
        return sum(one == max(counts.values()) for one in counts.values())

    def flips(self, aggregation: str = "last") -> dict[str, list[str]]:
        """Selector -> the group that it picks at every N from 1 on."""
        each = [self.picks(n, aggregation) for n in range(1, len(self.solutions) + 1)]
        return {name: [self.names[one[name]] for one in each] for name in (each[0] if each else ())}


def accuracy_curves(pools: Sequence[SolutionPool], aggregation: str = "last") -> dict[str, Curve]:
    """Selector -> accuracy against N over problems whose truth is known, all subsets of every pool counted.

    "pass" is whether any of the N is right: a ceiling that looks at the answer.
    """
    known = [pool for pool in pools if pool.solutions and all(one.right is not None for one in pool.solutions)]
    if not known:
        return {}
    gold = [[float(bool(one.right)) for one in pool.solutions] for pool in known]
    rewards = [pool.rewards(aggregation) for pool in known]
    tokens = float(np.mean([one.tokens for pool in known for one in pool.solutions]))
    facts: dict[str, Any] = {"measure": "accuracy", "unit": {"samples": 1.0, "tokens": tokens, "verifier_calls": 1.0}}
    names = [pool.names for pool in known]
    votes = [[float(bool(name)) or 1e-9 for name in own] for own in names]
    found = {"pass": curve(gold, label="any is right", oracle=True, **facts)}
    if all(pool.judged for pool in known):
        weights = [[w * v for w, v in zip(a, b, strict=True)] for a, b in zip(rewards, votes, strict=True)]
        found["weighted"] = majority_curve(names, gold, weights=weights, label="weighted vote", **facts)
        found["naive"] = curve(rewards, gold, label="best score", **facts)
    return found | {"majority": majority_curve(names, gold, weights=votes, label="majority", **facts)}
