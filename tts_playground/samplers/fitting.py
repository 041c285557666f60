"""Fitting a boolean program to a picture: every single edit of a program, measured exactly by scans.

A program is judged by ``worth``: the logarithm of its error (1 - IoU) less a price for each primitive, as in minimum
description length (Rissanen 1978). Because the price buys a *relative* reduction of the error, it holds for clean
drawings, where the error can reach zero, as well as for shaky ones, where it cannot.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tts_playground.dsl import edits
from tts_playground.dsl.drawings import unpack
from tts_playground.dsl.edits import Slot, slots
from tts_playground.dsl.masks import MaskEngine, Packed, count, engine
from tts_playground.dsl.tree import Circle, Difference, Node, Primitive, Quad, Union

PRICE = 0.15
"""what a primitive must earn: one is worth having if it cuts the error by this share (as a logarithm)"""
FLOOR = 0.01
"""added to the error, because pixels of the border cannot be told apart any better (share of the union)"""


def worth(iou: NDArray | float, primitives: int) -> NDArray | float:
    """Fitness of a program; higher is better, differences are relative cuts of the error."""
    return -np.log(1.0 + FLOOR - iou) - PRICE * primitives


@dataclass(frozen=True, slots=True)
class Taste:
    """Weights of the Tversky index hit / (hit + extra * false ink + missing * missing ink); 1 and 1 give the IoU.

    A low price of extra ink likes generous shapes that are cut later, a low price of missing ink careful ones.
    """

    extra: float = 1.0
    missing: float = 1.0


IOU = Taste()


@dataclass(frozen=True, slots=True)
class Place:
    """One slot together with one way of changing it: a family of edits, one for each primitive."""

    slot: Slot | None
    """None stands for the empty program"""
    kind: str
    """"replace" the leaf by P, "+" for (+ X P), "-" for (- X P), "under" for (- P X)"""

    def apply(self, root: Node | None, primitive: Primitive) -> Node:
        """The program after the edit."""
        if root is None or self.slot is None:
            return primitive
        old = self.slot.node
        new: Node = {
            "replace": lambda: primitive,
            "+": lambda: Union((old, primitive)),
            "-": lambda: Difference((old, primitive)),
            "under": lambda: Difference((primitive, old)),
        }[self.kind]()
        return edits.replace(root, self.slot.path, edits.flatten(new))


@dataclass(frozen=True, slots=True)
class Edit:
    """A changed program and how well it fits."""

    root: Node | None
    score: float


class Fitter:
    """Measures edits of programs against one picture. ``scans`` counts the primitives that were scored.

    Args:
        target: packed raster of the picture at the engine's size.
    """

    def __init__(self, target: Packed, size: int = 64) -> None:
        self.engine: MaskEngine = engine(size)
        self.target = target
        self.blank = ~target
        self.ink = count(target)
        self.scans = 0

    def iou(self, root: Node | None) -> float:
        """Exact IoU of a program with the picture."""
        self.scans += 1
        mask = self.engine.evaluate(root)
        total = count(mask | self.target)
        return count(mask & self.target) / total if total else 1.0

    def worth(self, root: Node | None) -> float:
        """Fitness of a program, see ``worth``."""
        return float(worth(self.iou(root), edits.length(root)))

    def scores(self, place: Place, taste: Taste = IOU) -> NDArray[np.float64]:
        """Tversky index (the IoU by default) of the program after the edit, for every primitive of the table."""
        slot = place.slot
        if slot is None:
            base, region, adds = self.engine.empty(), ~self.engine.empty(), True
        else:
            base, region, adds = self._effect(slot, place.kind)
        gained_ink, gained_blank = self.engine.scan(region & self.target, region & self.blank)
        self.scans += len(gained_ink)
        sign = 1 if adds else -1
        hit = count(base & self.target) + sign * gained_ink
        extra = count(base & self.blank) + sign * gained_blank
        return hit / (hit * (1.0 - taste.missing) + taste.extra * extra + (taste.missing * self.ink + 1e-9))

    @staticmethod
    def _effect(slot: Slot, kind: str) -> tuple[Packed, Packed, bool]:
        """Picture without the new primitive, the pixels in which it matters, and whether it adds ink there."""
        region = slot.if_empty ^ slot.if_full
        if kind == "replace":
            return slot.if_empty, region, slot.adds
        if kind == "under":
            return slot.if_empty, region & ~slot.value, slot.adds
        now = slot.if_empty ^ (region & slot.value)
        return (now, region & ~slot.value, slot.adds) if kind == "+" else (now, region & slot.value, not slot.adds)

    def places(self, root: Node | None, *, insert: bool = True, replace: bool = True) -> list[Place]:
        """Every family of edits of a program, the root's first."""
        if root is None:
            return [Place(None, "+")] if insert else []
        found = []
        for slot in slots(self.engine, root):
            if replace and isinstance(slot.node, (Circle, Quad)):
                found.append(Place(slot, "replace"))
            if insert:
                found += [Place(slot, kind) for kind in ("+", "-", "under")]
        return found

    def best(self, root: Node | None, places: list[Place], taste: Taste = IOU) -> Edit | None:
        """The single best edit among the places (by index alone: all have the same length)."""
        best: tuple[float, Place, int] | None = None
        for place in places:
            scores = self.scores(place, taste)
            index = int(scores.argmax())
            if best is None or scores[index] > best[0]:
                best = (float(scores[index]), place, index)
        if best is None:
            return None
        return Edit(best[1].apply(root, self.engine.scanner.primitive(best[2])), best[0])

    def refit(self, root: Node, rng: np.random.Generator, leaves: int) -> Node:
        """Replace up to ``leaves`` primitives, in random order, each by the best one given the others (backfitting)."""
        for _ in range(leaves):
            paths = [path for path, _ in edits.leaves(root)]
            path = paths[rng.integers(len(paths))]
            here = [place for place in self.places(root, insert=False) if place.slot and place.slot.path == path]
            before = self.iou(root)
            edit = self.best(root, here)
            if edit is not None and edit.score > before and edit.root is not None:
                root = edit.root
        return root

    def prune(self, root: Node | None) -> Node | None:
        """Drop primitives as long as that raises the worth."""
        while root is not None:
            options = [edits.remove(root, path) for path, _ in edits.leaves(root)]
            best = max(options, key=self.worth)
            if self.worth(best) < self.worth(root):
                return root
            root = best
        return None


@lru_cache(maxsize=64)
def shrink(packed: bytes, side: int, size: int) -> Packed:
    """A picture of ``side`` pixels (bits as bytes) at the engine's size: a pixel is ink if half of it is, or more."""
    raster = unpack(packed, side)
    factor = side // size
    share = raster.reshape(size, factor, size, factor).mean((1, 3), dtype=np.float32)
    return engine(size).pack(share >= 0.5)


def shortlist(
    fitter: Fitter, root: Node | None, places: list[Place], *, each: int, taste: Taste = IOU
) -> Iterator[tuple[float, Place, int]]:
    """The best few primitives of every place: (score, place, index in the table)."""
    for place in places:
        scores = fitter.scores(place, taste)
        kept = np.argpartition(scores, -each)[-each:]
        yield from ((float(scores[i]), place, int(i)) for i in kept)
