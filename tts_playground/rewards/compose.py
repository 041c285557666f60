"""Rewards made of rewards: a weighted sum, the mean rank, the minimum.

They wrap and never look inside, so anything that scores can be a part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any

from tts_playground.core import Cost, Reward, Sample
from tts_playground.core.scores import scores_of
from tts_playground.errors import BadInput
from tts_playground.registry.expressions import weight as text_of
from tts_playground.rewards.verdict import networks_of
from tts_playground.typed import typed


def _columns(parts: Sequence[Reward], task: Any, samples: Sequence[Sample]) -> list[tuple[float, ...]]:
    """One tuple of the parts' scores per sample."""
    return list(zip(*(scores_of(part, task, samples) for part in parts), strict=True))


class _Composed:
    """What a reward made of rewards says of itself."""

    parts: tuple[Reward, ...]

    def _need_parts(self) -> None:
        if not self.parts:
            raise BadInput("A reward made of rewards needs at least one part.")

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks of all parts."""
        return tuple(dict.fromkeys(name for part in self.parts for name in networks_of(part)))

    @property
    def revision(self) -> str:
        """The revisions of all parts."""
        return "+".join(part.revision for part in self.parts)

    @property
    def unit_cost(self) -> Cost:
        """The sum over all parts."""
        return sum((part.unit_cost for part in self.parts), Cost())


@dataclass(frozen=True)
@typed
class Weighted(_Composed):
    """``sum(w_i r_i)``. The parts' units differ (a cosine, a score of about 10): the weights bring them together.

    Raises:
        BadInput: no parts, or not one weight for each.
    """

    parts: tuple[Reward, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        self._need_parts()
        if len(self.parts) != len(self.weights):
            raise BadInput(f"There are {len(self.parts)} rewards and {len(self.weights)} weights; give one each.")

    @property
    def name(self) -> str:
        """E.g. "1*clip+0.1*aesthetic"."""
        return "+".join(f"{text_of(weight)}*{part.name}" for weight, part in zip(self.weights, self.parts, strict=True))

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        """[N] weighted sums of the parts' scores."""
        rows = _columns(self.parts, task, samples)
        return [fsum(w * value for w, value in zip(self.weights, row, strict=True)) for row in rows]


@dataclass(frozen=True)
@typed
class Minimum(_Composed):
    """The minimum over the parts, which should share a unit."""

    parts: tuple[Reward, ...]

    def __post_init__(self) -> None:
        self._need_parts()

    @property
    def name(self) -> str:
        """E.g. "min(clip,aesthetic)"."""
        return f"min({','.join(part.name for part in self.parts)})"

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        """[N] minima over the parts' scores."""
        return [min(row) for row in _columns(self.parts, task, samples)]
