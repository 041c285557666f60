"""Zero-order search over the noise that candidates begin with: neighbours of a pivot are drawn, the best is the next.

Ma et al. 2025 (arXiv:2501.09732), section 3.1: random search draws noise anew each time (``best_of_n``), this looks
around the best so far. Neighbours stand at a fixed angle from the pivot, so that their noise is standard normal, too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tts_playground.core import Budget, NoiseSampler, Path, Reward, Round, Task
from tts_playground.errors import BadInput
from tts_playground.strategies.budget import BudgetTracker, best_first, to_the_end
from tts_playground.typed import typed


@dataclass(frozen=True)
@typed
class ZeroOrder:
    """Hill climbing on first noises while the budget lasts. Needs a NoiseSampler.

    Raises:
        BadInput: a setting is out of its range.
    """

    starts: int = 2
    """independent candidates to begin with, 1 or more"""
    neighbours: int = 2
    """candidates drawn around the pivot together, 1 or more"""
    distance: float = 0.5
    """angle between a pivot's noise and its neighbours' in radians, above 0 and at most pi / 2 (independent)"""

    def __post_init__(self) -> None:
        if self.starts < 1 or self.neighbours < 1 or not 0 < self.distance <= math.pi / 2:
            raise BadInput("Zero-order search needs starts and neighbours of at least 1, and a distance up to pi / 2.")

    def of_width(self, width: int, horizon: int) -> ZeroOrder:
        """The same settings with ``width`` neighbours at a time."""
        return replace(self, neighbours=width)

    def run(
        self, task: Task, sampler: NoiseSampler, reward: Reward, *, budget: Budget, seed: int = 0
    ) -> Iterator[Round]:
        """Yield a round for the starts, then one per pivot, until the budget is spent.

        Raises:
            BadInput: the budget has no limit.
        """
        if budget == Budget():
            raise BadInput("Zero-order search would never end: give it a budget with a limit.")
        tracker, horizon = BudgetTracker(budget, reward), sampler.horizon(task)
        plan = to_the_end(horizon, 1)
        paths, scored = tracker.start_paths(task, sampler, 0, self.starts, seed, plan)
        growing = [i for i, path in enumerate(paths) if not path.done]
        scored = (tracker.advance(task, sampler, paths, growing, None) if growing else scored) or []
        fresh, pivot, best = len(paths), None, -math.inf
        while scored:
            place = best_first(scored)[0]
            better = scored[place].reward > best
            note = f"{len(scored)} starts" if pivot is None else f"{len(scored)} neighbours of {pivot.index}"
            if better:
                pivot, best = paths[place], scored[place].reward
            yield tracker.round(scored, note + (", better" if better and tracker.longest else ""))
            paths = self._around(sampler, tracker, pivot, fresh, horizon)
            fresh += len(paths)
            scored = tracker.advance(task, sampler, paths, range(len(paths)), None) if paths else []
        yield tracker.round((), "", tracker.stopped or "done")

    def _around(
        self, sampler: NoiseSampler, tracker: BudgetTracker, pivot: Path | None, fresh: int, horizon: int
    ) -> list[Path]:
        """Neighbours of the pivot, as many as can be paid for."""
        if pivot is None or not tracker.room(1):
            return []
        count, over = tracker.fit(self.neighbours, to_the_end(horizon, 1))
        tracker.stopped = tracker.stopped or over
        return [sampler.near(pivot, fresh + i, self.distance) for i in range(count)]
