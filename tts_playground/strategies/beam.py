"""Beam search over steps: keep the most promising prefixes, give each a few children, drop what says the same."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from tts_playground.core import Budget, Path, Reward, Round, SteppedSampler, Task
from tts_playground.errors import BadInput
from tts_playground.strategies.budget import BudgetTracker, to_the_end, waves
from tts_playground.strategies.voting import fingerprint
from tts_playground.typed import typed


@dataclass(frozen=True)
@typed
class Beam:
    """Beams of ``width`` prefixes with ``children`` each, one beam after another while the budget lasts.

    Needs a SteppedSampler. Each step scores all prefixes by the reward and keeps ``width / children`` of them (Snell et
    al. 2024); finished candidates leave the beam, which ends when no prefix is left.

    Raises:
        BadInput: ``width`` or ``children`` is below 1.
    """

    width: int = 8
    """prefixes scored in a step, 1 or more"""
    children: int = 4
    """continuations of each prefix that is kept, 1 or more"""

    def __post_init__(self) -> None:
        if self.width < 1 or self.children < 1:
            raise BadInput("Beam search needs a width and children of at least 1.")

    def of_width(self, width: int, horizon: int) -> Beam:
        """``width`` prefixes scored in a step, with ``width // 4`` continuations (at least 2) of each that is kept."""
        return Beam(width, max(2, width // 4))

    def run(
        self, task: Task, sampler: SteppedSampler, reward: Reward, *, budget: Budget, seed: int = 0
    ) -> Iterator[Round]:
        """Yield a round per step of a beam; beams follow one another until the budget is spent."""
        tracker = BudgetTracker(budget, reward)
        yield from waves(tracker, lambda number: self._beam(task, sampler, tracker, number, seed), "Beam search")

    def _beam(
        self, task: Task, sampler: SteppedSampler, tracker: BudgetTracker, number: int, seed: int
    ) -> Iterator[Round]:
        horizon = sampler.horizon(task)
        paths, scored = tracker.start_paths(task, sampler, number, self.width, seed, to_the_end(horizon, horizon))
        if scored:
            yield tracker.round(scored, f"beam {number + 1}, finished at once")
        width, step, fresh = len(paths), 0, max((path.index for path in paths), default=0) + 1
        paths = [path for path in paths if not path.done]
        while paths and (room := tracker.room(len(paths))):
            paths = paths[:room]
            scored = tracker.advance(task, sampler, paths, range(len(paths)))
            if scored is None:
                return
            step += 1
            yield tracker.round(scored, f"beam {number + 1}, step {step}")
            ranked = sorted(zip(scored, paths, strict=True), key=lambda pair: -pair[0].reward)
            kept: dict[Hashable, Path] = {}
            for one, path in ranked:
                if not path.done and len(kept) < max(1, width // self.children):
                    kept.setdefault(fingerprint(one.sample.content), path)
            paths = list[Path]()
            each = min(self.children, width // max(1, len(kept)))
            for path in kept.values():
                copies = [sampler.fork(path, fresh + i) for i in range(each - 1)]
                paths, fresh = [*paths, path, *copies], fresh + len(copies)
