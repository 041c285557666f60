"""Knockout tournament: independent candidates, compared in pairs, and the winners go on until one is left.

After SANA-1.5 (Xie et al. 2025, arXiv:2501.18427) and Pairwise RM (Liu et al. 2025, arXiv:2501.13007). A judge is asked
both ways around, and the notes say how often the order decided. Without a judge rewards are compared, which is
best-of-N. Left out: SANA's own fine-tuned judge (any PairwiseJudge or reward serves).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from tts_playground.core import Budget, Cost, Reward, Round, Sampler, Scored, Task
from tts_playground.errors import BadInput
from tts_playground.strategies.budget import BudgetTracker
from tts_playground.strategies.judging import Duels, judge_named
from tts_playground.strategies.thrift import drawn
from tts_playground.typed import typed


@dataclass(frozen=True, slots=True)
class _Unseen:
    """Scores nothing: a judge of pairs looks at the candidates, later."""

    name = "unseen"
    revision = "1"
    unit_cost = Cost()

    def score(self, task: Task, samples: Any) -> list[float]:
        """Zeros."""
        return [0.0] * len(samples)


@dataclass(frozen=True)
@typed
class Tournament:
    """Draw until the budget is spent, or ``n`` candidates are there; then knock out.

    Raises:
        BadInput: ``n`` or ``batch`` is below 1.
    """

    n: int | None = None
    """candidates, 1 or more; None leaves it to the budget"""
    judge: Any = None
    """a PairwiseJudge, or the name of a reward; None compares the scores of the reward that guides"""
    batch: int = 8
    """candidates drawn and reported together, 1 or more"""

    def __post_init__(self) -> None:
        if (self.n is not None and self.n < 1) or self.batch < 1:
            raise BadInput("A tournament needs n and batch of at least 1.")

    def of_width(self, width: int, horizon: int) -> Tournament:
        """The same settings with ``width`` candidates."""
        return replace(self, n=width)

    def run(self, task: Task, sampler: Sampler, reward: Reward, *, budget: Budget, seed: int = 0) -> Iterator[Round]:
        """Yield a round per batch, then one per round of the tournament; a judge's winner is the best at its end.

        Raises:
            BadInput: neither ``n`` nor the budget has a limit, or the judge is none. UnknownName: no such judge.
        """
        if self.n is None and budget == Budget():
            raise BadInput("A tournament would never begin: give it an n, or a budget with a limit.")
        judge = judge_named(self.judge, task)
        tracker = BudgetTracker(budget, reward if judge is None else _Unseen())
        duels = Duels(tracker, task, judge)
        players = yield from self._players(task, sampler, tracker, duels, seed)
        why, tracker.stopped = tracker.stopped, ""
        yield from self._knockout(tracker, duels, players, why)

    def _players(
        self, task: Task, sampler: Sampler, tracker: BudgetTracker, duels: Duels, seed: int
    ) -> Generator[Round, None, list[Scored]]:
        """The candidates, as many as can also be compared."""
        players: list[Scored] = []
        while not tracker.stopped and (self.n is None or len(players) < self.n):
            wanted = self.batch if self.n is None else min(self.batch, self.n - len(players))
            before = len(players)
            if not (room := tracker.room(wanted)):
                break
            with closing(drawn(tracker, task, sampler, range(before, before + room), seed)) as come:
                for sample in come:
                    if tracker.refuses(sample.cost + tracker.reward.unit_cost + duels.cost * len(players)):
                        tracker.drop([sample])
                        break
                    players += tracker.score(task, [sample], compete=duels.judge is None)
            if len(players) > before:
                yield tracker.round(players[before:], f"candidates {before + 1} to {len(players)}")
        return players

    def _knockout(self, tracker: BudgetTracker, duels: Duels, players: list[Scored], why: str) -> Iterator[Round]:
        """Round by round; of an odd number the last goes on unopposed."""
        level = 0
        while len(players) > 1 and not tracker.stopped:
            level += 1
            left: list[Scored] = []
            for one, other in zip(players[::2], players[1::2], strict=False):
                left.append(other if duels.wins(one, other) else one)
            left += players[len(players) - len(players) % 2 :]
            names = f"{len(players)} play, {len(left)} go on"
            players = left
            if len(players) > 1:
                yield tracker.round((), f"round {level}: {names}" + (f"; {duels.bias}" if duels.bias else ""))
        if players and duels.judge is not None:
            tracker.consider(Scored(players[0].sample, float(level)))
        note = f"decided in {level} rounds" + (f"; {duels.bias}" if duels.bias else "")
        yield tracker.round((), note, why or tracker.stopped or "done")
