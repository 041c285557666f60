"""New programs from old ones by typed surgery on their trees: no model needed, every child is a program.

Genetic programming's mutation and crossover (Koza 1992), where a place only ever receives what may stand there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from tts_playground.dsl.edits import Steps, at, flatten, leaves, length, remove, swap_operator
from tts_playground.dsl.edits import replace as put
from tts_playground.dsl.tree import FIELDS, Circle, Difference, Node, Primitive, Program, Quad, Union, highest

ANGLES = tuple(range(0, 360, 45))


@dataclass(frozen=True, slots=True)
class Child:
    """A proposed program, not yet checked."""

    text: str
    parents: tuple[int, ...]
    """places in the list of parents that was shown"""
    how: str
    """one word: which variation made it"""


class Mutator(Protocol):
    """Makes children of the parents that it is shown; the same arguments and randomness give the same children."""

    @property
    def name(self) -> str:
        """What the plan's file calls it: everything that decides its children."""
        ...

    @property
    def shown(self) -> int:
        """How many parents it wants to see."""
        ...

    def vary(self, parents: Sequence[Program], rng: np.random.Generator, hint: str = "") -> list[Child]:
        """Children of ``parents``; texts that are no programs are allowed and will be turned away."""
        ...


@dataclass(frozen=True)
class TreeMutator:
    """One child of one or two parents by a random variation."""

    most: int = 8
    """primitives of a child, at most"""
    shown: int = 2
    """parents that it looks at"""

    @property
    def name(self) -> str:
        """ "tree-" and the most primitives of a child."""
        return f"tree-{self.most}"

    def vary(self, parents: Sequence[Program], rng: np.random.Generator, hint: str = "") -> list[Child]:
        """One child: a random one of ``VARIATIONS``, applied to the first and the last parent."""
        how = str(rng.choice(list(VARIATIONS)))
        first = parents[0].root
        other = parents[-1].root
        if first is None or other is None:
            return [Child(str(Program(random_primitive(rng))), (0,), "new")]
        root = VARIATIONS[how](first, other, rng)
        if root is None or length(root) > self.most:
            how, root = "nudge", nudge(first, other, rng)
        two = how in ("cross", "join") and len(parents) > 1
        return [Child(str(Program(root)), (0, len(parents) - 1) if two else (0,), how)]


def random_primitive(rng: np.random.Generator) -> Primitive:
    """A circle or a quad that lies mostly on the canvas."""
    x, y = (int(n) for n in rng.integers(2, 14, 2))
    if rng.random() < 0.5:
        return Circle(int(rng.integers(1, 7)), x, y)
    width, height = (int(n) for n in rng.integers(1, 11, 2))
    return Quad(x, y, width, height, int(rng.choice(ANGLES)))


def places(root: Node, path: Steps = ()) -> list[tuple[Steps, Node]]:
    """Every node with its path, the root first."""
    found = [(path, root)]
    if isinstance(root, (Union, Difference)):
        for i, operand in enumerate(root.operands):
            found += places(operand, (*path, i))
    return found


def _pick(items: Sequence[Any], rng: np.random.Generator) -> Any:
    return items[int(rng.integers(len(items)))]


def nudge(root: Node, other: Node, rng: np.random.Generator) -> Node:
    """One number of one primitive changes, mostly by a little."""
    path, leaf = _pick(leaves(root), rng)
    field = _pick(FIELDS[type(leaf)], rng)
    if field == "angle":
        return put(root, path, replace(leaf, angle=int(_pick([a for a in ANGLES if a != leaf.angle], rng))))
    old, most = getattr(leaf, field), highest(field)
    near = [n for n in range(most + 1) if n != old and abs(n - old) <= 3]
    return put(root, path, replace(leaf, **{field: int(_pick(near, rng))}))


def renew(root: Node, other: Node, rng: np.random.Generator) -> Node:
    """One primitive is replaced by a random one."""
    path, _ = _pick(leaves(root), rng)
    return put(root, path, random_primitive(rng))


def grow(root: Node, other: Node, rng: np.random.Generator) -> Node:
    """A node gets a random companion under a random operator."""
    path, node = _pick(places(root), rng)
    kind = Union if rng.random() < 0.5 else Difference
    return put(root, path, flatten(kind((node, random_primitive(rng)))))


def shrink(root: Node, other: Node, rng: np.random.Generator) -> Node | None:
    """One node is left out; None from a single primitive."""
    inner = places(root)[1:]
    return remove(root, _pick(inner, rng)[0]) if inner else None


def switch(root: Node, other: Node, rng: np.random.Generator) -> Node | None:
    """One operator becomes the other; None where there is none."""
    inner = [(path, node) for path, node in places(root) if isinstance(node, (Union, Difference))]
    if not inner:
        return None
    path, node = _pick(inner, rng)
    return put(root, path, swap_operator(node))


def reshape(root: Node, other: Node, rng: np.random.Generator) -> Node:
    """A circle becomes a square of its size, or a quad a circle."""
    path, leaf = _pick(leaves(root), rng)
    if isinstance(leaf, Circle):
        side = min(15, 2 * leaf.radius)
        return put(root, path, Quad(leaf.x, leaf.y, side, side, int(_pick(ANGLES, rng))))
    return put(root, path, Circle(max(1, (leaf.width + leaf.height) // 4), leaf.x, leaf.y))


def shift(root: Node, other: Node, rng: np.random.Generator) -> Node:
    """The whole program moves by up to five units, as far as the canvas lets it."""
    dx, dy = (int(n) for n in rng.integers(-5, 6, 2))

    def moved(node: Node) -> Node:
        if isinstance(node, (Union, Difference)):
            return type(node)(tuple(map(moved, node.operands)))
        return replace(node, x=int(np.clip(node.x + dx, 0, 15)), y=int(np.clip(node.y + dy, 0, 15)))

    return moved(root)


def cross(root: Node, other: Node, rng: np.random.Generator) -> Node:
    """A node of the first parent is replaced by one of the second."""
    return put(root, _pick(places(root), rng)[0], at(other, _pick(places(other), rng)[0]))


def join(root: Node, other: Node, rng: np.random.Generator) -> Node:
    """Both parents under one operator."""
    return flatten((Union if rng.random() < 0.5 else Difference)((root, other)))


VARIATIONS: dict[str, Callable[[Node, Node, np.random.Generator], Node | None]] = {
    "nudge": nudge,
    "renew": renew,
    "grow": grow,
    "shrink": shrink,
    "switch": switch,
    "reshape": reshape,
    "shift": shift,
    "cross": cross,
    "join": join,
}
