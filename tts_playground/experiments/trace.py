"""Who descended from whom: the rounds of one run as a tree of views, each a path at a step, with what it was worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from tts_playground.core import Round, Sample

Fate = Literal["best", "finished", "went on", "dropped"]


@dataclass(frozen=True, slots=True)
class Node:
    """A path as it stood when it was scored."""

    sample: Sample
    """the view that was scored, partial or whole"""
    reward: float
    round: int
    lane: int
    """its path's line, numbered in the order in which paths began"""
    step: int
    """steps taken; where a sampler does not tell, one more than its parent's"""
    parent: int | None
    """place among the nodes of what it goes on from; None for a beginning"""
    left: int
    """step at which it left its parent's line: the parent's own step, or an earlier one where a suffix was redrawn"""
    fate: Fate = "went on"
    """"dropped" is a partial path that nothing went on from"""


@dataclass(frozen=True, slots=True)
class Trace:
    """One run, to be drawn by ``figures.trace``."""

    nodes: tuple[Node, ...]
    """in the order of scoring"""
    notes: tuple[str, ...]
    """what each round did, in words"""
    horizon: int
    """steps of the longest path"""
    spent: int
    """generator tokens drawn"""
    saved: int
    """tokens that dropped paths were not drawn any further for"""
    shared: int
    """tokens that forks took over from their parents instead of drawing them"""

    @property
    def best(self) -> int | None:
        """Place of the best finished candidate."""
        return next((place for place, node in enumerate(self.nodes) if node.fate == "best"), None)

    def lineage(self, place: int | None) -> list[int]:
        """Places from a beginning down to ``place``."""
        line: list[int] = []
        while place is not None:
            line.append(place)
            place = self.nodes[place].parent
        return line[::-1]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON; without the pictures."""
        nodes = [
            {
                "index": node.sample.index,
                "step": node.step,
                "reward": node.reward,
                "round": node.round,
                "parent": node.parent,
                "left": node.left,
                "fate": node.fate,
                **({"text": node.sample.content} if isinstance(node.sample.content, str) else {}),
            }
            for node in self.nodes
        ]
        facts = {"horizon": self.horizon, "spent": self.spent, "saved": self.saved, "shared": self.shared}
        return {"nodes": nodes, "notes": list(self.notes), "best": self.best, **facts}


def trace(rounds: Sequence[Round]) -> Trace:
    """The tree of a run from the rounds of any strategy."""
    nodes: list[Node] = []
    latest: dict[int, int] = {}
    """index of a path -> place of the last view of it"""
    lanes: dict[Any, int] = {}
    for one in rounds:
        for scored in one.candidates:
            sample = scored.sample
            parent = _parent(sample, nodes, latest)
            mutated = sample.parent == sample.index
            lane = lanes.setdefault(("mutation", len(nodes)) if mutated else sample.index, len(lanes))
            above = 0 if parent is None else nodes[parent].step
            fork = parent is not None and sample.index not in latest
            left = int(sample.info.get("forked_at", above)) if fork else above
            told = sample.info.get("steps", above + 1)  # how many, or what they say
            step = told if isinstance(told, int) else len(told)
            nodes.append(Node(sample, scored.reward, one.number, lane, step, parent, left))
            latest[sample.index] = len(nodes) - 1
    best = rounds[-1].best if rounds else None
    parents = {node.parent for node in nodes}
    fates = [
        "best" if best and node.sample is best.sample else _fate(node, place in parents)
        for place, node in enumerate(nodes)
    ]
    judged = tuple(replace(node, fate=fate) for node, fate in zip(nodes, fates, strict=True))
    return Trace(judged, tuple(one.note for one in rounds), *_tokens(nodes))


def _parent(sample: Sample, nodes: list[Node], latest: dict[int, int]) -> int | None:
    """What a view goes on from: an earlier view of the same path, or the path that it was forked from."""
    if sample.parent == sample.index:  # a mutation keeps its index: it comes from the best of that index so far
        same = [place for place, node in enumerate(nodes) if node.sample.index == sample.index]
        return max(same, key=lambda place: nodes[place].reward, default=None)
    if sample.index in latest or sample.parent is None:
        return latest.get(sample.index)
    # a copy made at a step goes on from there, even where its parent has taken its next step meanwhile
    forked = (place for place in range(len(nodes) - 1, -1, -1) if nodes[place].sample.index == sample.parent)
    at = sample.info.get("forked_at")
    return next((place for place in forked if nodes[place].step == at), latest.get(sample.parent))


def _fate(node: Node, has_children: bool) -> Fate:
    if node.sample.info.get("complete", True):
        return "finished"
    return "went on" if has_children else "dropped"


def _tokens(nodes: Sequence[Node]) -> tuple[int, int, int, int]:
    """Steps of the longest path; tokens spent, saved by dropping, and shared by forking."""
    horizon = max((node.step for node in nodes), default=0)
    ends = list({node.lane: node for node in nodes}.values())
    own = [(node, node.step - node.sample.info.get("forked_at", 0)) for node in ends]
    each = max((node.sample.cost.tokens / steps for node, steps in own if steps > 0), default=0.0)
    saved = sum(horizon - node.step for node in ends if not node.sample.info.get("complete", True))
    shared = sum(node.sample.info.get("forked_at", 0) for node in ends)
    return horizon, sum(node.sample.cost.tokens for node in ends), round(saved * each), round(shared * each)
