"""``tidy``: the same picture said with fewer words.

An operand that changes no pixel is cut out. Whether it does is asked of the whole program, not of its own operator:
every node is looked at only in the pixels where it decides the picture (its *care set*), so that a shape hidden by a
distant relative goes too. Masks are exact (set membership at pixel centres).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from tts_playground.dsl.edits import flatten, length
from tts_playground.dsl.exact import canonical
from tts_playground.dsl.masks import MaskEngine, Packed, count, engine
from tts_playground.dsl.tree import Circle, Difference, Node, Program, Quad, Union, check, unparse


def tidy(program: Program, size: int = 256) -> Program:
    """A program of at most the same length with the same exact raster at ``size`` (a multiple of 16 in 16..512).

    Operands whose removal changes no pixel are removed, nested operators are flattened where the meaning stays
    (``(+ (+ a b) c)``, ``(- (- a b) c)``, ``(- a (+ b c))``), angles are brought under 90 by swapping sides, and the
    operands that may change places are sorted, large ones first, unless that would change the reference raster by more
    than a border. Tidying twice is tidying once.

    Raises:
        DSLError: the tree is no program.
        BadInput: the size is none of the mask engine's.
    """
    surgeon = _Surgeon(engine(size))
    root = surgeon.shorten(check(program).root)
    return Program() if root is None else Program(_sorted_where_harmless(surgeon, root))


def normal_form(program: Program, size: int = 64) -> Program:
    """``tidy`` that always sorts and draws no reference raster: one spelling for many, fast, for training data.

    Raises:
        DSLError: the tree is no program.
        BadInput: the size is none of the mask engine's.
    """
    surgeon = _Surgeon(engine(size))
    root = surgeon.shorten(check(program).root)
    return Program() if root is None else Program(surgeon.sort(root))


def _flat(node: Node) -> Node:
    """Canonical primitives under flattened operators."""
    if isinstance(node, (Circle, Quad)):
        return canonical(node)
    return flatten(type(node)(tuple(map(_flat, node.operands))))


def _sorted_where_harmless(surgeon: _Surgeon, root: Node) -> Node:
    """The tree with sorted operands, or as it is where the reference raster minds the order."""
    from tts_playground.dsl.raster import disagreement, draw

    ordered = surgeon.sort(root)
    if ordered == root:
        return root
    before, after = (draw(Program(node), 256, "reference") for node in (root, ordered))
    return root if disagreement(before, after) else ordered


@dataclass(frozen=True)
class _Surgeon:
    masks: MaskEngine

    @cached_property
    def nothing(self) -> Packed:
        return self.masks.empty()

    def shorten(self, root: Node | None) -> Node | None:
        """Pruned and flattened until nothing changes any more."""
        while root is not None:
            shorter = self.prune(_flat(root))
            if shorter == root:
                break
            root = shorter
        return root

    def prune(self, root: Node) -> Node | None:
        """One pass over the tree; None when nothing is left."""
        return self._prune(root, ~self.nothing)

    def _prune(self, node: Node, care: Packed) -> Node | None:
        """A node equal to ``node`` in the pixels of ``care``, without what does not show there."""
        if not (self.masks.evaluate(node) & care).any():
            return None
        if isinstance(node, (Circle, Quad)):
            return node
        operands = list(node.operands)
        values = [self.masks.evaluate(operand) for operand in operands]
        # Long operands come first, so that of two that can stand for each other the shorter one stays.
        order = sorted(range(len(operands)), key=lambda i: (-length(operands[i]), -i))
        kept: list[Node | None] = list(operands)
        for place, decides in self._deciding(node, order, values, care):
            kept[place] = self._prune(operands[place], decides)
            values[place] = self.masks.evaluate(kept[place])
        left = tuple(operand for operand in kept if operand is not None)
        return left[0] if len(left) == 1 else type(node)(left)

    def _deciding(
        self, node: Union | Difference, order: list[int], values: list[Packed], care: Packed
    ) -> Iterator[tuple[int, Packed]]:
        """Yield (place, care set) in ``order``; ``values`` is read late, because the caller updates it as it prunes."""
        subtracts = isinstance(node, Difference)
        # others[n]: union of the operands that come after the n-th of the order and are joined by "or".
        others = [self.nothing]
        for place in reversed(order):
            others.append(others[-1] if subtracts and place == 0 else others[-1] | values[place])
        others.reverse()
        done = self.nothing
        for n, place in enumerate(order):
            hidden = done | others[n + 1]
            shown = values[0] if subtracts and place > 0 else ~self.nothing
            yield place, care & shown & ~hidden
            if not (subtracts and place == 0):
                done = done | values[place]

    def sort(self, node: Node) -> Node:
        """The tree with exchangeable operands in one order: by covered pixels, most first, then by text."""
        if isinstance(node, (Circle, Quad)):
            return node
        operands = tuple(map(self.sort, node.operands))
        fixed = 1 if isinstance(node, Difference) else 0
        return type(node)((*operands[:fixed], *sorted(operands[fixed:], key=self._rank)))

    def _rank(self, node: Node) -> tuple[int, str]:
        return -count(self.masks.evaluate(node)), unparse(Program(node))
