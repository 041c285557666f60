"""GridAR: a quarter, a half, the whole; at each the bad prefixes are rejected and good ones take their places.

After Park et al. 2025 ("Progress by Pieces", arXiv:2511.21185), where a vision-language model calls a partial image
possible or impossible, and every possible one stays, best or not. Here a reward ranks the partial views and the worst
share of them is rejected. As many tokens are drawn as for best-of-N with N = ``width``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tts_playground.core import Budget, Reward, Round, SteppedSampler, Task
from tts_playground.errors import BadInput
from tts_playground.strategies.budget import BudgetTracker, best_first, checkpoints, to_the_end, waves
from tts_playground.typed import typed


@dataclass(frozen=True)
@typed
class GridAR:
    """Waves of ``width`` prefixes, one wave after another while the budget lasts. Needs a SteppedSampler.

    Raises:
        BadInput: a setting is out of its range.
    """

    width: int = 4
    """prefixes in a wave, 1 or more; fewer where the budget does not see them through"""
    reject: float = 0.5
    """share of the prefixes, the worst, that is rejected at a stage, 0 to below 1"""
    pieces: tuple[float, ...] = (0.25, 0.5)
    """ends of the stages before the whole, as shares of the way, above 0 and below 1"""

    def __post_init__(self) -> None:
        if self.width < 1 or not 0 <= self.reject < 1 or not all(0 < piece < 1 for piece in self.pieces):
            raise BadInput("GridAR needs a width of at least 1, a reject of 0 to below 1, and pieces between 0 and 1.")

    def of_width(self, width: int, horizon: int) -> GridAR:
        """``width`` prefixes, judged after the first and the second step: paths may end long before the horizon."""
        return replace(self, width=width, pieces=tuple(step / horizon for step in (1, 2) if step < horizon))

    def run(
        self, task: Task, sampler: SteppedSampler, reward: Reward, *, budget: Budget, seed: int = 0
    ) -> Iterator[Round]:
        """Yield a round per stage of a wave; waves follow one another until the budget is spent."""
        tracker = BudgetTracker(budget, reward)
        yield from waves(tracker, lambda number: self._wave(task, sampler, tracker, number, seed), "GridAR")

    def _wave(
        self, task: Task, sampler: SteppedSampler, tracker: BudgetTracker, number: int, seed: int
    ) -> Iterator[Round]:
        ends = checkpoints(self.pieces, sampler.horizon(task))
        paths, scored = tracker.start_paths(task, sampler, number, self.width, seed, to_the_end(ends[-1], len(ends)))
        if scored:
            yield tracker.round(scored, f"wave {number + 1}, finished at once")
        fresh, at = max((path.index for path in paths), default=0) + 1, 0
        for end in ends:
            growing = [i for i, path in enumerate(paths) if not path.done]
            scored = tracker.advance(task, sampler, paths, growing, end - at) if growing else None
            if scored is None:
                return
            at, note = end, f"wave {number + 1}, step {end} of {ends[-1]}"
            ranked = [growing[i] for i in best_first(scored) if not paths[growing[i]].done]
            rejected = ranked[len(ranked) - int(len(ranked) * self.reject) :]
            feasible = ranked[: len(ranked) - len(rejected)]
            for turn, place in enumerate(rejected):
                paths[place], fresh = sampler.fork(paths[feasible[turn % len(feasible)]], fresh), fresh + 1
            yield tracker.round(scored, note + (f": {len(rejected)} rejected and refilled" if rejected else ""))
