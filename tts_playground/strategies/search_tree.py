"""The nodes of a tree search: what they are worth, how often they were walked through, and which are fully known."""

from __future__ import annotations

from math import log, sqrt

from tts_playground.core import Path


class Scale:
    """The least and the greatest reward of a tree, which become 0 and 1."""

    def __init__(self) -> None:
        self.low, self.high = float("inf"), float("-inf")

    def see(self, reward: float) -> None:
        """Take in a reward."""
        self.low, self.high = min(self.low, reward), max(self.high, reward)

    def of(self, reward: float) -> float:
        """A reward on the scale; 0.5 while there is but one."""
        return (reward - self.low) / (self.high - self.low) if self.high > self.low else 0.5


class TreeNode:
    """A prefix with the mean of what was backed up to it. Its own reward counts as one visit beside these."""

    def __init__(self, path: Path, reward: float = 0.0, parent: TreeNode | None = None) -> None:
        self.path, self.reward, self.parent = path, reward, parent
        self.children: list[TreeNode] = []
        self.visits, self.total = 0, 0.0
        self.closed = False
        """whether nothing below it is unknown any more"""
        self.reopened = False
        """whether a reflection was written behind it"""

    @property
    def mean(self) -> float:
        """What it is worth."""
        return (self.reward + self.total) / (1 + self.visits)

    def add(self, path: Path, reward: float) -> TreeNode:
        """A further child."""
        self.children.append(TreeNode(path, reward, self))
        return self.children[-1]

    def best_child(self, exploration: float, scale: Scale) -> TreeNode:
        """The open child with the highest upper confidence bound; of equals the earlier."""

        def bound(child: TreeNode) -> float:
            return scale.of(child.mean) + exploration * sqrt(log(1 + self.visits) / (1 + child.visits))

        return max((child for child in self.children if not child.closed), key=bound)

    def back_up(self, value: float) -> None:
        """Count a value for this node and all above it."""
        node: TreeNode | None = self
        while node is not None:
            node.visits, node.total = node.visits + 1, node.total + value
            node = node.parent

    def close(self) -> None:
        """Nothing below is unknown; nor above, where all children say so."""
        node: TreeNode | None = self
        while node is not None and all(child.closed for child in node.children):
            node.closed, node = True, node.parent

    def reopen(self, path: Path) -> None:
        """Go on from another path with children still to come."""
        self.path, self.children, self.reopened = path, [], True
        node: TreeNode | None = self
        while node is not None:
            node.closed, node = False, node.parent
