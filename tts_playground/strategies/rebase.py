"""REBASE: a tree whose nodes share out a fixed number of children in proportion to exp(reward / temperature).

After Wu et al. 2024 ("Inference scaling laws", arXiv:2408.00724): node i of a level gets ceil(B exp(R_i / tau) / sum)
children, the best nodes first, until B are given; every finished leaf takes one off B. The answer is the one with the
heaviest votes. Left out: their choice of a depth at which a tree is cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil, exp

from tts_playground.core import Budget, Path, Reward, Round, SteppedSampler, Task
from tts_playground.errors import BadInput
from tts_playground.strategies.budget import BudgetTracker, to_the_end, waves
from tts_playground.strategies.voting import How, ballot_of
from tts_playground.typed import typed


@dataclass(frozen=True)
@typed
class Rebase:
    """Trees of ``width`` leaves, one after another while the budget lasts. Needs a SteppedSampler.

    Raises:
        BadInput: a setting is out of its range.
    """

    width: int = 8
    """B: children given to a level, less the leaves that are whole, 1 or more"""
    temperature: float = 0.2
    """tau, in units of the reward, above 0: small ones give all children to the best"""
    final: How = "weighted"
    """whom finished candidates elect; pictures all differ, so that theirs is the best one"""
    waves: int | None = None
    """trees at most, 1 or more; None begins another as long as the budget lasts"""

    def __post_init__(self) -> None:
        if self.width < 1 or not self.temperature > 0 or (self.waves is not None and self.waves < 1):
            raise BadInput("REBASE needs width and waves of at least 1, and a temperature above 0.")

    def of_width(self, width: int, horizon: int) -> Rebase:
        """The same settings with ``width`` leaves."""
        return replace(self, width=width)

    def run(
        self, task: Task, sampler: SteppedSampler, reward: Reward, *, budget: Budget, seed: int = 0
    ) -> Iterator[Round]:
        """Yield a round per level of a tree; trees follow one another until the budget is spent."""
        tracker = BudgetTracker(budget, reward, ballot_of(task, self.final))

        def tree(number: int) -> Iterator[Round]:
            return self._tree(task, sampler, tracker, number, seed)

        yield from waves(tracker, tree, "REBASE", self.waves)

    def _tree(
        self, task: Task, sampler: SteppedSampler, tracker: BudgetTracker, number: int, seed: int
    ) -> Iterator[Round]:
        horizon = tracker.horizon(task, sampler)
        paths, scored = tracker.start_paths(task, sampler, number, self.width, seed, to_the_end(horizon, horizon))
        if scored:
            yield tracker.round(scored, f"tree {number + 1}, finished at once")
        left = len(paths) - len(scored)
        fresh, level = max((path.index for path in paths), default=0) + 1, 0
        paths = [path for path in paths if not path.done]
        while paths and (room := tracker.room(len(paths))):
            paths = paths[:room]
            scored = tracker.advance(task, sampler, paths, range(len(paths)))
            if scored is None:
                return
            level += 1
            yield tracker.round(scored, f"tree {number + 1}, level {level}")
            left -= sum(path.done for path in paths)
            going = [(path, one.reward) for path, one in zip(paths, scored, strict=True) if not path.done]
            given = shares([reward for _, reward in going], left, self.temperature)
            paths = list[Path]()
            for (path, _), count in zip(going, given, strict=True):
                copies = [sampler.fork(path, fresh + i) for i in range(count - 1)]
                paths, fresh = [*paths, *([path] if count else []), *copies], fresh + len(copies)


def shares(rewards: Sequence[float], children: int, temperature: float) -> list[int]:
    """How many of ``children`` each node gets, in the order of ``rewards``; they sum to ``children``."""
    given = [0] * len(rewards)
    if not rewards or children < 1:
        return given
    top = max(rewards)
    weights = [exp((reward - top) / temperature) for reward in rewards]
    total, left = sum(weights), children
    for place in sorted(range(len(rewards)), key=lambda i: -rewards[i]):
        given[place] = min(left, ceil(children * weights[place] / total - 1e-9))
        left -= given[place]
    return given
