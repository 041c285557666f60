"""Suffix search: keep the beginning of the best candidate, redraw the rest from a random cut, keep improvements.

The autoregressive analogue of zero-order search (Ma et al. 2025, arXiv:2501.09732), which draws neighbours of a pivot
noise and moves to the best: here a neighbour shares the pivot's tokens before the cut and has noise of its own after. A
neighbour costs only the tokens after the cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tts_playground.core import Budget, Path, Reward, Round, Scored, SteppedSampler, Task
from tts_playground.errors import BadInput
from tts_playground.randomness import generator
from tts_playground.strategies.budget import BudgetTracker, best_first, to_the_end
from tts_playground.typed import typed


@dataclass(frozen=True)
@typed
class Suffix:
    """Hill climbing on suffixes while the budget lasts. Needs a SteppedSampler.

    Raises:
        BadInput: a setting is out of its range.
    """

    starts: int = 2
    """independent candidates to begin with, 1 or more"""
    neighbours: int = 2
    """suffixes redrawn together from one cut, 1 or more"""

    def __post_init__(self) -> None:
        if self.starts < 1 or self.neighbours < 1:
            raise BadInput("Suffix search needs starts and neighbours of at least 1.")

    def run(
        self, task: Task, sampler: SteppedSampler, reward: Reward, *, budget: Budget, seed: int = 0
    ) -> Iterator[Round]:
        """Yield a round for the starts, then one per cut, until the budget is spent.

        Raises:
            BadInput: the budget has no limit.
        """
        if budget == Budget():
            raise BadInput("Suffix search would never end: give it a budget with a limit.")
        tracker = BudgetTracker(budget, reward)
        horizon = sampler.horizon(task)
        paths, finished = tracker.start_paths(task, sampler, 0, self.starts, seed, to_the_end(horizon, 1))
        growing = [i for i, path in enumerate(paths) if not path.done]
        scored = finished or (tracker.advance(task, sampler, paths, growing, None) if growing else None)
        if scored:
            yield tracker.round(scored, f"{len(scored)} starts")
            pivot, reward_of_pivot = _best(paths, scored)
            if pivot.steps:
                yield from self._climb(task, sampler, tracker, pivot, reward_of_pivot, len(paths), seed)
        yield tracker.round((), "", tracker.stopped or "done")

    def _climb(
        self,
        task: Task,
        sampler: SteppedSampler,
        tracker: BudgetTracker,
        pivot: Path,
        best: float,
        fresh: int,
        seed: int,
    ) -> Iterator[Round]:
        turn = 0
        while not tracker.stopped:
            cut = int(generator(seed, turn, "suffix").integers(pivot.steps))
            count, cut = self._affordable(tracker, pivot.steps, cut)
            if not count:
                return
            prefix = sampler.rewind(pivot, cut)
            paths = [sampler.fork(prefix, fresh + i) for i in range(count)]
            scored = tracker.advance(task, sampler, paths, range(count), None)
            if scored is None:
                return
            fresh, turn = fresh + count, turn + 1
            path, reached = _best(paths, scored)
            note = f"redrawn from step {cut} of {pivot.steps}"
            if reached > best:
                pivot, best, note = path, reached, note + ", better"
            yield tracker.round(scored, note)

    def _affordable(self, tracker: BudgetTracker, steps: int, cut: int) -> tuple[int, int]:
        """Neighbours that can be drawn from the cut, or else from the first later one that can be paid for."""
        count, over = 0, ""
        while tracker.room(1) and cut < steps and not count:
            count, over = tracker.fit(self.neighbours, to_the_end(steps - cut, 1))
            cut += not count
        tracker.stopped = tracker.stopped or over
        return count, cut


def _best(paths: list[Path], scored: list[Scored]) -> tuple[Path, float]:
    place = best_first(scored)[0]
    return paths[place], scored[place].reward
