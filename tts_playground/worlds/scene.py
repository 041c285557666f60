"""What a sticker scene is, as values: its composition (what a caption can tell) and its things (what is drawn)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tts_playground.worlds.sprites import sprite
from tts_playground.worlds.vocabulary import BACKGROUNDS, NATURAL, SIZE

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels, y down"""


@dataclass(frozen=True, slots=True)
class Group:
    """``count`` things of one noun and one colour ("" is natural)."""

    noun: str
    color: str = NATURAL
    count: int = 1


@dataclass(frozen=True, slots=True)
class Composition:
    """What a caption tells: groups, how the first stands to the others, the background ("" where left open)."""

    groups: tuple[Group, ...]
    relation: str = ""
    """"", "left of", "right of", "above", "below", "on" (first to second) or "between" (first, of second and third)"""
    background: str = ""


@dataclass(frozen=True, slots=True)
class Thing:
    """One sticker in its place."""

    noun: str
    color: str
    x: int
    """left edge in pixels"""
    y: int
    """top edge in pixels"""
    size: int
    """long side in pixels"""

    @property
    def box(self) -> Box:
        """Where it is, in pixels."""
        drawn = sprite(self.noun, self.color, self.size)
        return (self.x, self.y, self.x + drawn.width, self.y + drawn.height)


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture before it is drawn: later things cover earlier ones."""

    composition: Composition
    things: tuple[Thing, ...]


def paint(scene: Scene, canvas: np.ndarray) -> None:
    """Draw ``scene`` over the whole of ``canvas``, uint8 [64, 64, 3]."""
    canvas[:] = BACKGROUNDS[scene.composition.background or "white"]
    for thing in scene.things:
        drawn = sprite(thing.noun, thing.color, thing.size)
        below = canvas[thing.y : thing.y + drawn.height, thing.x : thing.x + drawn.width]
        below[:] = (below * drawn.keep >> 8) + drawn.paint


def render_batch(scenes: Sequence[Scene]) -> np.ndarray:
    """Draw many scenes: uint8 [len(scenes), 64, 64, 3]."""
    out = np.empty((len(scenes), SIZE, SIZE, 3), dtype=np.uint8)
    for scene, canvas in zip(scenes, out, strict=True):
        paint(scene, canvas)
    return out


MARGIN = 0.1
"""how far apart centres must be, in parts of the two boxes, before a direction counts (GenEval, Ghosh et al. 2023)"""


def directions(a: Box, b: Box) -> set[str]:
    """The directions in which box ``a`` lies from box ``b``: of left of, right of, above, below none, one or two.

    GenEval's rule: the offset of centres, shortened by ``MARGIN`` of both boxes' sides, counts as a direction when it
    makes more than half of the distance.
    """
    offset = np.array([(a[0] + a[2] - b[0] - b[2]) / 2, (a[1] + a[3] - b[1] - b[3]) / 2])
    sides = np.array([a[2] - a[0] + b[2] - b[0], a[3] - a[1] + b[3] - b[1]])
    left = np.maximum(np.abs(offset) - MARGIN * sides, 0) * np.sign(offset)
    distance = float(np.linalg.norm(offset))
    if distance == 0:
        return set()
    dx, dy = left / distance
    told = {"left of": dx < -0.5, "right of": dx > 0.5, "above": dy < -0.5, "below": dy > 0.5}
    return {name for name, true in told.items() if true}


def stands_on(a: Box, b: Box) -> bool:
    """Whether ``a`` rests on ``b``: above it, touching its upper half, and not beside it."""
    gap = (a[3] - b[1]) / max(1.0, b[3] - b[1])
    beside = abs(a[0] + a[2] - b[0] - b[2]) / 2
    return "above" in directions(a, b) and -0.15 <= gap <= 0.6 and beside <= 0.6 * (b[2] - b[0])


def lies_between(a: Box, b: Box, c: Box) -> bool:
    """Whether ``a`` has ``b`` and ``c`` on opposite sides."""
    first, second = directions(a, b), directions(a, c)
    return (
        ("left of" in first and "right of" in second)
        or ("right of" in first and "left of" in second)
        or ("above" in first and "below" in second)
        or ("below" in first and "above" in second)
    )


def related(relation: str, boxes: Sequence[Box]) -> bool:
    """Whether ``relation`` holds for boxes in the order of its words: (a, b), or (a, b, c) for "between"."""
    if relation == "between":
        return lies_between(boxes[0], boxes[1], boxes[2])
    if relation == "on":
        return stands_on(boxes[0], boxes[1])
    return relation in directions(boxes[0], boxes[1])
