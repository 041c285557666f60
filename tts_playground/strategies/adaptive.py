# scipy ships no types.
# pyright: reportMissingTypeStubs=false
"""As many candidates as it takes: draw until the vote is settled.

Adaptive-Consistency (Aggarwal et al. 2023, arXiv:2305.11860). The test: with the votes v1 and v2 of the two largest
groups and a flat prior, the chance that the leader is drawn more often than the runner-up is 1 - I(1/2; v1 + 1, v2 +
1), where I is the regularised incomplete beta function; drawing stops once it reaches ``surely``. Heads are counted for
the test, whatever weighs in the final vote. Left out: their other stopping rules (entropy, Dirichlet, Chinese
restaurant).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tts_playground.core import Budget, Reward, Round, Sampler, Task
from tts_playground.errors import BadInput
from tts_playground.strategies.budget import BudgetTracker
from tts_playground.strategies.thrift import drawn as drawn_of
from tts_playground.strategies.voting import Ballot, How
from tts_playground.typed import typed


@dataclass(frozen=True)
@typed
class Adaptive:
    """Draw until the vote is settled, the budget is spent, or ``n`` candidates are there.

    Raises:
        BadInput: a setting is out of its range.
    """

    n: int | None = None
    """most candidates, 1 or more; None leaves it to the budget"""
    surely: float = 0.95
    """how sure it must be that the leading answer is the likelier one, 0.5 to below 1"""
    batch: int = 2
    """candidates drawn between two tests, 1 or more"""
    final: How = "majority"
    """whom the candidates elect in the end; "weighted" asks the reward, "best" takes its favourite"""

    def __post_init__(self) -> None:
        if (self.n is not None and self.n < 1) or self.batch < 1 or not 0.5 <= self.surely < 1:
            raise BadInput("Adaptive N needs n and batch of at least 1, and a surely of 0.5 to below 1.")

    def of_width(self, width: int, horizon: int) -> Adaptive:
        """The same settings with at most ``width`` candidates."""
        return replace(self, n=width)

    def run(self, task: Task, sampler: Sampler, reward: Reward, *, budget: Budget, seed: int = 0) -> Iterator[Round]:
        """Yield a round per batch; candidate i is the sampler's sample (seed, i).

        Raises:
            BadInput: neither ``n`` nor the budget has a limit.
        """
        if self.n is None and budget == Budget():
            raise BadInput("Adaptive N might never end: give it an n, or a budget with a limit.")
        ballot, heads = Ballot(task, self.final), Ballot(task, "majority")
        tracker = BudgetTracker(budget, reward, None if self.final == "best" else ballot)
        drawn, sure = 0, 0.0
        while sure < self.surely and (self.n is None or drawn < self.n):
            wanted = self.batch if self.n is None else min(self.batch, self.n - drawn)
            if not (room := tracker.room(wanted)):
                break
            scored = tracker.score(task, drawn_of(tracker, task, sampler, range(drawn, drawn + room), seed))
            for one in scored:
                heads.add(one)
            drawn += room
            if scored:
                sure = settled(sorted((len(ones) for ones in heads.votes().values()), reverse=True))
                yield tracker.round(scored, f"{len(heads.cast)} candidates, the leader is sure to {sure:.0%}")
        note = f"settled after {len(heads.cast)} candidates" if sure >= self.surely else "not settled"
        yield tracker.round((), note, tracker.stopped or "done")


def settled(votes: list[int]) -> float:
    """How sure the leading group is the likelier one.

    Args:
        votes: of each group, the most first; empty for none.
    """
    if not votes:
        return 0.0
    from scipy import special

    first, second = (*votes, 0)[:2]
    return float(1.0 - special.betainc(first + 1, second + 1, 0.5))
