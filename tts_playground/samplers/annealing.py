"""Annealing of programs against the picture that is shown: small changes by the thousand, a worse one sometimes kept.

Scans find the best primitive of all on a coarse raster, where a thin line is two pixels wide. Here single numbers of a
program change, and each change is painted as the reference renderer paints it; worse programs are kept with the
probability exp(-loss / heat), and the heat falls (simulated annealing, Kirkpatrick et al. 1983).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tts_playground.dsl import edits, reference
from tts_playground.dsl.drawings import Drawing, effort
from tts_playground.dsl.exact import CANVAS
from tts_playground.dsl.masks import Packed
from tts_playground.dsl.parts import weights
from tts_playground.dsl.scoring import log_odds, price_at, strength_at
from tts_playground.dsl.tree import Circle, Node, Primitive, Quad, Union
from tts_playground.samplers.from_strokes import ways
from tts_playground.samplers.program_fitter import Fitter
from tts_playground.samplers.recombination import terms
from tts_playground.samplers.stroke_lines import STRAIGHT, StrokeLine, stroke_lines

EACH = 8
"""changes of a term that are tried before another one's turn"""
COOLER = 30.0
"""how many times lower the heat is in the end"""
ADDED = 0.15
"""how often a term is added where ink is not covered"""
ALONG = 0.8
"""how often such a term runs along the nearest line; else it is any small shape"""
DISCS = 0.3
"""how many of those are discs"""
TURNS = (-6, -3, -2, -1, 1, 2, 3, 6)
"""degrees by which an angle changes"""
DROPPED = 0.05
"""how often a change takes a primitive away"""
TOGETHER = 0.25
"""how often all primitives of a term change alike: both sides of a stroke move"""
TWICE = 0.35
"""how often a second number changes too"""
ANEW = 0.03
"""how often a term is replaced by another one that covers what it covered alone"""
PASSES = 3
"""times that each line's way is chosen given the others'"""
MOST_LINES = 192
"""lines that a program begins with: of a busy picture it follows the longest, so that a start takes a second or two"""
COARSER = 2.0
"""how much less straight lines are taken where they are more than that"""
MOST_TERMS = 256
"""terms beyond which a walk adds none"""
TIDY = 0.003
"""least price of a primitive, in nats: what hardly shows is not worth reading, even where only closeness counts"""


@dataclass(frozen=True, slots=True, eq=False)
class FullPicture:
    """A drawing at its full size, every pixel of it, and what programs for it are worth."""

    fit: Fitter
    lines: tuple[StrokeLine, ...]

    @classmethod
    def of(cls, task: Drawing, closeness: float, straight: float = STRAIGHT) -> FullPicture:
        """The drawing's; what a program is worth is its merit by the reward "fit" (``dsl.scoring``).

        Args:
            straight: units by which the middle of a stroke may leave a straight piece.
        """
        target = np.frombuffer(task.mask, np.uint64)
        counts = weights(task.mask, task.side, strength_at(closeness))
        fit = Fitter(target, ~target, task.side, max(TIDY, price_at(task, closeness)), weights=counts)
        return cls(fit, _lines(task, straight))


def _lines(task: Drawing, straight: float) -> tuple[StrokeLine, ...]:
    """The drawing's lines, taken less straight where they would be too many; where that is not enough, the longest."""
    found = stroke_lines(task.mask, task.side, straight)
    if len(found) > MOST_LINES:
        found = stroke_lines(task.mask, task.side, COARSER * straight)
    return found[:MOST_LINES]


@lru_cache(maxsize=4096)
def painted(node: Node, side: int) -> Packed:
    """A term as the reference renderer paints it, packed; read-only."""
    return np.frombuffer(reference.bits(_geometry(node), side), np.uint64)


@lru_cache(maxsize=4096)
def _geometry(node: Node) -> Any:
    return reference.geometry(node)


def from_lines(picture: FullPicture) -> Node | None:
    """A program that draws every line, each in the way that fits best beside the others; None where no line fits."""
    fit = picture.fit
    choices = [[(one, painted(one, fit.engine.size)) for one in ways(line)] for line in picture.lines]
    fit.scans += PASSES * sum(map(len, choices))
    picked: list[tuple[Node, Packed] | None] = [None] * len(choices)
    for _ in range(PASSES):
        for number, choice in enumerate(choices):
            others = _all_of(fit, [one[1] for place, one in enumerate(picked) if one and place != number])
            need, bad = fit.target & ~others, fit.blank & ~others
            masks = np.stack([mask for _, mask in choice])
            gains = fit.weigh_all(masks & need) - fit.weigh_all(masks & bad)
            best = int(gains.argmax())
            picked[number] = choice[best] if gains[best] > 0 else None
    return _union([node for node, _ in filter(None, picked)])


def annealed(
    picture: FullPicture, root: Node | None, rng: np.random.Generator, changes: int, heat: float, *, whole: bool = True
) -> Node | None:
    """The best program on a walk from ``root``.

    Args:
        changes: that are tried; each counts as a render.
        heat: loss of worth that is kept once in e at first, in nats.
        whole: whether each change paints the whole program; else its term alone, four times as fast, which misses that
            the renderer clears a ring's inside with a fat edge.
    """
    walk = _Walk(picture, terms(picture.fit, root), rng, whole)
    best, most = tuple(walk.nodes), walk.now
    rounds = max(1, changes // EACH)
    for turn in range(rounds):
        walk.turn(heat * COOLER ** (-turn / rounds))
        if walk.now > most:
            best, most = tuple(walk.nodes), walk.now
    picture.fit.scans += rounds * EACH
    return _union(best)


class _Walk:
    """Terms of a union on their way."""

    def __init__(self, picture: FullPicture, nodes: Sequence[Node], rng: np.random.Generator, whole: bool) -> None:
        self.fit, self.lines, self.rng = picture.fit, picture.lines, rng
        self.side = picture.fit.engine.size
        self.nodes = list(nodes)
        self._others = self._all_but if whole else self._each_but
        self.now = self._others(len(nodes))(None)
        """what the program is worth as it stands, in nats"""

    def turn(self, heat: float) -> None:
        """Change one term a few times, or add one."""
        adds = not self.nodes or (self.rng.random() < ADDED and len(self.nodes) < MOST_TERMS)
        place = len(self.nodes) if adds else int(self.rng.integers(len(self.nodes)))
        worth_with = self._others(place)
        node = None if adds else self.nodes[place]
        alone = self._alone(place)
        for _ in range(EACH):
            other = self._near(alone) if node is None or self.rng.random() < ANEW else self._changed(node)
            worth = worth_with(other)
            if worth >= self.now or self.rng.random() < math.exp((worth - self.now) / heat):
                node, self.now = other, worth
        self.nodes[place : place + 1] = [] if node is None else [node]

    # -------------------------------------------------------------------------------------- what a change is worth

    def _each_but(self, place: int) -> Callable[[Node | None], float]:
        """Worth of the program by its term at ``place``; every term is painted by itself."""
        fit, others = self.fit, self._covered(place)
        need, bad = fit.target & ~others, fit.blank & ~others
        hit, extra, price = fit.ink - fit.weigh(need), fit.weigh(fit.blank & others), self._price(place)

        def worth(node: Node | None) -> float:
            if node is None:
                return log_odds(hit / (fit.ink + extra)) - price
            mask = painted(node, self.side)
            iou = (hit + fit.weigh(mask & need)) / (fit.ink + extra + fit.weigh(mask & bad))
            return log_odds(iou) - price - fit.price * effort(node)

        return worth

    def _all_but(self, place: int) -> Callable[[Node | None], float]:
        """The same, with the whole program painted at once."""
        from shapely import union_all

        fit, price = self.fit, self._price(place)
        others = union_all([_geometry(node) for node in self._without(place)])

        def worth(node: Node | None) -> float:
            shape = others if node is None else reference.union(others, _geometry(node))
            mask = np.frombuffer(reference.bits(shape, self.side), np.uint64)
            iou = fit.weigh(mask & fit.target) / (fit.ink + fit.weigh(mask & fit.blank))
            return log_odds(iou) - price - (0.0 if node is None else fit.price * effort(node))

        return worth

    def _without(self, place: int) -> list[Node]:
        return self.nodes[:place] + self.nodes[place + 1 :]

    def _covered(self, place: int) -> Packed:
        return _all_of(self.fit, [painted(node, self.side) for node in self._without(place)])

    def _price(self, place: int) -> float:
        return self.fit.price * sum(map(effort, self._without(place)))

    def _alone(self, place: int) -> NDArray[np.intp]:
        """Pixels of ink that a term covers and no other one, or that none covers where there is no such term."""
        need = self.fit.target & ~self._covered(place)
        if place < len(self.nodes):
            need = need & painted(self.nodes[place], self.side)
        return np.flatnonzero(np.unpackbits(need.view(np.uint8)))

    # ---------------------------------------------------------------------------------------------------- changes

    def _changed(self, node: Node) -> Node | None:
        """A term with one number changed, or two, or one of every primitive, or without one of its primitives."""
        leaves, kind = edits.leaves(node), self.rng.random()
        if kind < DROPPED:
            return edits.remove(node, leaves[self.rng.integers(len(leaves))][0])
        if kind < DROPPED + TOGETHER:
            number, change = self.rng.random(2)
            for path, leaf in leaves:
                node = edits.replace(node, path, nudged(leaf, number, change))
            return node
        for _ in range(1 + (self.rng.random() < TWICE)):
            path, _ = leaves[self.rng.integers(len(leaves))]
            leaf = edits.at(node, path)
            assert isinstance(leaf, (Circle, Quad))
            node = edits.replace(node, path, nudged(leaf, *self.rng.random(2)))
        return node

    def _near(self, pixels: NDArray[np.intp]) -> Node | None:
        """A term near one of these pixels; None where there are none."""
        if not len(pixels):
            return None
        row, column = divmod(int(pixels[self.rng.integers(len(pixels))]), self.side)
        x, y = (column + 0.5) * CANVAS / self.side, CANVAS - (row + 0.5) * CANVAS / self.side
        line = min(self.lines, key=lambda one: one.distance(x, y), default=None)
        if line is not None and line.distance(x, y) < line.width and self.rng.random() < ALONG:
            near = ways(line)
            return near[min(int(self.rng.exponential(len(near) / 4)), len(near) - 1)]
        x, y = (min(max(round(v + self.rng.normal(0, 0.5)), 0), CANVAS - 1) for v in (x, y))
        width, height = (1 + min(int(self.rng.exponential(1.0)), 5) for _ in range(2))
        return (
            Circle(width, x, y) if self.rng.random() < 0.3 else Quad(x, y, width, height, int(self.rng.integers(180)))
        )


def nudged(leaf: Primitive, number: float, change: float) -> Primitive:
    """A primitive with one number changed a little: which one and how are given as shares of 0-1."""
    names = ("radius", "x", "y") if isinstance(leaf, Circle) else ("x", "y", "width", "height", "angle")
    name = names[int(number * len(names))]
    now = getattr(leaf, name)
    if name == "angle":
        return replace(leaf, angle=(now + TURNS[int(change * len(TURNS))]) % 180)
    least = 0 if name in "xy" else 1
    return replace(leaf, **{name: min(max(now + (1 if change < 0.5 else -1), least), CANVAS - 1)})


def _all_of(fit: Fitter, masks: Sequence[Packed]) -> Packed:
    return np.bitwise_or.reduce(masks, axis=0) if masks else fit.engine.empty()


def _union(nodes: Sequence[Node]) -> Node | None:
    if len(nodes) < 2:
        return nodes[0] if nodes else None
    return edits.flatten(Union(tuple(dict.fromkeys(nodes)))) if len(set(nodes)) > 1 else nodes[0]
