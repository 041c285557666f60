"""Stage-level beam search: a few candidates for the next stage, compared in pairs, and one of them is kept.

After LLaVA-CoT (Xu et al. 2024, arXiv:2411.10440), whose stages are summary, caption, reasoning and conclusion; here a
stage is one or more of the sampler's steps. Without a pairwise judge the reward's scores are compared. Left out:
LLaVA-CoT's own judge, which is the model itself with a prompt of its own (any PairwiseJudge serves).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from tts_playground.core import Budget, Path, Reward, Round, Scored, SteppedSampler, Task
from tts_playground.errors import BadInput
from tts_playground.strategies.budget import BudgetTracker, waves
from tts_playground.strategies.judging import Duels, judge_named
from tts_playground.typed import typed


@dataclass(frozen=True)
@typed
class StageBeam:
    """One path at a time, stage by stage, and another one while the budget lasts. Needs a SteppedSampler.

    Raises:
        BadInput: a setting is out of its range.
    """

    candidates: int = 4
    """candidates of a stage, 1 or more"""
    stage: int = 1
    """steps in a stage, 1 or more"""
    judge: Any = None
    """a PairwiseJudge, or the name of a reward; None compares the reward's scores of the views"""

    def __post_init__(self) -> None:
        if self.candidates < 1 or self.stage < 1:
            raise BadInput("Stage beam needs at least 1 candidate and stages of at least 1 step.")

    def of_width(self, width: int, horizon: int) -> StageBeam:
        """The same settings with ``width`` candidates, or 4 where that is fewer: a path ends with as many."""
        return replace(self, candidates=min(width, 4))

    def run(
        self, task: Task, sampler: SteppedSampler, reward: Reward, *, budget: Budget, seed: int = 0
    ) -> Iterator[Round]:
        """Yield a round per stage; paths follow one another until the budget is spent.

        Raises:
            BadInput, UnknownName: the judge is none.
        """
        tracker = BudgetTracker(budget, reward)
        duels = Duels(tracker, task, judge_named(self.judge, task))
        yield from waves(tracker, lambda number: self._path(task, sampler, tracker, duels, number, seed), "Stage beam")

    def _path(
        self, task: Task, sampler: SteppedSampler, tracker: BudgetTracker, duels: Duels, number: int, seed: int
    ) -> Iterator[Round]:
        horizon = tracker.horizon(task, sampler)
        paths, scored = tracker.start_paths(
            task, sampler, number, self.candidates, seed, lambda n: (n * horizon, n * horizon, n)
        )
        if scored:
            yield tracker.round(scored, f"path {number + 1}, finished at once")
        width, fresh = len(paths), max((path.index for path in paths), default=0) + 1
        paths = [path for path in paths if not path.done]
        while paths and (room := tracker.room(len(paths))):
            paths = paths[:room]
            scored = tracker.advance(task, sampler, paths, range(len(paths)), self.stage)
            if scored is None:
                return
            place = self._kept(duels, scored)
            step, bias = max(path.steps for path in paths), f"; {duels.bias}" if duels.bias else ""
            yield tracker.round(scored, f"path {number + 1}, step {step}, candidate {place + 1} of {len(paths)}{bias}")
            kept: Path = paths[place]
            if kept.done:
                return
            paths = [kept, *(sampler.fork(kept, fresh + i) for i in range(width - 1))]
            fresh += width - 1

    def _kept(self, duels: Duels, scored: list[Scored]) -> int:
        """The place of who beats all that come after it; who holds it stays where the budget ends the duels."""
        holder = 0
        for place in range(1, len(scored)):
            won = duels.wins(scored[holder], scored[place])
            if won is None:
                break
            holder = place if won else holder
        return holder
