"""Monte Carlo tree search over steps: a walk from the root by UCT, children where there are none yet, values backed up.

After Kocsis and Szepesvari 2006 (UCT), LATS (Zhou et al. 2023, arXiv:2310.04406), rStar-Math (Guan et al. 2025,
arXiv:2501.04519), whose walks go down to a whole candidate as they do here, and R-MCTS (Yu et al. 2024,
arXiv:2410.02052), which writes a reflection on a failed branch. Values are scaled to 0-1 within a tree, as MuZero does,
because rewards have any scale. Left out: a policy's prior, and R-MCTS's debate and its retrieval of reflections from
other tasks.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Literal

from tts_playground.core import Budget, ContinuingSampler, Path, Reward, Round, SteppedSampler, Task
from tts_playground.errors import BadInput
from tts_playground.strategies.budget import WAVE, BudgetTracker, waves
from tts_playground.strategies.reflection import reflected
from tts_playground.strategies.search_tree import Scale, TreeNode
from tts_playground.typed import typed


@dataclass(frozen=True)
@typed
class MCTS:
    """Trees, one after another while the budget lasts: a tree that is walked through gives way to a fresh one.

    Needs a SteppedSampler. Each walk costs less than the one before it, because it shares more of the tree.

    Raises:
        BadInput: a setting is out of its range.
    """

    children: int = 4
    """continuations of a node that is expanded, 1 or more"""
    exploration: float = 1.0
    """c of UCT, 0 or more: how much a node that was seldom walked through is favoured"""
    value: Literal["reward", "rollout"] = "reward"
    """what a fresh child is worth: the reward of its view, or that of one path from it to the end"""
    walks: int = 16
    """walks through a tree before a fresh one is begun, 1 or more"""
    reflect: bool = False
    """whether a branch that failed is followed by a text of the model on what went wrong; needs a ContinuingSampler"""

    def __post_init__(self) -> None:
        if self.children < 1 or self.exploration < 0 or self.walks < 1:
            raise BadInput("MCTS needs at least 1 child and 1 walk, and an exploration of 0 or more.")

    def run(
        self, task: Task, sampler: SteppedSampler, reward: Reward, *, budget: Budget, seed: int = 0
    ) -> Iterator[Round]:
        """Yield a round per expansion; trees follow one another until the budget is spent.

        Raises:
            BadInput: reflections are asked for, and the sampler cannot write them.
        """
        if self.reflect and not isinstance(sampler, ContinuingSampler):
            raise BadInput("Reflections are written into a candidate, which this sampler cannot; leave reflect off.")
        tracker = BudgetTracker(budget, reward)
        yield from waves(tracker, lambda number: _Tree(self, task, sampler, tracker, number, seed).run(), "MCTS")


class _Tree:
    """One tree in the making."""

    def __init__(
        self, settings: MCTS, task: Task, sampler: SteppedSampler, tracker: BudgetTracker, number: int, seed: int
    ) -> None:
        self.settings, self.task, self.sampler, self.tracker = settings, task, sampler, tracker
        self.number, self.seed = number, seed
        self.fresh = number * WAVE
        self.scale = Scale()
        self.ended = list[float]()
        """rewards of what walks came to"""

    def run(self) -> Iterator[Round]:
        """Walk by walk, until all of the tree is known or the budget is spent."""
        paths, scored = self.tracker.start_paths(
            self.task, self.sampler, self.number, 1, self.seed, lambda n: self._plan(n, 0)
        )
        if scored:
            yield self.tracker.round(scored, f"tree {self.number + 1}, finished at once")
        if not paths or paths[0].done:
            return
        root, self.fresh = TreeNode(paths[0]), self.fresh + 1
        for walk in range(self.settings.walks):
            if root.closed or self.tracker.stopped:
                return
            yield from self._walk(root, walk)

    def _plan(self, children: int, depth: int) -> tuple[int, int, int]:
        """Steps, views and finished candidates of an expansion at a depth, and of one path from there to the end."""
        left = max(0, self.tracker.horizon(self.task, self.sampler) - depth - 1)
        if self.settings.value == "rollout":
            return children * (1 + left), children, children
        return children + left, children + left, 1

    def _walk(self, root: TreeNode, walk: int) -> Iterator[Round]:
        """From the root to a whole candidate, or (by rollouts) to the first node without children."""
        node = root
        while not node.path.done:
            if not node.children:
                if not (count := self._affordable(node)):
                    return
                note = f"tree {self.number + 1}, walk {walk + 1}, step {node.path.steps + 1}"
                expanded = yield from self._expanded(node, count, note)
                if not expanded or self.settings.value == "rollout":
                    return
            node = node.best_child(self.settings.exploration, self.scale)
        failed = bool(self.ended) and node.reward < sum(self.ended) / len(self.ended)
        self.ended.append(node.reward)
        node.back_up(node.reward)
        node.close()
        if failed and self.settings.reflect and node.parent is not None:
            self._reflect(node, node.parent)

    def _affordable(self, node: TreeNode) -> int:
        """Children that the budget sees, with one path from here to the end; notes which limit is in the way of one."""
        wanted = self.tracker.room(self.settings.children)
        count, over = self.tracker.fit(wanted, lambda n: self._plan(n, node.path.steps)) if wanted else (0, "")
        self.tracker.stopped = self.tracker.stopped or over
        return count

    def _expanded(self, node: TreeNode, count: int, note: str) -> Generator[Round, None, bool]:
        """Give a node ``count`` children with their values; False where the budget ends it."""
        first = [node.path] if node.parent is None and not node.reopened else []
        paths: list[Path] = [*first, *self._forks(node.path, count - len(first))]
        tracker = self.tracker
        if self.settings.value == "reward":
            scored = tracker.advance(self.task, self.sampler, paths, range(len(paths)))
        elif tracker.grow(self.task, self.sampler, paths, range(len(paths))):
            ends = [path if path.done else self._forks(path, 1)[0] for path in paths]
            scored = tracker.advance(self.task, self.sampler, ends, range(len(ends)), None)
        else:
            scored = None
        if scored is None:
            return False
        yield tracker.round(scored, note)
        for path, one in zip(paths, scored, strict=True):
            child = node.add(path, one.reward)
            self.scale.see(one.reward)
            if self.settings.value == "rollout":
                node.back_up(one.reward)  # the child counts it already, as its own reward
                if path.done:
                    child.close()
        return True

    def _forks(self, path: Path, count: int) -> list[Path]:
        made = [self.sampler.fork(path, self.fresh + i) for i in range(count)]
        self.fresh += count
        return made

    def _reflect(self, failed: TreeNode, above: TreeNode) -> None:
        """Write what went wrong behind the prefix that the failed branch left, and let it have children again."""
        if above.reopened or not isinstance(self.sampler, ContinuingSampler):
            return
        asked = self._forks(failed.path, 1)[0]
        path = reflected(self.tracker, self.task, self.sampler, asked, above.path)
        if path is not None:
            above.reopen(self._forks(path, 1)[0])
