"""A drawing, as samplers, rewards and verifiers see it, and how a program's picture compares with it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tts_playground.dsl.raster import draw
from tts_playground.dsl.tree import Program


class Drawing(Protocol):
    """A task that has a picture: ``side`` * ``side`` packed bits, row by row from the top, 1 is ink."""

    @property
    def mask(self) -> bytes:
        """The bits."""
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
    drawn = unpack(drawing.mask, drawing.side)
    painted = np.asarray(draw(program, drawing.side, "reference"))[..., 0] == 0
    hit = int(np.count_nonzero(drawn & painted))
    return Overlap(hit, int(np.count_nonzero(painted)) - hit, int(np.count_nonzero(drawn)) - hit)
