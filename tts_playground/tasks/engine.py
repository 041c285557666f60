"""The one engine: every task that draws runs through here, with a store or without, and is a stream of rounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from tts_playground.core import Budget, Cost, Keeper, Reward, Round, Sample, Sampler, Strategy, Task
from tts_playground.samplers.cancellation import Cancel, never, stop_if
from tts_playground.strategies.best_of_n import BestOfN


@dataclass(frozen=True, slots=True)
class Unscored:
    """No reward: of all candidates the first is the best, and scoring costs nothing."""

    name: ClassVar[str] = "unscored"
    revision: ClassVar[str] = "1"
    unit_cost: ClassVar[Cost] = Cost()

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        """Zeros."""
        return [0.0] * len(samples)


def run(
    task: Task,
    sampler: Sampler,
    strategy: Strategy[Any],
    reward: Reward | None = None,
    *,
    budget: Budget | None = None,
    seed: int = 0,
    store: Keeper | None = None,
    cancel: Cancel = never,
) -> Iterator[Round]:
    """The rounds of one strategy on one task, with reports between them; close the generator to cancel.

    Best-of-N's candidates are independent draws: with a ``store`` those that are there are read, others are drawn and
    kept as soon as they are whole, and so are their scores. A sample that is read counts as what it cost when it was
    drawn, so that a budget buys the same with a store and without. What any other strategy finds depends on its reward,
    and enters no pool.

    Args:
        reward: what guides; None scores nothing.
        budget: None leaves the end to the strategy.

    Raises:
        Cancelled: ``cancel()`` became true; it is asked at every report. What was whole is kept.
        StoreError: the store cannot be read or written.
    """
    reward = reward or Unscored()
    if isinstance(strategy, BestOfN):
        strategy = replace(strategy, reports=True)
        if store is not None:
            if not isinstance(reward, Unscored):
                reward = store.kept_reward(task, sampler, reward)
            sampler = store.kept_sampler(task, sampler)
    for round_ in strategy.run(task, sampler, reward, budget=budget or Budget(), seed=seed):
        stop_if(cancel)
        yield round_
