"""What drawing a picture by denoising is about: settings, and the path of an unfinished picture."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from tts_playground.core import Cost
from tts_playground.errors import BadInput
from tts_playground.models.diffusion.model import Stand, Wish
from tts_playground.typed import typed

STOPS = 8
"""steps of a path, at most, where nobody says how many denoising steps make one"""


@dataclass(frozen=True, slots=True)
@typed
class DiffusionSettings:
    """How pictures are denoised.

    Raises:
        BadInput: a setting is out of its range.
    """

    cfg: float = 4.5
    """guidance scale, 1 (none: half the evaluations) to 100"""
    steps: int = 20
    """denoising steps, 1 to 1000"""
    eta: float = 0.0
    """share of the noise that every step draws anew, 0 (the picture follows from its first noise) to 1; DDIM's eta"""
    size: int = 0
    """pixels a side, 0 for the pipeline's own"""
    stride: int = 0
    """denoising steps in one step of a path, 0 for so many that a path has 8 steps at most"""

    def __post_init__(self) -> None:
        checks = {
            "cfg": (1 <= self.cfg <= 100, "1 to 100"),
            "steps": (1 <= self.steps <= 1000, "1 to 1000"),
            "eta": (0 <= self.eta <= 1, "0 to 1"),
            "size": (0 <= self.size <= 4096, "0 (the model's own) to 4096"),
            "stride": (0 <= self.stride <= 1000, "0 (as many as suit) to 1000"),
        }
        for name, (fine, allowed) in checks.items():
            if not fine:
                raise BadInput(f"{name} is {getattr(self, name)!r}, but it must be {allowed}.")

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name, for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class DiffusionPath:
    """An unfinished picture: where it stood after each step. Immutable, so freely shared."""

    index: int
    seed: int
    settings: DiffusionSettings
    origin: int
    """whose noise it began with"""
    length: int
    """evaluations of the whole schedule"""
    stride: int
    """evaluations in one step"""
    trail: tuple[Stand, ...] = field(default=(), repr=False, compare=False)
    """after each step"""
    cost: Cost = field(default=Cost())
    parent: int | None = None
    forked_at: int = 0
    """steps that came from the parent"""
    stir: float = 0.0
    """share of the noise that the first denoising step after a fork draws anew, whatever eta is"""
    start: Any = field(default=None, repr=False, compare=False)
    """latents float32 [1, ...] that it begins with in place of its index's noise; None without such"""

    @property
    def steps(self) -> int:
        """Whole steps taken."""
        return len(self.trail)

    @property
    def taken(self) -> int:
        """Evaluations taken."""
        return self.trail[-1].taken if self.trail else 0

    @property
    def done(self) -> bool:
        """Whether the picture is complete."""
        return self.taken >= self.length

    @property
    def stand(self) -> Stand:
        """Where it stands."""
        return self.trail[-1] if self.trail else Stand(self.start, 0)

    def wish(self) -> Wish:
        """What the model needs to go on."""
        s = self.settings
        return Wish(self.seed, self.index, self.origin, s.steps, s.cfg, s.eta, self.stir_now)

    @property
    def stir_now(self) -> float:
        """``stir`` where the next step is the first after a fork, else 0."""
        return self.stir if self.steps == self.forked_at else 0.0
