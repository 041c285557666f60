"""Surgery on program trees, and what each place of a tree means to the picture.

A *path* is a tuple of operand indices from the root. ``slots`` also says, for every node, which pixels of the picture
depend on it: a boolean program is, pixel by pixel, a function of any one of its nodes, so two masks (the picture if the
node were empty, the picture if it were full) tell the effect of every possible replacement.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tts_playground.dsl.masks import MaskEngine, Packed
from tts_playground.dsl.tree import Circle, Difference, Node, Primitive, Quad, Union

Steps = tuple[int, ...]
"""A path: operand indices from the root."""


@dataclass(frozen=True, slots=True)
class EditSlot:
    """A place in a program. The picture as a function of this node is ``if_empty | node & if_full`` or its mirror."""

    path: Steps
    node: Node
    value: Packed
    """the node's own raster"""
    if_empty: Packed
    """the whole picture if this node were empty"""
    if_full: Packed
    """the whole picture if this node covered everything"""
    adds: bool
    """whether more ink here means more ink in the picture"""


def slots(engine: MaskEngine, root: Node) -> list[EditSlot]:
    """All places of a program, the root first."""
    full = ~engine.empty()
    return list(_slots(engine, root, (), engine.empty(), full, True))


def _slots(
    engine: MaskEngine, node: Node, path: Steps, if_empty: Packed, if_full: Packed, adds: bool
) -> Iterator[EditSlot]:
    if isinstance(node, (Circle, Quad)):
        yield EditSlot(path, node, engine.mask(node), if_empty, if_full, adds)
        return
    values = [engine.evaluate(operand) for operand in node.operands]
    total = _join(values)
    value = total if isinstance(node, Union) else values[0] & ~_join(values[1:])
    yield EditSlot(path, node, value, if_empty, if_full, adds)
    for i, operand in enumerate(node.operands):
        others = _join([v for j, v in enumerate(values) if j != i and (isinstance(node, Union) or j > 0)], like=total)
        if isinstance(node, Union):  # empty operand: the others remain; full operand: a full node
            yield from _slots(engine, operand, (*path, i), _pick(others, if_full, if_empty), if_full, adds)
        elif i == 0:  # empty operand: an empty node; full operand: all but the others
            yield from _slots(engine, operand, (*path, i), if_empty, _pick(others, if_empty, if_full), adds)
        else:
            kept = values[0] & ~others
            yield from _slots(engine, operand, (*path, i), _pick(kept, if_full, if_empty), if_empty, not adds)


def _join(values: list[Packed], like: Packed | None = None) -> Packed:
    if not values:
        return np.zeros_like(like)
    return np.bitwise_or.reduce(values)


def _pick(where: Packed, then: Packed, otherwise: Packed) -> Packed:
    return (where & then) | (~where & otherwise)


def leaves(root: Node | None) -> list[tuple[Steps, Primitive]]:
    """Paths of the primitives from left to right."""
    if root is None:
        return []
    if isinstance(root, (Circle, Quad)):
        return [((), root)]
    return [((i, *path), leaf) for i, operand in enumerate(root.operands) for path, leaf in leaves(operand)]


def length(root: Node | None) -> int:
    """Number of primitives."""
    return len(leaves(root))


def at(root: Node, path: Steps) -> Node:
    """The node at a path."""
    for i in path:
        assert isinstance(root, (Union, Difference))
        root = root.operands[i]
    return root


def replace(root: Node, path: Steps, new: Node) -> Node:
    """The program with the node at ``path`` replaced."""
    if not path:
        return new
    assert isinstance(root, (Union, Difference))
    i, *rest = path
    operands = list(root.operands)
    operands[i] = replace(operands[i], tuple(rest), new)
    return flatten(type(root)(tuple(operands)))


def remove(root: Node, path: Steps) -> Node | None:
    """The program without the node at ``path``, that is with an empty node there; None when nothing is left."""
    if not path:
        return None
    parent, i = at(root, path[:-1]), path[-1]
    assert isinstance(parent, (Union, Difference))
    if isinstance(parent, Difference) and i == 0:
        return remove(root, path[:-1])
    operands = parent.operands[:i] + parent.operands[i + 1 :]
    return replace(root, path[:-1], operands[0] if len(operands) == 1 else type(parent)(operands))


def swap_operator(node: Union | Difference) -> Node:
    """The same operands under the other operator."""
    return flatten((Difference if isinstance(node, Union) else Union)(node.operands))


def flatten(node: Node) -> Node:
    """Nested operators of one kind as one: ``(+ (+ a b) c)`` is ``(+ a b c)``, ``(- (- a b) c)`` is ``(- a b c)``.

    Subtracting a union is subtracting its parts: ``(- a (+ b c))`` is ``(- a b c)``.
    """
    if isinstance(node, (Circle, Quad)):
        return node
    operands: list[Node] = []
    for i, operand in enumerate(node.operands):
        wanted = Difference if isinstance(node, Difference) and i == 0 else Union
        if isinstance(operand, wanted):
            operands.extend(operand.operands)
        else:
            operands.append(operand)
    return type(node)(tuple(operands))
