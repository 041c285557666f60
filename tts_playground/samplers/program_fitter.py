"""Fitting a boolean program to a picture: every single edit of a program, measured exactly by scans.

A program is judged by ``worth``: the log-odds of its IoU less a price for each primitive, as in minimum description
length (Rissanen 1978). The price buys a *relative* reduction of the error, so it holds for clean drawings, where the
error can reach zero, as well as for shaky ones, where it cannot.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tts_playground.dsl import edits
from tts_playground.dsl.drawings import PRICE, effort, unpack
from tts_playground.dsl.edits import EditSlot, slots
from tts_playground.dsl.masks import MaskEngine, Packed, count, engine
from tts_playground.dsl.tree import Circle, Difference, Node, Primitive, Quad, Union
from tts_playground.dsl.turned import turned
from tts_playground.samplers.contour_shapes import ContourShapes
from tts_playground.samplers.program_scans import scanned

FLOOR = 0.01
"""added to the error, because pixels of the border cannot be told apart any better (share of the union)"""


def worth(iou: float, primitives: float, price: float = PRICE) -> float:
    """Fitness of a program; higher is better."""
    return math.log((FLOOR + iou) / (FLOOR + 1.0 - iou)) - price * primitives


def needed(worth: float, primitives: float, price: float = PRICE) -> float:
    """The IoU at which a program of this length has this worth; the inverse of ``worth``."""
    odds = math.exp(worth + price * primitives)
    return (odds * (1.0 + FLOOR) - FLOOR) / (1.0 + odds)


@dataclass(frozen=True, slots=True)
class TverskyWeights:
    """Weights of the Tversky index hit / (hit + extra * false ink + missing * missing ink); 1 and 1 give the IoU.

    A low price of extra ink likes generous shapes that are cut later, a low price of missing ink careful ones.
    """

    extra: float = 1.0
    missing: float = 1.0


IOU = TverskyWeights()
MEASURED = 6
"""turned quads of a scan that are measured by their masks before one is the best"""


@dataclass(frozen=True, slots=True)
class InsertionPoint:
    """One slot together with one way of changing it: a family of edits, one for each primitive."""

    slot: EditSlot | None
    """None stands for the empty program"""
    kind: str
    """"replace" the leaf by P, "+" for (+ X P), "-" for (- X P), "under" for (- P X)"""
    base: Packed
    """the picture without the new primitive"""
    region: Packed
    """the pixels in which the new primitive matters"""
    adds: bool
    """whether it adds ink there, or takes it away"""

    @classmethod
    def of(cls, slot: EditSlot, kind: str) -> InsertionPoint:
        """The effect of a primitive there, from what the slot means to the picture."""
        region = slot.if_empty ^ slot.if_full
        if kind == "replace":
            return cls(slot, kind, slot.if_empty, region, slot.adds)
        if kind == "under":
            return cls(slot, kind, slot.if_empty, region & ~slot.value, slot.adds)
        now = slot.if_empty ^ (region & slot.value)
        if kind == "+":
            return cls(slot, kind, now, region & ~slot.value, slot.adds)
        return cls(slot, kind, now, region & slot.value, not slot.adds)

    def apply(self, root: Node | None, primitive: Primitive) -> Node:
        """The program after the edit."""
        if root is None or self.slot is None:
            return primitive
        old = self.slot.node
        new: Node = {
            "replace": primitive,
            "+": Union((old, primitive)),
            "-": Difference((old, primitive)),
            "under": Difference((primitive, old)),
        }[self.kind]
        return edits.replace(root, self.slot.path, edits.flatten(new))


@dataclass(frozen=True, slots=True)
class Option:
    """One edit: a primitive (index in the table) at a place, and how well the program then fits."""

    score: float
    place: InsertionPoint
    index: int


class Fitter:
    """Measures edits of programs against one picture. ``scans`` counts the programs that were measured.

    Args:
        ink, blank: packed rasters of the picture at the engine's size; pixels in neither do not count.
        price: what a primitive must earn, see ``dsl.drawings.price``.
        weights: (size, size) whole numbers, what each pixel counts; None for 1 each.
        angles: whole degrees 1..89 at which quads are tried too, beside 0 and 45.
    """

    def __init__(
        self,
        ink: Packed,
        blank: Packed,
        size: int = 64,
        price: float = PRICE,
        *,
        weights: NDArray[np.integer] | None = None,
        angles: tuple[int, ...] = (),
    ) -> None:
        self.price = price
        self.engine: MaskEngine = engine(size)
        self.turned = [turned(size, angle) for angle in angles]
        self._angles = tuple(angles)
        counts = None if weights is None or weights.max() <= 1 else weights.astype(np.int32)
        self._counts = b"" if counts is None else counts.tobytes()
        self._planes = None if counts is None else _planes(self.engine, counts)
        self.target = ink
        self.blank = blank
        self.ink = self.weigh(ink)
        self.scans = 0
        self.contour: ContourShapes | None = None
        """shapes whose edge runs along the picture's contour, where somebody has looked for them"""
        self.kept_terms: Any = None
        """what ``from_contour`` makes of them"""

    def weigh(self, packed: Packed) -> int:
        """What the pixels of a raster count together."""
        if self._planes is None:
            return count(packed)
        return int(np.bitwise_count(packed & self._planes).sum(1, dtype=np.int64) @ (1 << np.arange(len(self._planes))))

    def weigh_all(self, packed: NDArray[np.uint64]) -> NDArray[np.int64]:
        """What the pixels of each of many rasters (n, words) count together: (n,)."""
        if self._planes is None:
            return np.bitwise_count(packed).sum(1, dtype=np.int64)
        return sum(
            (np.bitwise_count(packed & plane).sum(1, dtype=np.int64) << bit for bit, plane in enumerate(self._planes)),
            np.zeros(len(packed), np.int64),
        )

    def iou(self, root: Node | None) -> float:
        """Exact weighted IoU of a program with the picture."""
        self.scans += 1
        return self._iou(self.engine.evaluate(root))

    def _iou(self, mask: Packed) -> float:
        total = self.ink + self.weigh(mask & self.blank)
        return self.weigh(mask & self.target) / total if total else 1.0

    def worth(self, root: Node | None) -> float:
        """Fitness of a program, see ``worth``."""
        return worth(self.iou(root), effort(root), self.price)

    def scan(self, ink: Packed, blank: Packed) -> tuple[NDArray[np.signedinteger], NDArray[np.signedinteger]]:
        """For every primitive, those at ``angles`` last: what its pixels in ``ink`` count, and those in ``blank``."""
        return scanned(ink.tobytes(), blank.tobytes(), self.engine.size, self._angles, self._counts)

    def primitive(self, index: int) -> Primitive:
        """The primitive that stands at ``index`` of a scan."""
        index -= len(self.engine.scanner)
        if index < 0:
            return self.engine.scanner.primitive(index + len(self.engine.scanner))
        for quads in self.turned:
            if index < len(quads):
                return quads.primitive(index)
            index -= len(quads)
        raise IndexError(index)

    def scores(self, place: InsertionPoint, taste: TverskyWeights = IOU) -> NDArray[np.float32]:
        """Tversky index (the IoU by default) of the program after the edit, for every primitive of the table."""
        gained_ink, gained_blank = self.scan(place.region & self.target, place.region & self.blank)
        self.scans += len(gained_ink)
        sign = np.float32(1 if place.adds else -1)
        hit = gained_ink.astype(np.float32)
        hit *= sign
        hit += np.float32(self.weigh(place.base & self.target))
        below = gained_blank.astype(np.float32)
        below *= sign * np.float32(taste.extra)
        below += np.float32(self.weigh(place.base & self.blank) * taste.extra + taste.missing * self.ink + 1e-6)
        if taste.missing != 1:
            below += hit * np.float32(1 - taste.missing)
        hit /= below
        return hit

    def bound(self, place: InsertionPoint, taste: TverskyWeights = IOU) -> float:
        """No primitive at this place can score higher: it would touch just the right pixels."""
        hit, extra = self.weigh(place.base & self.target), self.weigh(place.base & self.blank)
        if place.adds:
            hit += self.weigh(place.region & self.target)
        else:
            extra -= self.weigh(place.region & self.blank)
        return hit / (hit + taste.extra * extra + taste.missing * (self.ink - hit) + 1e-6)

    def places(self, root: Node | None, *, insert: bool = True, replace: bool = True) -> list[InsertionPoint]:
        """Every family of edits of a program, the root's first; of those with equal pictures only the first."""
        if root is None:
            nothing = self.engine.empty()
            return [InsertionPoint(None, "+", nothing, ~nothing, True)] if insert else []
        found: dict[tuple[bytes, bytes, bool], InsertionPoint] = {}
        for slot in slots(self.engine, root):
            kinds = ["replace"] if replace and isinstance(slot.node, (Circle, Quad)) else []
            for kind in [*kinds, "+", "-", "under"] if insert else kinds:
                place = InsertionPoint.of(slot, kind)
                found.setdefault((place.base.tobytes(), place.region.tobytes(), place.adds), place)
        return list(found.values())

    def best(self, places: list[InsertionPoint], taste: TverskyWeights = IOU) -> Option | None:
        """The single option of the highest score; places that cannot win are not scanned."""
        best: Option | None = None
        for bound, place in self._by_bound(places, taste):
            if best is not None and bound <= best.score:
                break
            option = self._highest(place, self.scores(place, taste), taste)
            if best is None or option.score > best.score:
                best = option
        return best

    def shortlist(
        self, places: list[InsertionPoint], each: int, least: float, taste: TverskyWeights = IOU
    ) -> list[Option]:
        """The best ``each`` options of every place, as far as they score at least ``least``."""
        found = []
        for bound, place in self._by_bound(places, taste):
            if bound < least:
                break
            scores = self.scores(place, taste)
            for _ in range(each):
                option = self._highest(place, scores, taste)
                if option.score < least:
                    break
                found.append(option)
                scores[option.index] = -1
        return found

    def _highest(self, place: InsertionPoint, scores: NDArray[np.float32], taste: TverskyWeights) -> Option:
        """The best option of a place. Scans of turned quads are rounded, so that their masks measure the best ones."""
        index = int(scores.argmax())
        measured: set[int] = set()
        while index >= len(self.engine.scanner) and index not in measured and len(measured) < MEASURED:
            scores[index] = self._measured(place, index, taste)
            measured.add(index)
            index = int(scores.argmax())
        return Option(float(scores[index]), place, index)

    def _measured(self, place: InsertionPoint, index: int, taste: TverskyWeights) -> float:
        inside = place.region & self.engine.mask(self.primitive(index))
        mask = place.base | inside if place.adds else place.base & ~inside
        hit, extra = self.weigh(mask & self.target), self.weigh(mask & self.blank)
        return hit / (hit + taste.extra * extra + taste.missing * (self.ink - hit) + 1e-6)

    def _by_bound(self, places: list[InsertionPoint], taste: TverskyWeights) -> list[tuple[float, InsertionPoint]]:
        return sorted(((self.bound(place, taste), place) for place in places), key=lambda pair: -pair[0])

    def apply(self, root: Node | None, option: Option) -> Node:
        """The program after the edit."""
        return option.place.apply(root, self.primitive(option.index))

    def refit(self, root: Node, rng: np.random.Generator, most: int | None = None) -> Node:
        """Replace each primitive, in random order, by the best one given the others (backfitting).

        Args:
            most: primitives that are looked at; None for all.
        """
        for turn in rng.permutation(edits.length(root))[:most]:
            path = edits.leaves(root)[turn][0]
            places = [p for p in self.places(root, insert=False) if p.slot and p.slot.path == path]
            option = self.best(places)
            if option is not None and option.score > self.iou(root) + 1e-6:
                changed = self.apply(root, option)
                if effort(changed) <= effort(root) or self.worth(changed) > self.worth(root):
                    root = changed
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
def shrink(packed: bytes, side: int, size: int, border: bool = False) -> tuple[Packed, Packed]:
    """Ink and blank of a picture of ``side`` pixels (bits as bytes) at the engine's size; its border is neither.

    The reference renderer's pixel (row, column) stands for its upper left corner, so pixel factor * k + factor / 2 is
    the one at the centre of the engine's pixel k. Its edges are a pixel fat on some sides and not on others: pixels
    that touch the border are left out, so that the right program fits without error. Ink so fine that all of it falls
    between those pixels, such as a small dot, counts wherever an engine's pixel holds any of it.
    """
    ink = unpack(packed, side)
    full, blank = (sampled(part if border else _eroded(part), size) for part in (ink, ~ink))
    if not full.any():
        full = np.asarray(ink.reshape(size, side // size, size, side // size).any((1, 3)))
        blank = blank & ~full
    return engine(size).pack(full), engine(size).pack(blank)


def sampled(raster: NDArray[Any], size: int) -> NDArray[Any]:
    """The pixels of a raster that stand for the engine's (see ``shrink``)."""
    factor = len(raster) // size
    pixels = slice(factor // 2, None, factor)
    return raster[pixels, pixels]


def _planes(masks: MaskEngine, weights: NDArray[np.integer]) -> Packed:
    """The bits of the weights, lowest first, each as a packed raster."""
    bits = range(int(weights.max()).bit_length())
    return np.stack([masks.pack((weights >> bit & 1).astype(bool)) for bit in bits])


def _eroded(raster: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels whose eight neighbours are set too; beyond the canvas everything is."""
    padded = np.pad(raster, 1, constant_values=True)
    rows = padded[:-2] & padded[1:-1] & padded[2:]
    return rows[:, :-2] & rows[:, 1:-1] & rows[:, 2:]
