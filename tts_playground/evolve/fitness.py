"""What makes a program good training data: a picture unlike the others, no operand without effect, a sensible size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tts_playground.dsl.generator import coverage, least_effect
from tts_playground.dsl.masks import Packed, engine
from tts_playground.dsl.tree import Program
from tts_playground.errors import BadInput
from tts_playground.typed import typed

SIDE = 64


@dataclass(frozen=True)
@typed
class Fitness:
    """Bounds that a program must keep, and how those that do are ranked; every range includes both ends.

    Raises:
        BadInput: the novelty or the range of coverages is not within 0-1.
    """

    primitives: tuple[int, int] = (1, 8)
    coverage: tuple[float, float] = (0.055, 0.75)
    """share of the canvas that is black; a disc of radius 2 (4.9 %) stays out at every raster size"""
    effect: float = 0.002
    """least share of the canvas that must change when any one operand is left out"""
    novelty: float = 0.1
    """least distance (1 - IoU) to every picture so far, 0-1"""
    length_bonus: float = 0.05
    """what one primitive adds to the score, so that parents are not the simplest ones only"""

    def __post_init__(self) -> None:
        if not 0 <= self.novelty < 1 or not 0 <= self.coverage[0] <= self.coverage[1] <= 1:
            raise BadInput("A fitness needs a novelty of 0 to 1 and a range of coverages within 0 to 1.")

    def complaint(self, program: Program) -> str:
        """Why the program is turned away whatever the others are; "" if it is not."""
        if program.root is None:
            return "blank"
        if not self.primitives[0] <= len(program) <= self.primitives[1]:
            return "too short or too long"
        if not self.coverage[0] <= coverage(program.root, SIDE) <= self.coverage[1]:
            return "covers too little or too much"
        return "" if least_effect(program.root, SIDE) >= self.effect else "an operand without effect"

    def score(self, program: Program, distance: float) -> float:
        """Higher is better; ``distance`` is ``Gallery.distance`` to the pictures so far."""
        return distance + self.length_bonus * len(program)


class Gallery:
    """The pictures so far as bits, asked for the nearest one."""

    def __init__(self) -> None:
        self._rows: Packed = np.zeros((64, engine(SIDE).words), np.uint64)
        self._count = 0

    def add(self, program: Program) -> None:
        """Add the program's picture to the archive."""
        if self._count == len(self._rows):
            self._rows = np.concatenate([self._rows, np.zeros_like(self._rows)])
        self._rows[self._count] = engine(SIDE).evaluate(program)
        self._count += 1

    def distance(self, program: Program) -> float:
        """1 - IoU to the nearest picture, 0-1; 1.0 to an empty gallery."""
        if not self._count:
            return 1.0
        rows, mine = self._rows[: self._count], engine(SIDE).evaluate(program)
        both = np.bitwise_count(rows & mine).sum(1)
        either = np.bitwise_count(rows | mine).sum(1)
        return float(1.0 - np.max(np.where(either, both / np.maximum(either, 1), 1.0)))
