"""Rewards without a network: sharpness and colourfulness of a picture, blind to the prompt.

They are honest baselines: what best-of-N gains under them is what a reward that understands nothing can gain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tts_playground.core import Cost, Sample


def _pixels(sample: Sample) -> np.ndarray:
    return np.asarray(sample.content.convert("RGB"), np.float64)


@dataclass(frozen=True)
class Sharpness:
    """Log of the variance of the Laplacian of the grey picture (Pertuz et al. 2013): higher is crisper."""

    name = "sharpness"
    revision = "1"
    unit_cost = Cost()

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        """One number per picture; one that is blank, or less than 3 pixels wide or high, scores 0."""
        return [self._one(_pixels(sample) @ (0.299, 0.587, 0.114)) for sample in samples]

    def _one(self, grey: np.ndarray) -> float:
        if min(grey.shape) < 3:  # no pixel has neighbours on all sides
            return 0.0
        around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
        return float(np.log1p((around - 4 * grey[1:-1, 1:-1]).var()))


@dataclass(frozen=True)
class Colourfulness:
    """Colourfulness after Hasler and Suesstrunk (2003): 0 is grey, about 100 is extremely colourful."""

    name = "colourfulness"
    revision = "1"
    unit_cost = Cost()

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        """One number per picture."""
        return [self._one(_pixels(sample)) for sample in samples]

    def _one(self, rgb: np.ndarray) -> float:
        red_green = rgb[..., 0] - rgb[..., 1]
        yellow_blue = (rgb[..., 0] + rgb[..., 1]) / 2 - rgb[..., 2]
        spread = np.hypot(red_green.std(), yellow_blue.std())
        return float(spread + 0.3 * np.hypot(red_green.mean(), yellow_blue.mean()))
