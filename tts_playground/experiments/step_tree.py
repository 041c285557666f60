"""The tree of a search over steps as plain values: what each step says, what it is worth, and whether it is right.

Made from the rounds of any strategy over solutions, and small enough to be kept in a file. A candidate that was drawn
in one go becomes a chain of its steps, so that best-of-N has a tree like any search.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

from tts_playground.core import Reward, Round, StepReward
from tts_playground.experiments.trace import Fate, Node, Trace, trace
from tts_playground.tasks.reasoning import ReasoningTask, equal_groups
from tts_playground.tasks.solving import vote_of, voted
from tts_playground.worlds.arithmetic.checking import step_labels
from tts_playground.worlds.arithmetic.problem import MathProblem


@dataclass(frozen=True, slots=True)
class StepNode:
    """A solution up to one of its steps."""

    steps: tuple[str, ...]
    """all up to here"""
    scores: tuple[float, ...]
    """what the process reward says of each, 0-1; empty where none was asked"""
    reward: float
    """what the search went by; of steps between two views the score of the step"""
    tokens: int
    """of the last step"""
    parent: int | None
    """place of what it goes on from; None for a first step"""
    frame: int
    """when it came, counted in pictures of a replay"""
    fate: Fate
    answer: str = ""
    """what is in its box"""
    right: bool | None = None
    """whether everything up to here is right, of whole ones whether the answer is; None where the truth is not known"""

    @property
    def whole(self) -> bool:
        """Whether it is a finished solution."""
        return self.fate in ("best", "finished")

    @property
    def score(self) -> float:
        """What colours it: the score of its last step, else its reward."""
        return self.scores[-1] if self.scores else self.reward


@dataclass(frozen=True, slots=True)
class StepTree:
    """One search of one problem."""

    strategy: str
    nodes: tuple[StepNode, ...]
    """parents before children"""
    notes: tuple[str, ...]
    """one a frame: what the strategy did"""
    tokens: int
    """generator tokens spent in all, dropped paths included"""
    verifier_calls: int
    seconds: float

    @property
    def best(self) -> int | None:
        """Place of the solution that was chosen."""
        return next((place for place, node in enumerate(self.nodes) if node.fate == "best"), None)

    @property
    def chosen(self) -> StepNode | None:
        """That solution."""
        return None if self.best is None else self.nodes[self.best]

    @property
    def finished(self) -> list[StepNode]:
        """Whole solutions in the order in which they came."""
        return [node for node in self.nodes if node.whole]

    def lineage(self, place: int | None) -> list[int]:
        """Places from a first step down to ``place``."""
        line: list[int] = []
        while place is not None:
            line.append(place)
            place = self.nodes[place].parent
        return line[::-1]

    def as_dict(self) -> dict[str, Any]:
        """Plain values; a node says its last step and score alone, as its parents say the others."""
        nodes = []
        for node in self.nodes:
            told = asdict(node)
            told["step"], told["score"] = node.steps[-1] if node.steps else "", node.scores[-1:]
            del told["steps"], told["scores"]
            nodes.append({key: round(one, 4) if isinstance(one, float) else one for key, one in told.items()})
            nodes[-1]["score"] = [round(one, 4) for one in told["score"]]
        return {
            "strategy": self.strategy,
            "nodes": nodes,
            "notes": list(self.notes),
            "tokens": self.tokens,
            "verifier_calls": self.verifier_calls,
            "seconds": round(self.seconds, 2),
        }

    @classmethod
    def of_dict(cls, told: Mapping[str, Any]) -> StepTree:
        """What ``as_dict`` has written."""
        nodes: list[StepNode] = []
        for row in told["nodes"]:
            given = {key: row[key] for key in ("reward", "tokens", "parent", "frame", "fate", "answer", "right")}
            above = None if row["parent"] is None else nodes[row["parent"]]
            steps = (*(above.steps if above else ()), *([row["step"]] if row["step"] else []))
            scores = (*(above.scores if above else ()), *row["score"])
            nodes.append(StepNode(steps=steps, scores=scores, **given))
        facts = {key: told[key] for key in ("strategy", "tokens", "verifier_calls", "seconds")}
        return cls(nodes=tuple(nodes), notes=tuple(told["notes"]), **facts)


def elected(tree: StepTree, judged: bool = True) -> StepTree:
    """The tree with the best solution of the answer that is given marked as the best, where a vote gives it."""
    whole = [place for place, node in enumerate(tree.nodes) if node.whole]
    answers = [tree.nodes[place].answer for place in whole]
    vote = vote_of(tree.strategy, judged)
    if not vote and any(answers) and tree.chosen is not None and not tree.chosen.answer:
        vote = "weighted" if judged else "majority"  # what was chosen answers nothing
    if not vote or not whole:
        return tree
    names = equal_groups(answers)
    weights = [tree.nodes[place].reward if vote == "weighted" else 1.0 for place in whole]
    winner = names[voted(answers, weights, names)]
    own = [place for place, name in zip(whole, names, strict=True) if name == winner]
    best = max(own, key=lambda place: (tree.nodes[place].reward, -place))
    fates = {place: cast("Fate", "best" if place == best else "finished") for place in whole}
    nodes = [replace(node, fate=fates.get(place, node.fate)) for place, node in enumerate(tree.nodes)]
    return replace(tree, nodes=tuple(nodes))


def step_tree(
    strategy: str,
    rounds: Sequence[Round],
    task: ReasoningTask,
    judge: Reward | None = None,
    problem: MathProblem | None = None,
) -> StepTree:
    """The tree of a run as far as it has come.

    Args:
        judge: what guided; where it scores steps, it is asked about each (nothing that is counted: it was paid for).
        problem: of the arithmetic world, which knows the truth of every step; None knows that of answers alone, where
            the task has one.
    """
    shown = trace(rounds)
    scores = _scores(shown, task, judge)
    made: list[StepNode] = []
    keys: list[tuple[int, int]] = []
    """(round, step) of each node"""
    place_of: dict[int, int] = {}
    for place, node in enumerate(shown.nodes):
        parent, at = _from(shown, place_of, place)
        steps = _steps(node)
        for depth in range(at + 1, max(len(steps), at + 1) + 1):
            last = depth >= len(steps)
            one = _made(node, steps[:depth], scores[place][:depth], parent, last, problem)
            parent = len(made)
            made.append(one)
            keys.append((node.round, depth))
        place_of[place] = len(made) - 1
    frames = {key: number for number, key in enumerate(sorted(set(keys)))}
    judged = [replace(one, frame=frames[key]) for one, key in zip(made, keys, strict=True)]
    notes = tuple(shown.notes[key[0]] if key[0] < len(shown.notes) else "" for key in frames)
    cost = rounds[-1].cost if rounds else None
    spent = (cost.tokens, cost.verifier_calls, cost.seconds) if cost else (0, 0, 0.0)
    told = [replace(one, right=task.right(one.answer)) if one.whole else one for one in _known_from_below(judged)]
    return StepTree(strategy, tuple(told), notes, *spent)


def _steps(node: Node) -> tuple[str, ...]:
    told = node.sample.info.get("steps", ())
    return tuple(map(str, told)) if isinstance(told, (tuple, list)) else (str(node.sample.content),)


def _from(shown: Trace, place_of: Mapping[int, int], place: int) -> tuple[int | None, int]:
    """(place of the made node that a view goes on from, steps that it took over)."""
    node = shown.nodes[place]
    above = node.parent
    limit = min(node.left, len(_steps(node)))
    while above is not None and len(_steps(shown.nodes[above])) > limit:
        above = shown.nodes[above].parent
    if above is None:
        return None, 0
    return place_of[above], len(_steps(shown.nodes[above]))


def _scores(shown: Trace, task: ReasoningTask, judge: Reward | None) -> list[tuple[float, ...]]:
    """Of every view; those that others go on from are the beginnings of theirs."""
    if not isinstance(judge, StepReward) or not shown.nodes:
        return [()] * len(shown.nodes)
    parents = {node.parent for node in shown.nodes}
    ends = [place for place in range(len(shown.nodes)) if place not in parents]
    said = judge.step_scores(task.unanswered(), [shown.nodes[place].sample for place in ends])
    found: list[tuple[float, ...]] = [()] * len(shown.nodes)
    for end, scores in zip(ends, said, strict=True):
        for place in shown.lineage(end):
            found[place] = found[place] or tuple(scores[: len(_steps(shown.nodes[place]))])
    return found


def _made(
    node: Node,
    steps: tuple[str, ...],
    scores: tuple[float, ...],
    parent: int | None,
    last: bool,
    problem: MathProblem | None,
) -> StepNode:
    tokens = node.sample.info.get("step_tokens", ())
    mine = int(tokens[len(steps) - 1]) if 0 < len(steps) <= len(tokens) else 0
    answer = str(node.sample.info.get("answer", "")) if last else ""
    fate = node.fate if last else cast(Fate, "went on")
    reward = node.reward if last or not scores else scores[-1]
    right = (step_labels(problem, steps) or [True])[-1] if problem is not None and steps else None
    return StepNode(steps, scores, reward, mine, parent, 0, fate, answer, right)


def _known_from_below(nodes: list[StepNode]) -> list[StepNode]:
    """What a solution that is right in every step goes through is right, whatever way that is."""
    for place in range(len(nodes) - 1, -1, -1):
        node = nodes[place]
        if node.right and node.parent is not None and nodes[node.parent].right is False:
            nodes[node.parent] = replace(nodes[node.parent], right=True)
    return nodes
