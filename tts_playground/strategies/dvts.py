"""Diverse verifier tree search: a beam cut into independent subtrees, each of which keeps its best child at every step.

After Beeching et al. 2024 ("Scaling test-time compute with open models", search-and-learn). Subtrees never exchange
anything, so the candidates stay as diverse as their beginnings. Left out: the hub's sorting and filtering of
completions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tts_playground.core import Path, Round, Scored, SteppedSampler, Task
from tts_playground.strategies.budget import BudgetTracker, best_first, to_the_end
from tts_playground.strategies.kept_prefixes import KeptPrefixes
from tts_playground.strategies.rollouts import scored_ahead
from tts_playground.typed import typed


@dataclass(frozen=True)
@typed
class DVTS(KeptPrefixes):
    """``width / children`` subtrees at a time, one wave after another while the budget lasts. Needs a SteppedSampler.

    Raises:
        BadInput: a setting is out of its range.
    """

    title = "DVTS"

    def _wave(
        self, task: Task, sampler: SteppedSampler, tracker: BudgetTracker, number: int, seed: int, foretell: bool
    ) -> Iterator[Round]:
        horizon = tracker.horizon(task, sampler)
        plan = to_the_end(horizon * (1 + self.lookahead), horizon)
        paths, scored = tracker.start_paths(task, sampler, number, self.width, seed, plan)
        if scored:
            yield tracker.round(scored, f"wave {number + 1}, finished at once")
        fresh, step = max((path.index for path in paths), default=0) + 1, 0
        going = [path for path in paths if not path.done]
        trees = [going[i : i + self.children] for i in range(0, len(going), self.children)]
        while trees and (room := tracker.room(sum(map(len, trees)))):
            trees = _within(trees, room)
            flat = [path for tree in trees for path in tree]
            if not tracker.grow(task, sampler, flat, range(len(flat))):
                return
            scored = scored_ahead(tracker, task, sampler, flat, self.lookahead, fresh, foretell=foretell)
            if scored is None:
                return
            step, fresh = step + 1, fresh + (len(flat) if self.lookahead else 0)
            yield tracker.round(scored, f"wave {number + 1}, step {step} of {len(trees)} subtrees")
            grown = list[list[Path]]()
            for place, tree in enumerate(trees):
                begin = sum(map(len, trees[:place]))
                best = _best(flat[begin : begin + len(tree)], scored[begin : begin + len(tree)])
                if not best.done:  # a subtree whose best child is whole is at its end
                    copies = [sampler.fork(best, fresh + i) for i in range(len(tree) - 1)]
                    grown, fresh = [*grown, [best, *copies]], fresh + len(copies)
            trees = grown


def _best(paths: list[Path], scored: list[Scored]) -> Path:
    return paths[best_first(scored)[0]]


def _within(trees: list[list[Path]], room: int) -> list[list[Path]]:
    """The subtrees with ``room`` paths in all: the widest lose children first, then the last subtrees go."""
    trees = [list(tree) for tree in trees[:room]]
    while sum(map(len, trees)) > room:
        max(reversed(trees), key=len).pop()
    return trees
