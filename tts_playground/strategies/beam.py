"""Beam search over steps: keep the most promising prefixes, give each a few children, drop what says the same.

After Snell et al. 2024 (arXiv:2408.03314) and search-and-learn: a prefix may be scored by what a rollout of some more
steps comes to, of which only the first step is kept. Left out: sorting completions, and beams that outlive a budget.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from tts_playground.core import Path, Round, Scored, SteppedSampler, Task
from tts_playground.strategies.budget import BudgetTracker, to_the_end
from tts_playground.strategies.kept_prefixes import KeptPrefixes
from tts_playground.strategies.rollouts import scored_ahead
from tts_playground.strategies.voting import fingerprint
from tts_playground.typed import typed


@dataclass(frozen=True)
@typed
class Beam(KeptPrefixes):
    """Beams of ``width`` prefixes with ``children`` each, one beam after another while the budget lasts.

    Needs a SteppedSampler. Each step scores all prefixes by the reward and keeps ``width // children`` of them (Snell
    et al. 2024); where that leaves a rest, the best of them have a continuation more, so that ``width`` are scored
    again. Finished candidates leave the beam, which narrows where fewer prefixes are left and ends when none is.

    Raises:
        BadInput: a setting is out of its range.
    """

    title = "Beam search"

    distinct: bool = True
    """whether of prefixes that say the same only one is kept"""

    def _wave(
        self, task: Task, sampler: SteppedSampler, tracker: BudgetTracker, number: int, seed: int, foretell: bool
    ) -> Iterator[Round]:
        horizon = tracker.horizon(task, sampler)
        plan = to_the_end(horizon * (1 + self.lookahead), horizon)
        paths, scored = tracker.start_paths(task, sampler, number, self.width, seed, plan)
        if scored:
            yield tracker.round(scored, f"beam {number + 1}, finished at once")
        width, step, fresh = len(paths), 0, max((path.index for path in paths), default=0) + 1
        paths = [path for path in paths if not path.done]
        while paths and (room := tracker.room(len(paths))):
            paths = paths[:room]
            if not tracker.grow(task, sampler, paths, range(len(paths))):
                return
            scored = scored_ahead(tracker, task, sampler, paths, self.lookahead, fresh, foretell=foretell)
            if scored is None:
                return
            step, fresh = step + 1, fresh + (len(paths) if self.lookahead else 0)
            yield tracker.round(scored, f"beam {number + 1}, step {step}")
            kept = self._kept(paths, scored, width)
            paths = list[Path]()
            for path, count in zip(kept, self._shares(len(kept), width), strict=True):
                copies = [sampler.fork(path, fresh + i) for i in range(count - 1)]
                paths, fresh = [*paths, path, *copies], fresh + len(copies)

    def _shares(self, kept: int, width: int) -> list[int]:
        """Continuations of each of so many prefixes, best first: ``children``, and what fills ``self.width`` up."""
        most = -(-self.width // max(1, self.width // self.children))
        total = min(width, kept * most)
        return [total // kept + (place < total % kept) for place in range(kept)]

    def _kept(self, paths: list[Path], scored: list[Scored], width: int) -> list[Path]:
        """The best unfinished prefixes; where they are to be distinct, no two of which say the same."""
        kept: dict[Hashable, Path] = {}
        for one, path in sorted(zip(scored, paths, strict=True), key=lambda pair: -pair[0].reward):
            if not path.done and len(kept) < max(1, width // self.children):
                kept.setdefault(fingerprint(one.sample.content) if self.distinct else path.index, path)
        return list(kept.values())
