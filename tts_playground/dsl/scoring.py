"""The score of a program for a drawing, between "shorter" and "closer": what searches raise and pages show.

The weighted IoU is taken to log-odds, every primitive takes its price from that, as in minimum description length
(Rissanen 1978), and what remains is taken back to 0-1: the IoU that a program of no length would need to be as good. At
``closeness`` 1 primitives are free and all pixels count the same, so that the score is the IoU.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tts_playground.dsl.drawings import PRICE, Drawing, Overlap, effort, painted, price, unpack
from tts_playground.dsl.parts import left_out, weights
from tts_playground.dsl.tree import Program
from tts_playground.errors import BadInput

CLOSENESS = 0.6
"""where ``sketch`` and its page stand between shorter (0) and closer (1)"""
FLOOR = 0.004
"""error that counts as none: about a pixel along the border"""
STRENGTH = 0.5
"""how far parts count as parts and not by their area, up to a closeness of a half (see ``parts.weights``)"""


@dataclass(frozen=True, slots=True)
class Judgement:
    """How well a program explains a drawing."""

    overlap: Overlap
    """pixel counts, each pixel once"""
    weighted: float
    """IoU with small parts weighted up, 0-1"""
    merit: float
    """log-odds of the weighted IoU less the price of the primitives: what the reward "fit" says"""
    score: float
    """the same as a share, 0-1; ``overlap.iou`` at a closeness of 1"""


def check_closeness(closeness: float) -> float:
    """The closeness itself.

    Raises:
        BadInput: it is not within 0-1.
    """
    if not 0 <= closeness <= 1:
        raise BadInput(f"closeness must be a number from 0 (shorter) to 1 (closer), not {closeness}.")
    return closeness


def price_at(drawing: Drawing, closeness: float = CLOSENESS, least: float = PRICE) -> float:
    """What a primitive costs, in nats: ``drawings.price`` at a closeness of a half, twice that at 0, nothing at 1."""
    return 2 * (1 - closeness) * price(drawing, least)


def strength_at(closeness: float) -> float:
    """How far parts count as parts: ``STRENGTH`` up to a closeness of a half, falling to 0 at 1."""
    return STRENGTH * min(1.0, 2 * (1 - closeness))


def judge(
    drawing: Drawing, program: Program, closeness: float = CLOSENESS, least: float = PRICE, floor: float = FLOOR
) -> Judgement:
    """Draw a program and compare it with a drawing; settings are those of the reward "fit"."""
    picture, ink = painted(drawing, program), unpack(drawing.mask, drawing.side)
    both = ink & picture
    hit = int(np.count_nonzero(both))
    found = Overlap(hit, int(np.count_nonzero(picture)) - hit, int(np.count_nonzero(ink)) - hit)
    weighted = found.iou
    counts = weights(drawing.mask, drawing.side, strength_at(closeness))
    if counts.max() > 1 and (ink.any() or picture.any()):
        weighted = float(counts[both].sum(dtype=np.int64) / counts[ink | picture].sum(dtype=np.int64))
    merit = log_odds(weighted, floor) - price_at(drawing, closeness, least) * effort(program)
    return Judgement(found, weighted, merit, as_share(merit, floor))


def log_odds(iou: float, floor: float = FLOOR) -> float:
    """An IoU as log-odds, finite at 0 and 1."""
    return math.log((floor + iou) / (floor + 1.0 - iou))


def as_share(merit: float, floor: float = FLOOR) -> float:
    """The inverse of ``log_odds``, 0 where that would be below 0."""
    odds = math.exp(min(merit, 50.0))
    return min(1.0, max(0.0, (odds * (1.0 + floor) - floor) / (1.0 + odds)))


def dropped(drawing: Drawing, program: Program) -> list[str]:
    """The parts of a drawing that a program leaves out, in words, largest first."""
    found = left_out(drawing.mask, drawing.side, painted(drawing, program))
    ink = max(1, int(np.count_nonzero(unpack(drawing.mask, drawing.side))))
    return [
        f"{'a hole' if part.hole else 'a part'} {_where(*part.centre)} ({part.area / ink:.1%} of the ink)"
        for part in found
    ]


def _where(row: float, column: float) -> str:
    """A place on the canvas in words."""
    down = "at the top" if row < 0.36 else "at the bottom" if row > 0.64 else ""
    across = "left" if column < 0.36 else "right" if column > 0.64 else ""
    if down and across:
        return f"{down} {across}"
    return down or (f"on the {across}" if across else "in the middle")
