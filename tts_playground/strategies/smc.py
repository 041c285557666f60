"""Sequential Monte Carlo steering: particles grow step by step and are resampled by how promising they look.

Feynman-Kac steering (Singhal et al. 2025) with potentials made of exp(lambda r). The last potential of a particle
divides by those before it, so that the target is p(x) exp(lambda r(x)) whatever was rewarded on the way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tts_playground.core import Budget, Reward, Round, SteppedSampler, Task
from tts_playground.errors import BadInput
from tts_playground.randomness import generator
from tts_playground.strategies.budget import BudgetTracker, checkpoints, to_the_end, waves
from tts_playground.typed import typed

POTENTIALS = ("max", "difference", "sum", "reward")


@dataclass(frozen=True)
@typed
class SMC:
    """Populations of particles, one after another while the budget lasts. Needs a SteppedSampler.

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
    """resample when the effective sample size falls below this share of the particles, 0-1"""
    schedule: tuple[float, ...] = ()
    """when to resample, as shares of the way, above 0 and below 1; none goes by the threshold (the paper has both)"""

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
        size, times = len(paths), set(checkpoints(self.schedule, sampler.horizon(task))) if self.schedule else None
        fresh, weights, step = max((path.index for path in paths), default=0) + 1, Weights(self, size), 0
        while not tracker.stopped and not all(path.done for path in paths):
            growing = [i for i, path in enumerate(paths) if not path.done]
            scored = tracker.advance(task, sampler, paths, growing)
            if scored is None:
                return
            step += 1
            weights.update(growing, [one.reward for one in scored], [paths[i].done for i in growing])
            note = f"population {number + 1}, step {step}"
            due = weights.effective() < self.threshold * size if times is None else step in times
            if due and not all(path.done for path in paths):
                chosen = weights.resample(generator(seed, number, step, "smc"))
                kept = [paths[i] for i in chosen]
                for slot, parent in enumerate(chosen):
                    if slot and parent == chosen[slot - 1] and not kept[slot].done:  # a second copy goes its own way
                        kept[slot], fresh = sampler.fork(paths[parent], fresh), fresh + 1
                paths, note = kept, note + ", resampled"
            yield tracker.round(scored, note)


class Weights:
    """Log weights of a population since it was last resampled, and the potentials of every particle's past."""

    def __init__(self, settings: SMC, size: int) -> None:
        self.settings = settings
        self.log = np.zeros(size)
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
            self.log[i] += potential
            self.past[i] = reward, best, total, spent + potential

    def shares(self) -> NDArray[np.float64]:
        """[particles] weights, which sum to 1."""
        weights = np.exp(self.log - self.log.max())
        return weights / weights.sum()

    def effective(self) -> float:
        """Effective sample size, 1 to the number of particles."""
        return float(1 / np.sum(self.shares() ** 2))

    def resample(self, rng: np.random.Generator) -> list[int]:
        """Systematic resampling (Kitagawa 1996): parents of the new particles, sorted; weights become equal."""
        size = len(self.log)
        places = (rng.random() + np.arange(size)) / size
        chosen = np.minimum(np.searchsorted(np.cumsum(self.shares()), places), size - 1)
        self.past, self.log = self.past[chosen], np.zeros(size)
        return [int(i) for i in chosen]
