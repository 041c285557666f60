"""What summaries read of a picture's row, whoever counted its picks: this program, or another one."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from tts_playground.auditing.statistics import Floats


class Picked(ABC):
    """Picks among the digits of one picture."""

    n: int
    """picks asked for; 0 where probabilities are exact"""
    digits: tuple[float, ...]
    """for 0 to 9: the probability of that reply (exact), or how often it was given"""
    examples: tuple[str, ...]
    """a few unreadable replies"""
    protocol: str
    """"exact", "sampled" or "list" """

    @property
    @abstractmethod
    def shown(self) -> tuple[int, ...]:
        """Digits in the picture, in the order of its cells."""

    @property
    @abstractmethod
    def cluster(self) -> int:
        """Number of what pictures share that are not independent: their layout."""

    @property
    @abstractmethod
    def p_special(self) -> float | None:
        """Probability or share of the special digit among valid picks; None where no digit is known to be special."""

    @property
    @abstractmethod
    def joint(self) -> float | None:
        """Share of valid picks with the right colour as well; None where no colour was asked for."""

    @property
    def total(self) -> float:
        """Number of picks; 1 for probabilities."""
        return float(self.n) if self.n else 1.0

    @property
    def picks(self) -> Floats:
        """[k] picks or probabilities of the cells, in their order."""
        return np.asarray(self.digits, np.float64)[list(self.shown)]

    @property
    def p(self) -> Floats:
        """[k] probabilities or shares among the valid picks; uniform where there is none (see ``valid``)."""
        picks = self.picks
        return picks / picks.sum() if picks.sum() > 0 else np.full(len(picks), 1 / len(picks))

    @property
    def valid(self) -> float:
        """Share of replies that name a digit in the picture."""
        return min(1.0, float(self.picks.sum()) / self.total)
