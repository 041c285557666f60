"""How far a long measurement is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic


@dataclass
class Countdown:
    """Says how far a loop is, about every twentieth of it, and how long it will take."""

    what: str
    total: int
    say: Callable[[str], None]
    done: int = 0
    began: float = field(default_factory=monotonic)

    def step(self) -> None:
        """Count one more unit of work as done."""
        self.done += 1
        if self.done % max(1, self.total // 20) == 0 or self.done == self.total:
            left = (monotonic() - self.began) / self.done * (self.total - self.done)
            self.say(f"{self.what}: {self.done} of {self.total}, {left:.0f} s left")
