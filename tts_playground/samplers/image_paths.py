"""What drawing an image token by token is about: settings, the path of an unfinished image, a frame of a stream."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from tts_playground.core import Cost
from tts_playground.models.janus.decode_batch import ImageRow
from tts_playground.samplers.sampling_limits import GUIDANCE, check_ranges
from tts_playground.typed import typed


@dataclass(frozen=True, slots=True)
@typed
class ImageSettings:
    """How tokens are drawn.

    Raises:
        BadInput: a setting is out of its range.
    """

    temperature: float = 1.0
    """0.0001 (greedy but for ties) to 5; 0 is greedy"""
    cfg: float = GUIDANCE
    """guidance scale, 1 (none: half the cost) to 100"""
    top_p: float = 1.0
    """keep the likeliest tokens with this probability, (0, 1]; 1 keeps all"""
    top_k: int = 0
    """keep this many likeliest tokens; 0 keeps all"""

    def __post_init__(self) -> None:
        check_ranges(self, {"cfg": (1 <= self.cfg <= 100, "1 to 100")})

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name, for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ImagePath:
    """An unfinished image: its tokens, and the keys and values that go on from them. Immutable, so freely shared."""

    index: int
    seed: int
    settings: ImageSettings
    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    entropies: tuple[float, ...]
    grid: int
    """tokens a row, and rows"""
    cost: Cost = field(default=Cost())
    parent: int | None = None
    forked_at: int = 0
    """rows that came from the parent"""
    pieces: tuple[Any, ...] = field(default=(), repr=False, compare=False)

    @property
    def steps(self) -> int:
        """Whole rows drawn."""
        return len(self.tokens) // self.grid

    @property
    def done(self) -> bool:
        """Whether the image is complete."""
        return len(self.tokens) >= self.grid * self.grid

    def row(self) -> ImageRow:
        """What the token loop needs to go on."""
        s = self.settings
        return ImageRow(self.seed, self.index, s.temperature, s.cfg, s.top_k, s.top_p, self.tokens, self.pieces)
