"""Best-first tree search: always the most promising unfinished prefix is expanded next, wherever in the tree it is.

After Koh et al. 2024 ("Tree search for language model agents", arXiv:2407.01476): a heap by value, branching 5, a
budget of 20 nodes, depth 5. What reaches that depth is drawn to its end, as their agents act and are then judged. Left
out: their value function, which asks a vision-language model many times (any reward serves), and going back in an
environment.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count as count_from

from tts_playground.core import Budget, Path, Reward, Round, SteppedSampler, Task
from tts_playground.errors import BadInput
from tts_playground.strategies.budget import WAVE, BudgetTracker, waves
from tts_playground.typed import typed


@dataclass(frozen=True)
@typed
class BestFirst:
    """Trees, one after another while the budget lasts. Needs a SteppedSampler.

    Raises:
        BadInput: a setting is out of its range.
    """

    branching: int = 5
    """children of a prefix that is expanded, 1 or more"""
    nodes: int = 20
    """prefixes expanded in a tree, 1 or more"""
    depth: int = 5
    """steps after which a prefix that is the best is drawn to its end, 1 or more"""

    def __post_init__(self) -> None:
        if self.branching < 1 or self.nodes < 1 or self.depth < 1:
            raise BadInput("Best-first search needs branching, nodes and depth of at least 1.")

    def run(
        self, task: Task, sampler: SteppedSampler, reward: Reward, *, budget: Budget, seed: int = 0
    ) -> Iterator[Round]:
        """Yield a round per expansion and per path that is drawn to its end, until the budget is spent."""
        tracker = BudgetTracker(budget, reward)
        yield from waves(tracker, lambda number: self._tree(task, sampler, tracker, number, seed), "Best-first search")

    def _tree(
        self, task: Task, sampler: SteppedSampler, tracker: BudgetTracker, number: int, seed: int
    ) -> Iterator[Round]:
        whole = tracker.horizon(task, sampler)
        paths, scored = tracker.start_paths(task, sampler, number, 1, seed, lambda n: (n * whole, n * whole, n))
        if scored:
            yield tracker.round(scored, f"tree {number + 1}, finished at once")
        heap: list[tuple[float, int, Path]] = [(0.0, 0, path) for path in paths if not path.done]
        fresh, ended, order = number * WAVE + 1, 0, count_from(1)
        for turn in range(self.nodes):
            if not heap or tracker.stopped:
                return
            _, _, path = heappop(heap)
            name = f"tree {number + 1}, node {turn + 1}"
            count = self._children(task, sampler, tracker, path) if path.steps < self.depth else 0
            if not count:  # it is deep enough, or too dear to branch; what is too dear to end makes way for others
                ended += yield from self._ended(task, sampler, tracker, path, name)
                continue
            children = [path if not turn else sampler.fork(path, fresh)]
            children += [sampler.fork(path, fresh + 1 + i) for i in range(count - 1)]
            fresh += count
            scored = tracker.advance(task, sampler, children, range(count))
            if scored is None:
                return
            yield tracker.round(scored, f"{name}, step {path.steps + 1}")
            for child, one in zip(children, scored, strict=True):
                ended += child.done
                if not child.done:
                    heappush(heap, (-one.reward, next(order), child))
        while heap and not ended and not tracker.stopped:
            ended += yield from self._ended(
                task, sampler, tracker, heappop(heap)[2], f"tree {number + 1}, what is left"
            )

    def _children(self, task: Task, sampler: SteppedSampler, tracker: BudgetTracker, path: Path) -> int:
        """Children that the budget sees, with one of them drawn to its end."""
        left = max(0, tracker.horizon(task, sampler) - path.steps - 1)
        wanted = tracker.room(self.branching)
        return tracker.fit(wanted, lambda n: (n + left, n + 1, 1))[0] if wanted else 0

    def _ended(
        self, task: Task, sampler: SteppedSampler, tracker: BudgetTracker, path: Path, name: str
    ) -> Generator[Round, None, bool]:
        """Draw a path to its end; False where the budget does not see that, or ends it."""
        left = max(1, tracker.horizon(task, sampler) - path.steps)
        seen = tracker.room(1) and tracker.affords(left, 1, 1)
        paths = [path]
        scored = tracker.advance(task, sampler, paths, [0], None) if seen else None
        if scored is None:
            return False
        yield tracker.round(scored, f"{name}, drawn to its end")
        return True
