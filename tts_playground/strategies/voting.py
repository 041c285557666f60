"""Votes over finished candidates: the one place where strategies group what says the same and count it.

Self-consistency (Wang et al. 2022, arXiv:2203.11171) counts heads; a weighted vote sums the rewards of a group (Li et
al. 2022, arXiv:2206.02336; search-and-learn). An answer is ``info["answer"]`` where a sampler reads one off, else the
content.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Literal

import numpy as np

from tts_playground import answers
from tts_playground.answers import equality
from tts_playground.core import Sample, Scored, Task

How = Literal["weighted", "majority", "best"]
"""whose candidate is given in the end: the group's whose rewards sum up to most, the largest one's, or just the best"""


def fingerprint(content: object) -> Hashable:
    """What makes two contents the same: the value itself where it can be hashed, else the bytes of the array it is."""
    try:
        hash(content)
    except TypeError:
        return np.asarray(content).tobytes()
    return content


def says(sample: Sample) -> Hashable:
    """What a sample votes for before equal answers are told: its answer, else its content (a picture's pixels)."""
    if "answer" in sample.info:
        return str(sample.info["answer"])
    content: Any = sample.content
    return content.tobytes() if type(content).__module__.startswith("PIL.") else fingerprint(content)


def grouped(task: Task, samples: Sequence[Sample]) -> list[Hashable]:
    """One name per sample, the same for those that say the same on a task of its kind."""
    said = [says(sample) for sample in samples]
    texts = [one for one in said if isinstance(one, str)]
    if len(texts) < len(said) or not all("answer" in sample.info for sample in samples):
        return said
    return list(_equality(task.kind)(texts))


def _equality(kind: str) -> Callable[[Sequence[str]], Sequence[Hashable]]:
    """Names equal answers of a kind of task alike."""
    if kind == "vqa":
        return answers.groups
    if kind == "text":
        return equality.groups
    return list


class Ballot:
    """The finished candidates of a run, and whom they elect.

    Rewards below 0 weigh nothing. Of equally heavy groups the one with the best candidate leads, of equal ones the
    earlier. A candidate without an answer ("") has no vote unless nobody has one.
    """

    def __init__(self, task: Task, how: How) -> None:
        self.task = task
        self.how = how
        self.cast: list[Scored] = []
        self._elected: Scored | None = None
        self._counted = 0

    def add(self, scored: Scored) -> None:
        """One more finished candidate."""
        self.cast.append(scored)

    def votes(self) -> dict[Hashable, list[Scored]]:
        """Group -> its candidates, in the order in which groups came up."""
        named = grouped(self.task, [one.sample for one in self.cast])
        found: dict[Hashable, list[Scored]] = {}
        for name, one in zip(named, self.cast, strict=True):
            found.setdefault(name, []).append(one)
        return found if len(found) == 1 else {name: ones for name, ones in found.items() if name != ""}

    def weight(self, ones: Sequence[Scored]) -> float:
        """What a group's votes come to."""
        if self.how == "majority":
            return float(len(ones))
        return float(sum(max(0.0, one.reward) for one in ones))

    @property
    def elected(self) -> Scored | None:
        """The best candidate of the leading group with the group's weight as its reward; None before there is one."""
        if self._counted < len(self.cast):
            self._counted = len(self.cast)
            led = max(self.votes().values(), key=lambda ones: (self.weight(ones), max(one.reward for one in ones)))
            chosen = max(led, key=lambda one: one.reward)
            weight = self.weight(led)
            if self._elected is not None:
                weight = max(weight, self._elected.reward)  # groups may part when an answer comes that tells them apart
            self._elected = Scored(chosen.sample, weight)
        return self._elected


def ballot_of(task: Task, how: How) -> Ballot | None:
    """A ballot; None where the best candidate is wanted, which needs no votes."""
    return None if how == "best" else Ballot(task, how)
