"""Sequential Monte Carlo steering: particles grow step by step and are resampled by how promising they look.

Feynman-Kac steering (Singhal et al. 2025) with potentials made of exp(lambda r). The last potential of a particle
divides by those before it, so that the target is p(x) exp(lambda r(x)) whatever was rewarded on the way. A finished
particle leaves the resampling with its weight, and those that still grow share out theirs among themselves: so weighted
(``Weights.shares``) a population has that target whatever lengths its paths have, and nothing finished was in vain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tts_playground.core import Budget, Path, Reward, Round, SteppedSampler, Task
from tts_playground.errors import BadInput
from tts_playground.randomness import generator
from tts_playground.strategies.budget import BudgetTracker, to_the_end, waves
from tts_playground.typed import typed

POTENTIALS = ("max", "difference", "sum", "reward")


@dataclass(frozen=True)
@typed
class SMC:
    """Populations of particles, one after another while the budget lasts. Needs a SteppedSampler.

    Every particle of a population that the budget sees to its end becomes a candidate, exactly one.

    Raises:
        BadInput: a setting is out of its range, or there is no such potential.
    """

    particles: int = 4
    """1 or more"""
    sharpness: float = 10.0
    """lambda, per unit of reward; 0 or more"""
    potential: Literal["max", "difference", "sum", "reward"] = "max"
    """what a step is rewarded for: the best prefix so far, the gain, the sum so far, or the prefix as it stands"""
    threshold: float = 0.5
    """resample when the effective sample size falls below this share of the particles that grow, 0-1"""
    schedule: tuple[float, ...] = ()
    """when to resample, as shares of the way, above 0 and below 1; none goes by the threshold (the paper has both). The
    way is the longest path that came to its end; before there is one, the most steps that a path may take. What turns
    out to be past already is made up for at once."""

    def __post_init__(self) -> None:
        if self.particles < 1 or self.sharpness < 0 or not 0 <= self.threshold <= 1:
            raise BadInput("SMC needs at least 1 particle, a sharpness of at least 0 and a threshold from 0 to 1.")
        if not all(0 < share < 1 for share in self.schedule):
            raise BadInput("SMC's schedule is of shares of the way, above 0 and below 1.")
        if self.potential not in POTENTIALS:
            raise BadInput(f"SMC's potential must be one of {', '.join(POTENTIALS)}, not {self.potential!r}.")

    def of_width(self, width: int, horizon: int) -> SMC:
        """The same settings with ``width`` particles."""
        return replace(self, particles=width)

    def run(
        self, task: Task, sampler: SteppedSampler, reward: Reward, *, budget: Budget, seed: int = 0
    ) -> Iterator[Round]:
        """Yield a round per step of a population; populations follow one another until the budget is spent."""
        tracker = BudgetTracker(budget, reward)
        yield from waves(tracker, lambda number: self._population(task, sampler, tracker, number, seed), "SMC")

    def _population(
        self, task: Task, sampler: SteppedSampler, tracker: BudgetTracker, number: int, seed: int
    ) -> Iterator[Round]:
        horizon = tracker.horizon(task, sampler)
        paths, scored = tracker.start_paths(task, sampler, number, self.particles, seed, to_the_end(horizon, horizon))
        if scored:
            yield tracker.round(scored, f"population {number + 1}, finished at once")
        weights, schedule = Weights(self, len(paths)), set(self.schedule)
        finished = [i for i, path in enumerate(paths) if path.done]
        weights.update(finished, [one.reward for one in scored], [True] * len(finished))
        fresh, step = max((path.index for path in paths), default=0) + 1, 0
        while not tracker.stopped and not all(path.done for path in paths):
            growing = [i for i, path in enumerate(paths) if not path.done]
            scored = tracker.advance(task, sampler, paths, growing)
            if scored is None:
                return
            step += 1
            weights.update(growing, [one.reward for one in scored], [paths[i].done for i in growing])
            past = {share for share in schedule if _stop(share, tracker.horizon(task, sampler)) <= step}
            schedule -= past
            note = f"population {number + 1}, step {step}"
            if weights.growing.sum() > 1 and (past if self.schedule else weights.due()):
                paths = _copied(sampler, paths, weights.resample(generator(seed, number, step, "smc")), fresh)
                fresh, note = max(fresh, *(path.index + 1 for path in paths)), note + ", resampled"
            yield tracker.round(scored, note)


def _stop(share: float, horizon: int) -> int:
    """The step at a share of the way: the first at least, and before the last one, where nothing grows any more."""
    return max(1, min(round(share * horizon), horizon - 1))


def _copied(sampler: SteppedSampler, paths: list[Path], chosen: list[int], fresh: int) -> list[Path]:
    """The ``chosen`` paths; a second copy goes its own way, by the next unused index from ``fresh`` on."""
    kept, seen = list[Path](), set[int]()
    for parent in chosen:
        again = parent in seen
        kept.append(sampler.fork(paths[parent], fresh) if again else paths[parent])
        seen.add(parent)
        fresh += again
    return kept


class Weights:
    """Log weights of a population, and the potentials of every particle's past since it began."""

    def __init__(self, settings: SMC, size: int) -> None:
        self.settings = settings
        self.log = np.zeros(size)
        """of those that grow 0 each after resampling; of finished ones their weight beside these"""
        self.growing = np.ones(size, bool)
        self.past = np.tile([0.0, -np.inf, 0.0, 0.0], (size, 1))
        """per particle: last reward, best reward (of none yet: -inf), sum of rewards, sum of log potentials"""

    def update(self, which: list[int], rewards: list[float], done: list[bool]) -> None:
        """Take in the rewards of the particles that grew; a finished one's potentials multiply to exp(lambda r)."""
        for i, reward, final in zip(which, rewards, done, strict=True):
            last, best, total, spent = self.past[i]
            best, total = max(best, reward), total + reward
            kinds = {"max": best, "difference": reward - last, "sum": total, "reward": reward}
            potential = self.settings.sharpness * kinds[self.settings.potential]
            if final:
                potential = self.settings.sharpness * reward - spent
                self.growing[i] = False
            self.log[i] += potential
            self.past[i] = reward, best, total, spent + potential

    def shares(self) -> NDArray[np.float64]:
        """[particles] weights, which sum to 1; once all are finished, of the target p(x) exp(lambda r(x))."""
        return _normal(self.log)

    def effective(self) -> float:
        """Effective sample size of those that grow, 1 to their number."""
        return float(1 / np.sum(_normal(self.log[self.growing]) ** 2))

    def due(self) -> bool:
        """Whether that is below the threshold."""
        return self.effective() < self.settings.threshold * self.growing.sum()

    def resample(self, rng: np.random.Generator) -> list[int]:
        """Systematic resampling (Kitagawa 1996) of those that grow; finished ones stay, and so does the sum of weights.

        Returns:
            For each place the parent of its new particle, ascending among those that grow.
        """
        places = np.arange(len(self.log))[self.growing]
        own, size = self.log[places], len(places)
        offsets = (rng.random() + np.arange(size)) / size
        chosen = np.arange(len(self.log))
        chosen[places] = places[np.minimum(np.searchsorted(np.cumsum(_normal(own)), offsets), size - 1)]
        mean = float(np.logaddexp.reduce(own)) - np.log(size)
        self.past, self.log = self.past[chosen], np.where(self.growing, 0.0, self.log - mean)
        return [int(i) for i in chosen]


def _normal(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights that sum to 1, of their logarithms."""
    weights = np.exp(logs - logs.max())
    return weights / weights.sum()
