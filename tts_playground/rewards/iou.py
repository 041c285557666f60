"""Rewards that look at a program's picture: how well it covers the drawing, and whether its length is worth it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tts_playground.core import Cost, Sample
from tts_playground.dsl.drawings import PRICE, Drawing, effort, overlap, price


@dataclass(frozen=True)
class IoUReward:
    """IoU of the program's reference render with the drawing: 0-1."""

    name = "iou"
    revision = "1"
    unit_cost = Cost(renders=1)

    def score(self, task: Drawing, samples: Sequence[Sample]) -> list[float]:
        """One IoU per sample."""
        return [overlap(task, sample.content).iou for sample in samples]


@dataclass(frozen=True)
class FitReward:
    """Log-odds of the IoU less a price for every primitive: prefers the shorter of equals.

    A primitive is worth its price if it cuts the error by about that share, which suits clean and shaky drawings alike.
    """

    price: float = PRICE
    """of one primitive, in nats, or more where the drawing's contour is short (see ``drawings.price``); 0 or more"""
    floor: float = 0.004
    """error that counts as none: about a pixel along the border"""
    name = "fit"
    unit_cost = Cost(renders=1)

    @property
    def revision(self) -> str:
        """Changes with the price and the floor, as scores do."""
        return f"2-{self.price:g}-{self.floor:g}"

    def score(self, task: Drawing, samples: Sequence[Sample]) -> list[float]:
        """One number per sample."""
        each = price(task, self.price)
        return [self._odds(overlap(task, sample.content).iou) - each * effort(sample.content) for sample in samples]

    def _odds(self, iou: float) -> float:
        return math.log((self.floor + iou) / (self.floor + 1.0 - iou))
