"""What rewards that read networks have in common: what they are called, and pictures scored by a prompt's nearness."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from tts_playground.core import Cost, Sample
from tts_playground.models import two_tower
from tts_playground.models.hub.embedded_models import revision_of, where


class NetworkReward:
    """What a reward that reads one network, called ``model``, says of itself."""

    model: str
    short: ClassVar[str]
    """its name with the usual weights"""
    usual: ClassVar[str]
    """the usual weights"""
    unit_cost = Cost(verifier_calls=1)

    @property
    def name(self) -> str:
        """The short name, and which weights where they are not the usual ones."""
        return self.short if self.model == self.usual else f"{self.short}:{self.model}"

    @property
    def networks(self) -> tuple[str, ...]:
        """The network."""
        return (self.model,)

    @property
    def revision(self) -> str:
        """Changes with the weights."""
        return revision_of(where(self.model))


def prompt_cosines(
    towers: two_tower.TwoTowers, task: Any, samples: Sequence[Sample], scale: float = 1.0
) -> list[float]:
    """``scale`` times the cosine, in [-1, 1], of each sample's picture with ``task.prompt``."""
    if not samples:
        return []
    return [scale * one for one in two_tower.cosines(towers, [one.content for one in samples], task.prompt)]
