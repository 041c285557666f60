"""The one engine: every task that draws runs through here, with a store or without, and is a stream of rounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tts_playground import registry
from tts_playground.core import (
    Budget,
    Cost,
    Keeper,
    ParallelStrategy,
    Reward,
    Round,
    Sample,
    Sampler,
    Scored,
    SteppedSampler,
    Strategy,
    Task,
)
from tts_playground.samplers.cancellation import Cancel, never, stop_if
from tts_playground.strategies.best_of_n import BestOfN


@dataclass(frozen=True, slots=True)
class Unscored:
    """No reward: of all candidates the first is the best, and scoring costs nothing."""

    name = "unscored"
    revision = "1"
    unit_cost = Cost()

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


class Found:
    """What the rounds of a run have found so far."""

    def __init__(self) -> None:
        self.rounds: tuple[Round, ...] = ()
        """without the reports between them"""
        self.cost = Cost()

    def add(self, round_: Round) -> None:
        """Take in a round, or a report between two."""
        self.cost = round_.cost
        if round_.progress is None:
            self.rounds = (*self.rounds, round_)

    def hear(self, rounds: Iterable[Round], on_round: Callable[[Round], None] | None = None) -> Found:
        """Take in a whole stream, telling ``on_round`` of each; what that raises ends the run."""
        for round_ in rounds:
            self.add(round_)
            if on_round is not None:
                on_round(round_)
        return self

    @property
    def whole(self) -> tuple[Scored, ...]:
        """Whole candidates, in the order in which they came."""
        return whole(self.rounds)


def whole(rounds: Iterable[Round]) -> tuple[Scored, ...]:
    """The whole candidates of some rounds, in the order in which they came."""
    seen = (one for round_ in rounds for one in round_.candidates)
    return tuple(one for one in seen if one.sample.info.get("complete", True))


def planned(name: str | Strategy[Any], task: Task, sampler: Sampler, n: int, *, batch: int = 16) -> Strategy[Any]:
    """A strategy that ends with ``n`` whole candidates: as many at once where it keeps several.

    Args:
        name: of a registered strategy; one that was built already is taken as it is.
        batch: candidates that best-of-N draws and scores together.

    Raises:
        UnknownName: no strategy of that name. BadInput: it is for other tasks, or this sampler cannot run it.
    """
    if not isinstance(name, str):
        return name
    registry.fitting("strategy", name, task.kind, sampler)
    strategy = registry.resolve("strategy", name, task.kind)
    if isinstance(strategy, BestOfN):
        return replace(strategy, n=n, batch=batch)
    if isinstance(strategy, ParallelStrategy) and isinstance(sampler, SteppedSampler):
        return strategy.of_width(n, sampler.horizon(task))
    return strategy
