"""Budget forcing: a candidate that has come to its end is told to wait, and thinks on.

s1 (Muennighoff et al. 2025, arXiv:2501.19393) appends "Wait" in place of the end, a few times; O1 Journey (Qin et al.
2024, arXiv:2410.18982) trains on thought that goes back. Each ending is a candidate, and the reward chooses among them.
Left out: cutting thought off early (samplers have a longest reply of their own), and s1's rule that the last ending
counts whatever it is worth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tts_playground.core import Budget, ContinuingSampler, Path, Reward, Round, Task
from tts_playground.errors import BadInput
from tts_playground.strategies.budget import WAVE, BudgetTracker, waves
from tts_playground.typed import typed


@dataclass(frozen=True)
@typed
class BudgetForcing:
    """Paths, each drawn on ``waits`` times, one wave after another while the budget lasts. Needs a ContinuingSampler.

    Raises:
        BadInput: a setting is out of its range.
    """

    waits: int = 2
    """times that an ended path is made to go on, 0 or more"""
    paths: int = 1
    """paths side by side, 1 or more"""
    word: str = "\n\nWait"
    """what is written behind an ended path"""

    def __post_init__(self) -> None:
        if self.waits < 0 or self.paths < 1 or not self.word:
            raise BadInput("Budget forcing needs waits of 0 or more, at least 1 path, and a word to append.")

    def of_width(self, width: int, horizon: int) -> BudgetForcing:
        """As many paths as end ``width`` times in all."""
        return replace(self, paths=max(1, width // (1 + self.waits)))

    def run(
        self, task: Task, sampler: ContinuingSampler, reward: Reward, *, budget: Budget, seed: int = 0
    ) -> Iterator[Round]:
        """Yield a round per ending of the paths of a wave, until the budget is spent."""
        tracker = BudgetTracker(budget, reward)
        yield from waves(tracker, lambda number: self._wave(task, sampler, tracker, number, seed), "Budget forcing")

    def _wave(
        self, task: Task, sampler: ContinuingSampler, tracker: BudgetTracker, number: int, seed: int
    ) -> Iterator[Round]:
        horizon = tracker.horizon(task, sampler)
        paths, scored = tracker.start_paths(task, sampler, number, self.paths, seed, lambda n: (n * horizon, n, n))
        if scored:
            yield tracker.round(scored, f"wave {number + 1}, finished at once")
            return
        fresh = number * WAVE + len(paths)
        for turn in range(1 + self.waits):
            if turn:  # an ending of its own is a candidate of its own
                paths = [sampler.fork(path, fresh + i) for i, path in enumerate(paths[: tracker.room(len(paths))])]
                paths = [sampler.append(task, path, self.word) for path in paths]
                fresh += len(paths)
            ended = list[Path](paths)
            scored = tracker.advance(task, sampler, ended, range(len(ended)), None) if ended else None
            if scored is None:
                return
            paths = ended
            yield tracker.round(scored, f"wave {number + 1}, ending {turn + 1} of {1 + self.waits}")
