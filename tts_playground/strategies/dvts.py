"""Diverse verifier tree search: a beam cut into independent subtrees, each of which keeps its best child at every step.

After Beeching et al. 2024 ("Scaling test-time compute with open models", search-and-learn). Subtrees never exchange
anything, so the candidates stay as diverse as their beginnings. Left out: the hub's sorting and filtering of
completions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tts_playground.core import Budget, Path, Reward, Round, Scored, SteppedSampler, Task
from tts_playground.errors import BadInput
from tts_playground.strategies.budget import BudgetTracker, best_first, to_the_end, waves
from tts_playground.strategies.rollouts import Rollout, greedy, scored_ahead
from tts_playground.typed import typed


@dataclass(frozen=True)
@typed
class DVTS:
    """``width / children`` subtrees at a time, one wave after another while the budget lasts. Needs a SteppedSampler.

    Raises:
        BadInput: a setting is out of its range.
    """

    width: int = 8
    """prefixes scored in a step, 1 or more"""
    children: int = 4
    """continuations of the prefix that a subtree keeps, 1 or more"""
    lookahead: int = 0
    """steps that each prefix is rolled out before it is scored, 0 or more"""
    rollout: Rollout = "auto"
    """how those steps are drawn: "greedy", "sampled", or "auto", greedily where the sampler can"""
    waves: int | None = None
    """of subtrees at most, 1 or more; None begins another as long as the budget lasts"""

    def __post_init__(self) -> None:
        if self.width < 1 or self.children < 1 or self.lookahead < 0 or (self.waves is not None and self.waves < 1):
            raise BadInput("DVTS needs width, children and waves of at least 1, and a lookahead of 0 or more.")

    def of_width(self, width: int, horizon: int) -> DVTS:
        """``width`` prefixes scored in a step, in subtrees of ``width // 4`` children (at least 2)."""
        return replace(self, width=width, children=max(2, width // 4))

    def run(
        self, task: Task, sampler: SteppedSampler, reward: Reward, *, budget: Budget, seed: int = 0
    ) -> Iterator[Round]:
        """Yield a round per step of all subtrees of a wave; waves follow one another until the budget is spent.

        Raises:
            BadInput: greedy rollouts of a sampler that has none.
        """
        tracker, foretell = BudgetTracker(budget, reward), greedy(sampler, self.rollout)

        def wave(number: int) -> Iterator[Round]:
            return self._wave(task, sampler, tracker, number, seed, foretell)

        yield from waves(tracker, wave, "DVTS", self.waves)

    def _wave(
        self, task: Task, sampler: SteppedSampler, tracker: BudgetTracker, number: int, seed: int, foretell: bool
    ) -> Iterator[Round]:
        horizon = tracker.horizon(task, sampler)
        plan = to_the_end(horizon * (1 + self.lookahead), horizon)
        paths, scored = tracker.start_paths(task, sampler, number, self.width, seed, plan)
        if scored:
            yield tracker.round(scored, f"wave {number + 1}, finished at once")
        fresh, step = max((path.index for path in paths), default=0) + 1, 0
        going = [path for path in paths if not path.done]
        trees = [going[i : i + self.children] for i in range(0, len(going), self.children)]
        while trees and (room := tracker.room(sum(map(len, trees)))):
            trees = _within(trees, room)
            flat = [path for tree in trees for path in tree]
            if not tracker.grow(task, sampler, flat, range(len(flat))):
                return
            scored = scored_ahead(tracker, task, sampler, flat, self.lookahead, fresh, foretell=foretell)
            if scored is None:
                return
            step, fresh = step + 1, fresh + (len(flat) if self.lookahead else 0)
            yield tracker.round(scored, f"wave {number + 1}, step {step} of {len(trees)} subtrees")
            grown = list[list[Path]]()
            for place, tree in enumerate(trees):
                begin = sum(map(len, trees[:place]))
                best = _best(flat[begin : begin + len(tree)], scored[begin : begin + len(tree)])
                if not best.done:  # a subtree whose best child is whole is at its end
                    copies = [sampler.fork(best, fresh + i) for i in range(len(tree) - 1)]
                    grown, fresh = [*grown, [best, *copies]], fresh + len(copies)
            trees = grown


def _best(paths: list[Path], scored: list[Scored]) -> Path:
    return paths[best_first(scored)[0]]


def _within(trees: list[list[Path]], room: int) -> list[list[Path]]:
    """The subtrees with ``room`` paths in all: the widest lose children first, then the last subtrees go."""
    trees = [list(tree) for tree in trees[:room]]
    while sum(map(len, trees)) > room:
        max(reversed(trees), key=len).pop()
    return trees
