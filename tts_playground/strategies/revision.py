"""Sequential revision beside parallel draws: chains of attempts, each shown the one before it and what was said of it.

After Snell et al. 2024 (arXiv:2408.03314), who search the grid of parallel x serial at equal tokens, and CodeMonkeys
(Ehrlich et al. 2025, arXiv:2501.14723), which ends with a selection by tests that did not guide: ``tests``. Left out: a
model trained to revise (any RevisingSampler serves), and CodeMonkeys' tests that a model writes: on drawings pixels
that the reward does not see are the tests (``pixels:seen`` guides, ``pixels:held-out`` tests).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tts_playground import registry
from tts_playground.core import Budget, RevisingSampler, Reward, Round, Scored, Task
from tts_playground.core.scores import scores_of
from tts_playground.errors import BadInput
from tts_playground.strategies.budget import WAVE, BudgetTracker, waves
from tts_playground.strategies.thrift import drawn
from tts_playground.typed import typed


@dataclass(frozen=True)
@typed
class Revision:
    """Grids of ``parallel`` chains and ``serial`` attempts, one grid after another while the budget lasts.

    Needs a RevisingSampler.

    Raises:
        BadInput: a setting is out of its range.
    """

    parallel: int = 4
    """chains that begin with an independent draw, 1 or more"""
    serial: int = 4
    """attempts in a chain, the first one included, 1 or more; 1 is best-of-N"""
    onto: Literal["best", "last"] = "best"
    """which attempt of a chain is revised next"""
    tests: str = ""
    """a registered reward or verifier that looks at the best of each chain at its end and chooses among them; "" leaves
    that to the reward that guides"""

    def __post_init__(self) -> None:
        if self.parallel < 1 or self.serial < 1:
            raise BadInput("Revision needs at least 1 chain and 1 attempt in it.")

    def of_width(self, width: int, horizon: int) -> Revision:
        """The grid of ``width`` attempts in all that is nearest to a square, at least as long as wide."""
        parallel = max(n for n in range(1, width + 1) if n * n <= width)
        return replace(self, parallel=parallel, serial=max(1, width // parallel))

    def run(
        self, task: Task, sampler: RevisingSampler, reward: Reward, *, budget: Budget, seed: int = 0
    ) -> Iterator[Round]:
        """Yield a round per attempt of all chains; with ``tests`` there is a best once the first grid is whole.

        Raises:
            BadInput, UnknownName: the tests are none of this task.
        """
        tests = registry.resolve("reward", self.tests, task.kind) if self.tests else None
        tracker = BudgetTracker(budget, reward)
        yield from waves(tracker, lambda number: self._grid(task, sampler, tracker, tests, number, seed), "Revision")

    def _grid(
        self,
        task: Task,
        sampler: RevisingSampler,
        tracker: BudgetTracker,
        tests: Reward | None,
        number: int,
        seed: int,
    ) -> Iterator[Round]:
        chains = yield from self._begun(task, sampler, tracker, tests is None, number, seed)
        fresh = number * WAVE + len(chains)
        for turn in range(1, self.serial):
            revised: list[Scored] = []
            for chain in chains:
                if not tracker.room(1):
                    break
                attempt = chain[-1] if self.onto == "last" else max(chain, key=lambda one: one.reward)
                come = sampler.revise(task, attempt.sample, verdict(tracker.reward, attempt), [fresh], seed=seed)
                fresh += 1
                new = tracker.score(task, come, compete=tests is None)
                chain += new
                revised += new
            if revised:
                yield tracker.round(revised, f"grid {number + 1}, attempt {turn + 1} of {self.serial}")
            if tracker.stopped:
                break
        if tests is not None and chains:
            yield self._selected(task, tracker, tests, chains, number)

    def _begun(
        self, task: Task, sampler: RevisingSampler, tracker: BudgetTracker, compete: bool, number: int, seed: int
    ) -> Generator[Round, None, list[list[Scored]]]:
        """The first attempts of all chains."""
        if not (room := tracker.room(self.parallel)):
            return []
        first = number * WAVE
        come = drawn(tracker, task, sampler, range(first, first + room), seed)
        scored = tracker.score(task, come, compete=compete)
        if scored:
            yield tracker.round(scored, f"grid {number + 1}, first attempts")
        return [[one] for one in scored]

    def _selected(
        self, task: Task, tracker: BudgetTracker, tests: Reward, chains: Sequence[Sequence[Scored]], number: int
    ) -> Round:
        """Let the tests choose among the best of each chain, as far as they can be paid for."""
        finalists = [max(chain, key=lambda one: one.reward) for chain in chains]
        tested = [one for one in finalists if tracker.pay(tests.unit_cost)]
        scores = scores_of(tests, task, [one.sample for one in tested]) if tested else []
        for one, score in zip(tested, scores, strict=True):
            tracker.consider(Scored(one.sample, score))
        if not tested and tracker.best is None:  # no test could be paid for: the guide's word is all there is
            tracker.consider(Scored(finalists[0].sample, float("-inf")))
        return tracker.round((), f"grid {number + 1}: {len(tested)} of {len(finalists)} tested by {tests.name}")


def verdict(reward: Reward, attempt: Scored) -> str:
    """What a sampler is told of an attempt: its score, in words."""
    return f"Its score ({reward.name}) is {attempt.reward:.3g}; a better one is wanted."
