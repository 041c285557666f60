"""Where picking by one reward makes another one fall: when that is clear, and which prompt was chosen to show it.

The choice is made by ``evaluation.make_fall`` and ships as ``FILE``, beside the starter of the images.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tts_playground import home
from tts_playground.estimators.curves import curve
from tts_playground.verifiers.training_side import training_side

CLEARLY = 0.1
"""standard deviations by which a whole interval must lie below one draw"""
TRUTH = "geneval"
"""the check of truth: its fall goes before that of any other reward"""
PAIRS = (("clip", TRUTH), ("aesthetic", TRUTH), ("clip", "aesthetic"), ("aesthetic", "clip"))
"""(what picks, what is measured)"""
NUMBERS = (8, 16, 32)
"""N at which a fall is looked for, as far as half of a pool goes"""
NAME, FILE, IMAGES = "t2i-fall", "t2i-fall.json", 128
"""the starter, what is told of how its prompt was chosen, and images in it: twice as many as in another starter"""


@dataclass(frozen=True, slots=True)
class Fall:
    """What the best of ``n`` by ``first`` is worth by ``second``, from one pool."""

    prompt: str
    first: str
    second: str
    n: int
    one: float
    """of one draw, on average"""
    best: float
    """of the best of ``n``, on average"""
    low: float
    high: float
    """its 95 % interval"""
    margin: float
    """standard deviations of ``second`` by which the whole interval lies below one draw; negative where it does not"""

    @property
    def clear(self) -> bool:
        """Whether it may be claimed, and shown as an example: the prompt is of the training side."""
        return self.margin > CLEARLY and training_side(self.prompt)

    @property
    def where(self) -> tuple[str, str, str, int]:
        """(prompt, what picks, what is measured, N): what a choice fixes before fresh images are looked at."""
        return self.prompt, self.first, self.second, self.n

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name, four digits of each number."""
        return {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(self).items()}


def falls(prompt: str, scores: Mapping[str, Sequence[float]]) -> list[Fall]:
    """All of ``PAIRS`` and ``NUMBERS`` that one pool can tell of.

    Args:
        scores: reward -> one number a sample, of independent draws.
    """
    found = []
    for first, second in PAIRS:
        if first not in scores or second not in scores or not len(scores[first]):
            continue
        gold = curve([scores[first]], [scores[second]])
        spread = float(np.std(scores[second])) or 1.0
        for n in NUMBERS:
            if 2 * n <= gold.pool_size and (ends := gold.ends(n)) is not None:
                one = gold.at(1)
                found.append(Fall(prompt, first, second, n, one, gold.at(n), *ends, (one - ends[1]) / spread))
    return found


def clearest(found: Iterable[Fall]) -> Fall | None:
    """Of those that are clear the one that lies farthest below one draw, of the truth if there is any; else None."""
    clear = [one for one in found if one.clear]
    return max(clear, key=lambda one: (one.second == TRUTH, one.margin), default=None)


def chosen() -> dict[str, Any]:
    """What ``make_fall.made`` told of the choice that ships, "chosen" (a ``Fall``) among it; empty without."""
    file = home.STARTERS / FILE
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def planned() -> tuple[str, str, str, int] | None:
    """``Fall.where`` of the choice that ships: it was fixed before the images of its starter were drawn."""
    one = chosen().get("chosen")
    return None if one is None else Fall(**one).where
