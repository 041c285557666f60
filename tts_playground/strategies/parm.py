"""PARM: many paths begin, those whose partial views promise little are dropped, and the best of the rest is kept.

After Guo et al. 2025 (arXiv:2501.13926), who ask a model of each partial image whether it is clear enough to be judged,
then whether it has potential, and take the best of the N' that are left. Here a reward ranks the views, or ``judge``
says yes or no of each; a dropped path is not drawn any further: its tokens are saved, not only ignored. Left out: the
first of the two questions (``looks`` begin when views are clear), and their own fine-tuned judge.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from math import ceil
from typing import Any

from tts_playground.core import Budget, Reward, Round, SteppedSampler, Task
from tts_playground.errors import BadInput
from tts_playground.strategies.budget import BudgetTracker, Plan, best_first, checkpoints, waves
from tts_playground.strategies.judging import yes_or_no
from tts_playground.typed import typed


@dataclass(frozen=True)
@typed
class PARM:
    """Waves of paths, thinned out on their way, one wave after another while the budget lasts. Needs a SteppedSampler.

    Raises:
        BadInput: a setting is out of its range.
    """

    paths: int = 8
    """paths that begin in a wave, 1 or more; fewer where the budget does not see them through"""
    keep: float = 0.5
    """share of the paths that goes on after each look, above 0 to 1; one always does"""
    looks: tuple[float, ...] = (0.25, 0.5, 0.75)
    """when paths are judged, as shares of the way, above 0 and below 1: earlier views are not clear enough"""
    judge: Any = None
    """a Reward or the name of one that answers 0-1 ("vqascore": P(yes) of a vision-language model): paths of 0.5 or
    more go on, instead of the ``keep`` that the reward ranks first; of none, the best"""

    def __post_init__(self) -> None:
        if self.paths < 1 or not 0 < self.keep <= 1 or not all(0 < look < 1 for look in self.looks):
            raise BadInput("PARM needs at least 1 path, a keep above 0 to 1, and looks between 0 and 1.")

    def of_width(self, width: int, horizon: int) -> PARM:
        """The same settings with ``width`` paths that begin together."""
        return replace(self, paths=width)

    def run(
        self, task: Task, sampler: SteppedSampler, reward: Reward, *, budget: Budget, seed: int = 0
    ) -> Iterator[Round]:
        """Yield a round per look of a wave; waves follow one another until the budget is spent.

        Raises:
            BadInput, UnknownName: the judge is none.
        """
        tracker, judge = BudgetTracker(budget, reward), yes_or_no(self.judge, task)
        yield from waves(tracker, partial(self._wave, task, sampler, tracker, judge, seed), "PARM")

    def _wave(
        self, task: Task, sampler: SteppedSampler, tracker: BudgetTracker, judge: Reward | None, seed: int, number: int
    ) -> Iterator[Round]:
        ends = checkpoints(self.looks, sampler.horizon(task))
        paths, scored = tracker.start_paths(task, sampler, number, self.paths, seed, self._plan(ends))
        if scored:
            yield tracker.round(scored, f"wave {number + 1}, finished at once")
        paths, at, saved = [path for path in paths if not path.done], 0, 0
        for end in ends:
            scored = tracker.advance(task, sampler, paths, range(len(paths)), end - at, judge=judge) if paths else None
            if scored is None:
                return
            at, judged = end, len(paths)
            going = [i for i in best_first(scored) if not paths[i].done]
            kept = self._kept(len(going))
            if judge is not None:
                kept = min(len(going), max(1, sum(scored[i].reward >= 0.5 for i in going)))
            paths = [paths[i] for i in going[:kept]]
            saved += (
                (len(going) - len(paths)) * (ends[-1] - end) * (tracker.step_cost.tokens if tracker.step_cost else 0)
            )
            dropped = f", {len(going) - len(paths)} dropped: {saved:,} tokens saved" if going else ""
            yield tracker.round(scored, f"wave {number + 1}, step {end} of {ends[-1]}: {judged} judged{dropped}")

    def _kept(self, paths: int) -> int:
        return min(paths, max(1, ceil(paths * self.keep)))

    def _plan(self, ends: list[int]) -> Plan:
        """What a wave comes to if no path ends before the others."""

        def plan(count: int) -> tuple[int, int, int]:
            steps = views = at = 0
            left = count
            for end in ends:
                steps, views, at = steps + left * (end - at), views + left, end
                count, left = left, self._kept(left) if self.judge is None else left
            return steps, max(views, count), count

        return plan
