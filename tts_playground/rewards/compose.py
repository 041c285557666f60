"""Rewards made of rewards: a weighted sum, the mean rank, the minimum.

They wrap and never look inside, so anything that scores can be a part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any

from tts_playground.core import Cost, Reward, Sample
from tts_playground.errors import BadInput
from tts_playground.registry.expressions import weight as text_of
from tts_playground.rewards.verdict import networks_of
from tts_playground.typed import typed


def _columns(parts: Sequence[Reward], task: Any, samples: Sequence[Sample]) -> list[tuple[float, ...]]:
    """One tuple of the parts' scores per sample."""
    return list(zip(*(part.score(task, samples) for part in parts), strict=True))


def _networks(parts: Sequence[Reward]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for part in parts for name in networks_of(part)))


def _needs_parts(parts: Sequence[Reward]) -> None:
    if not parts:
        raise BadInput("A reward made of rewards needs at least one part.")


@dataclass(frozen=True)
@typed
class Weighted:
    """``sum(w_i r_i)``. The parts' units differ (a cosine, a score of about 10): the weights bring them together."""

    parts: tuple[Reward, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        _needs_parts(self.parts)
        if len(self.parts) != len(self.weights):
            raise BadInput(f"There are {len(self.parts)} rewards and {len(self.weights)} weights; give one each.")

    @property
    def name(self) -> str:
        """E.g. "1*clip+0.1*aesthetic"."""
        return "+".join(f"{text_of(weight)}*{part.name}" for weight, part in zip(self.weights, self.parts, strict=True))

    @property
    def networks(self) -> tuple[str, ...]:
        """Of all parts."""
        return _networks(self.parts)

    @property
    def revision(self) -> str:
        """Of all parts."""
        return "+".join(part.revision for part in self.parts)

    @property
    def unit_cost(self) -> Cost:
        """Of all parts."""
        return sum((part.unit_cost for part in self.parts), Cost())

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        """The weighted sums."""
        rows = _columns(self.parts, task, samples)
        return [fsum(w * value for w, value in zip(self.weights, row, strict=True)) for row in rows]


@dataclass(frozen=True)
@typed
class Minimum:
    """The minimum over the parts, which should share a unit."""

    parts: tuple[Reward, ...]

    def __post_init__(self) -> None:
        _needs_parts(self.parts)

    @property
    def name(self) -> str:
        """E.g. "min(clip,aesthetic)"."""
        return f"min({','.join(part.name for part in self.parts)})"

    @property
    def networks(self) -> tuple[str, ...]:
        """Of all parts."""
        return _networks(self.parts)

    @property
    def revision(self) -> str:
        """Of all parts."""
        return "+".join(part.revision for part in self.parts)

    @property
    def unit_cost(self) -> Cost:
        """Of all parts."""
        return sum((part.unit_cost for part in self.parts), Cost())

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        """The minima."""
        return [min(row) for row in _columns(self.parts, task, samples)]


@dataclass(frozen=True)
@typed
class RankAverage:
    """Mean of the parts' ranks against a fixed reference, each in (0, 1): robust, and no weights to choose.

    A rank inside the batch would make a score depend on its company, which a reward must not; so each part carries
    scores of a reference set (say a starter pool), and a sample's rank is its place among those.
    """

    parts: tuple[Reward, ...]
    references: tuple[tuple[float, ...], ...]
    """per part, its scores on the reference samples"""

    def __post_init__(self) -> None:
        _needs_parts(self.parts)
        if len(self.references) != len(self.parts) or not all(self.references):
            raise BadInput("RankAverage needs, for every part, its scores on a reference set.")

    @classmethod
    def of(cls, parts: Sequence[Reward], task: Any, samples: Sequence[Sample]) -> RankAverage:
        """With ``samples`` (of ``task``) as the reference set."""
        return cls(tuple(parts), tuple(tuple(part.score(task, samples)) for part in parts))

    @property
    def name(self) -> str:
        """E.g. "rank(clip,aesthetic)"."""
        return f"rank({','.join(part.name for part in self.parts)})"

    @property
    def networks(self) -> tuple[str, ...]:
        """Of all parts."""
        return _networks(self.parts)

    @property
    def revision(self) -> str:
        """Of all parts and of the reference."""
        from hashlib import blake2b

        reference = blake2b(repr(self.references).encode(), digest_size=5).hexdigest()
        return "+".join([*(part.revision for part in self.parts), reference])

    @property
    def unit_cost(self) -> Cost:
        """Of all parts."""
        return sum((part.unit_cost for part in self.parts), Cost())

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        """Mean mid-ranks: below everything is near 0, above everything near 1."""
        rows = _columns(self.parts, task, samples)
        return [fsum(map(_rank, row, self.references)) / len(self.parts) for row in rows]


def _rank(value: float, reference: Sequence[float]) -> float:
    below = sum(other < value for other in reference)
    equal = sum(other == value for other in reference)
    return (below + equal / 2 + 0.5) / (len(reference) + 1)
