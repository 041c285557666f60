"""Simulated steps: the model says in a line what the next step would lead to, and that is scored before it is drawn.

After WebDreamer (Gu et al. 2024, arXiv:2411.06559), where a language model imagines the outcome of each candidate
action and scores it, and only the best one is acted out. Here the imagined line stays in the candidate, so that the
step which follows keeps to it. Left out: simulations of several steps, and a judge of three grades (any reward serves).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tts_playground.core import Budget, ContinuingSampler, Path, Reward, Round, Task
from tts_playground.errors import BadInput
from tts_playground.strategies.budget import BudgetTracker, best_first, waves
from tts_playground.typed import typed


@dataclass(frozen=True)
@typed
class Simulate:
    """One path at a time, and another one while the budget lasts. Needs a ContinuingSampler.

    Raises:
        BadInput: a setting is out of its range.
    """

    ideas: int = 3
    """imagined outcomes of a step, 1 or more"""
    asks: str = "\n\nIn short, the next step will show that"
    """written behind the path, for the model to go on from"""
    then: str = "\n\n"
    """written behind what it imagined, before the step itself is drawn"""

    def __post_init__(self) -> None:
        if self.ideas < 1 or not self.asks:
            raise BadInput("Simulated steps need at least 1 idea, and words that ask for it.")

    def of_width(self, width: int, horizon: int) -> Simulate:
        """The same settings with ``width`` ideas, or 3 where that is fewer."""
        return replace(self, ideas=min(width, 3))

    def run(
        self, task: Task, sampler: ContinuingSampler, reward: Reward, *, budget: Budget, seed: int = 0
    ) -> Iterator[Round]:
        """Yield a round per set of ideas and one per step, until the budget is spent."""
        tracker = BudgetTracker(budget, reward)
        yield from waves(tracker, lambda number: self._path(task, sampler, tracker, number, seed), "Simulation")

    def _path(
        self, task: Task, sampler: ContinuingSampler, tracker: BudgetTracker, number: int, seed: int
    ) -> Iterator[Round]:
        horizon = tracker.horizon(task, sampler)
        begun, scored = tracker.start_paths(task, sampler, number, 1, seed, lambda n: (n * horizon, n * horizon, n))
        if scored:
            yield tracker.round(scored, f"path {number + 1}, finished at once")
        path = next((one for one in begun if not one.done), None)
        fresh = max((one.index for one in begun), default=0) + 1
        while path is not None and not path.done and (room := tracker.room(self.ideas)):
            ideas: list[Path] = [sampler.fork(path, fresh + i) for i in range(room)]
            ideas, fresh = [sampler.append(task, one, self.asks) for one in ideas], fresh + room
            if any(one.done for one in ideas):  # it holds so little more that there is no room to imagine in
                last = [path]
                if scored := tracker.advance(task, sampler, last, [0]):
                    yield tracker.round(scored, f"path {number + 1}, step {last[0].steps}, too long to imagine more")
                if not scored:
                    return
                path = last[0]
                continue
            scored = tracker.advance(task, sampler, ideas, range(room))
            if scored is None:
                return
            place = best_first(scored)[0]
            yield tracker.round(scored, f"path {number + 1}: idea {place + 1} of {room} is drawn")
            if ideas[place].done:  # the model ended where it should have imagined: that is its candidate
                return
            step: list[Path] = [sampler.append(task, ideas[place], self.then)]
            scored = tracker.advance(task, sampler, step, [0])
            if scored is None:
                return
            path = step[0]
            yield tracker.round(scored, f"path {number + 1}, step {path.steps}")
