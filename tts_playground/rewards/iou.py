"""Rewards that look at a program's picture: how well it covers the drawing, and whether its length is worth it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tts_playground.core import Cost, Sample
from tts_playground.dsl.drawings import PRICE, Drawing, overlap
from tts_playground.dsl.scoring import CLOSENESS, FLOOR, check_closeness, judge
from tts_playground.typed import typed


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
@typed
class FitReward:
    """Log-odds of the IoU less a price for every primitive: prefers the shorter of equals, and keeps small parts.

    A primitive is worth its price if it cuts the error by about that share, which suits clean and shaky drawings alike.

    Raises:
        BadInput: ``closeness`` is not within 0-1.
    """

    price: float = PRICE
    """of one primitive, in nats, or more where the drawing's contour is short (see ``drawings.price``); 0 or more"""
    floor: float = FLOOR
    """error that counts as none: about a pixel along the border"""
    closeness: float = CLOSENESS
    """0 doubles the price, 1 takes it away, and weights of parts with it (see ``dsl.scoring``)"""
    name = "fit"
    unit_cost = Cost(renders=1)

    def __post_init__(self) -> None:
        check_closeness(self.closeness)

    @property
    def revision(self) -> str:
        """Changes with the settings, as scores do."""
        return f"3-{self.price:g}-{self.floor:g}-{self.closeness:g}"

    def score(self, task: Drawing, samples: Sequence[Sample]) -> list[float]:
        """One number per sample."""
        return [judge(task, one.content, self.closeness, self.price, self.floor).merit for one in samples]


@dataclass(frozen=True)
@typed
class ScoreReward:
    """What "fit" says as a share of 0-1, as pages show it; the IoU itself at a closeness of 1.

    Raises:
        BadInput: ``closeness`` is not within 0-1.
    """

    closeness: float = CLOSENESS
    """between shorter (0) and closer (1)"""
    name = "score"
    unit_cost = Cost(renders=1)

    def __post_init__(self) -> None:
        check_closeness(self.closeness)

    @property
    def revision(self) -> str:
        """Changes with the closeness, as scores do."""
        return f"1-{self.closeness:g}"

    def score(self, task: Drawing, samples: Sequence[Sample]) -> list[float]:
        """One share per sample."""
        return [judge(task, one.content, self.closeness).score for one in samples]
