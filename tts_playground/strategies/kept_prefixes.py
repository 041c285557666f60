"""What beam search and its relatives share: settings, and waves of prefixes that follow one another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from tts_playground.core import Budget, Reward, Round, SteppedSampler, Task
from tts_playground.errors import BadInput
from tts_playground.strategies.budget import BudgetTracker, waves
from tts_playground.strategies.rollouts import Rollout, greedy


@dataclass(frozen=True)
class KeptPrefixes:
    """A search that scores ``width`` prefixes in a step and gives those that it keeps ``children`` each.

    Raises:
        BadInput: a setting is out of its range.
    """

    title: ClassVar[str]
    """what messages call it"""

    width: int = 8
    """prefixes scored in a step, 1 or more"""
    children: int = 4
    """continuations of each prefix that is kept, 1 or more"""
    lookahead: int = 0
    """steps that each prefix is rolled out before it is scored, 0 or more"""
    rollout: Rollout = "auto"
    """how those steps are drawn: "greedy", "sampled", or "auto", greedily where the sampler can"""
    waves: int | None = None
    """waves of prefixes at most, 1 or more; None begins another as long as the budget lasts"""

    def __post_init__(self) -> None:
        if self.width < 1 or self.children < 1 or self.lookahead < 0 or (self.waves is not None and self.waves < 1):
            needs = "needs width, children and waves of at least 1, and a lookahead of 0 or more."
            raise BadInput(f"{self.title} {needs}")

    def of_width(self, width: int, horizon: int) -> Self:
        """``width`` prefixes scored in a step, with ``width // 4`` continuations (at least 2) of each that is kept."""
        return replace(self, width=width, children=max(2, width // 4))

    def run(
        self, task: Task, sampler: SteppedSampler, reward: Reward, *, budget: Budget, seed: int = 0
    ) -> Iterator[Round]:
        """Yield a round per step of a wave; waves follow one another until the budget is spent.

        Raises:
            BadInput: greedy rollouts of a sampler that has none.
        """
        tracker, foretell = BudgetTracker(budget, reward), greedy(sampler, self.rollout)

        def wave(number: int) -> Iterator[Round]:
            return self._wave(task, sampler, tracker, number, seed, foretell)

        yield from waves(tracker, wave, self.title, self.waves)

    def _wave(
        self, task: Task, sampler: SteppedSampler, tracker: BudgetTracker, number: int, seed: int, foretell: bool
    ) -> Iterator[Round]:
        """The rounds of one wave; ``foretell`` says whether rollouts are greedy."""
        raise NotImplementedError
