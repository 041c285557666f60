"""A drawing, as samplers, rewards and verifiers see it, and how a program's picture compares with it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tts_playground.dsl.exact import CANVAS
from tts_playground.dsl.raster import draw
from tts_playground.dsl.tree import Circle, Node, Program, Quad

PRICE = 0.18
"""least price of a primitive: the relative cut of the error (as a logarithm) that it must bring"""
WORDS = 8.0
"""what a primitive says, in nats: its kind, three to five small numbers, and its place in the program"""

THIN = 0.95
"""thickness of lines that are thin, in units: less than the narrowest quad's"""
TURNED = 1.25
"""primitives that a quad at any other angle than the eight common ones counts as: it takes more words"""


class Drawing(Protocol):
    """A task that has a picture: ``side`` * ``side`` packed bits, row by row from the top, 1 is ink."""

    @property
    def mask(self) -> bytes:
        """The packed bits, 1 where there is ink."""
        ...

    @property
    def side(self) -> int:
        """Pixels a side."""
        ...


@dataclass(frozen=True, slots=True)
class Overlap:
    """Pixel counts of a program's picture against a drawing."""

    hit: int
    """ink in both"""
    extra: int
    """ink only in the program's picture"""
    missing: int
    """ink only in the drawing"""

    @property
    def iou(self) -> float:
        """Intersection over union, 0-1; 1.0 when both are blank."""
        total = self.hit + self.extra + self.missing
        return self.hit / total if total else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 0-1; 1.0 when both are blank."""
        total = 2 * self.hit + self.extra + self.missing
        return 2 * self.hit / total if total else 1.0


@lru_cache(maxsize=64)
def unpack(mask: bytes, side: int) -> NDArray[np.bool_]:
    """The bits as a read-only array (side, side), True is ink."""
    bits = np.unpackbits(np.frombuffer(mask, np.uint8), count=side * side).view(bool).reshape(side, side)
    bits.setflags(write=False)
    return bits


def overlap(drawing: Drawing, program: Program) -> Overlap:
    """Compare the reference render of a program with a drawing, at the drawing's size."""
    ink, picture = unpack(drawing.mask, drawing.side), painted(drawing, program)
    hit = int(np.count_nonzero(ink & picture))
    return Overlap(hit, int(np.count_nonzero(picture)) - hit, int(np.count_nonzero(ink)) - hit)


def painted(drawing: Drawing, program: Program) -> NDArray[np.bool_]:
    """The reference render of a program at a drawing's size, True is ink."""
    return np.asarray(draw(program, drawing.side, "reference"))[..., 0] == 0


@lru_cache(maxsize=64)
def contour(mask: bytes, side: int) -> float:
    """Length of the ink's contour within the canvas, in units, within 4 / pi of it: from the pixel sides it crosses."""
    ink = unpack(mask, side)
    crossed = np.count_nonzero(ink[1:] != ink[:-1]) + np.count_nonzero(ink[:, 1:] != ink[:, :-1])
    return crossed * np.pi / 4 * CANVAS / side


@lru_cache(maxsize=64)
def thickness(mask: bytes, side: int) -> float:
    """Mean thickness of the ink as if it were strokes, in units: its area over half its contour."""
    return 2 * np.count_nonzero(unpack(mask, side)) * (CANVAS / side) ** 2 / max(1.0, contour(mask, side))


def lined(mask: bytes, side: int) -> bool:
    """Whether a drawing is one of lines that are thinner than any quad."""
    return thickness(mask, side) < THIN


def price(drawing: Drawing, least: float = PRICE) -> float:
    """What a primitive must earn to be worth its place: nats of the odds of the IoU.

    A hand errs independently about once a unit of contour, so a program of k primitives with error e describes the
    drawing in WORDS * k + contour * log(e) nats (Rissanen 1978); on a short contour a primitive must earn more. Lines
    that are thinner than any quad take two quads a piece, and many pieces, until they look like anything: there a
    primitive may earn less.
    """
    thin = min(1.0, thickness(drawing.mask, drawing.side) / THIN)
    return thin * max(least * thin**3, WORDS / max(contour(drawing.mask, drawing.side), 1.0))


def effort(node: Program | Node | None) -> float:
    """What a program says, in primitives: a quad at an angle that is no multiple of 45 says more, ``TURNED``."""
    root = node.root if isinstance(node, Program) else node
    if root is None:
        return 0.0
    if isinstance(root, Circle):
        return 1.0
    if isinstance(root, Quad):
        return 1.0 if root.angle % 45 == 0 else TURNED
    return sum(map(effort, root.operands))
