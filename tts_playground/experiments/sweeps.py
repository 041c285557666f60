"""The temperature x guidance sweep: which settings it visits, and what its cells say about diversity and reward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tts_playground.core import Sample
from tts_playground.estimators.curves import Curve, curve
from tts_playground.estimators.intervals import difference
from tts_playground.rewards.diversity import distinct_tokens, token_entropy
from tts_playground.samplers.image_tokens import ImageSettings

TEMPERATURES = (0.0001, 0.7, 1.0, 1.3, 1.5)
GUIDANCES = (1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 20.0, 100.0)
EACH = 8
"""images of a cell in the sweep that ships"""


@dataclass(frozen=True, slots=True)
class SweepCell:
    """One setting of a sweep and what came of it."""

    temperature: float
    cfg: float
    rewards: tuple[float, ...]
    """one number an image, in the order of drawing"""
    entropy: float
    """mean entropy of the token distributions, nats"""
    distinct: float
    """mean over positions of (different tokens) / (images): 1/n when all images agree, 1 when none do"""

    @property
    def name(self) -> str:
        """The cell's settings in words, for legends."""
        return f"T {self.temperature:g}, CFG {self.cfg:g}"

    @property
    def diversity(self) -> float:
        """0 when all images are the same, 1 when no two share a token anywhere."""
        n = len(self.rewards)
        return 0.0 if n < 2 else float(np.clip((self.distinct - 1 / n) / (1 - 1 / n), 0, 1))

    def curve(self, measure: str) -> Curve:
        """Best-of-N of the cell's images, exact."""
        return curve([self.rewards], measure=measure, label=self.name, bands=False)


def cells(
    base: ImageSettings, temperatures: Sequence[float] = TEMPERATURES, guidances: Sequence[float] = GUIDANCES
) -> list[ImageSettings]:
    """The settings of a sweep, row by row: one temperature a row, one guidance a column."""
    return [replace(base, temperature=t, cfg=s) for t in temperatures for s in guidances]


def cell_of(settings: ImageSettings, samples: Sequence[Sample], rewards: Sequence[float]) -> SweepCell:
    """A cell from its images and their rewards."""
    entropy, distinct = token_entropy(samples), distinct_tokens(samples)
    return SweepCell(settings.temperature, settings.cfg, tuple(rewards), entropy, distinct)


def captions(found: Mapping[tuple[float, float], SweepCell]) -> list[str]:
    """What the extremes of a sweep show and why, in sentences; only of what is there."""
    said = []
    cold = [cell for cell in found.values() if cell.temperature <= 0.001 and len(cell.rewards) > 1]
    if cold:
        same = all(cell.distinct <= 1 / len(cell.rewards) + 1e-9 for cell in cold)
        what = "all images of a cell are the same image" if same else "the images of a cell are almost the same"
        said.append(
            f"T = {cold[0].temperature:g} is greedy: dividing the logits by almost nothing leaves all probability on"
            f" the likeliest token, so {what}, and best-of-N has nothing to choose from."
        )
    strong = [cell for cell in found.values() if cell.cfg >= 50 and cell.temperature > 0.001]
    plain = [cell for cell in found.values() if cell.cfg <= 1 and cell.temperature > 0.001]
    if strong:
        compared = ""
        if plain:
            low, high = (np.mean([cell.entropy for cell in group]) for group in (strong, plain))
            compared = f": {low:.2g} nats a token are left of {high:.2g} without guidance"
        said.append(
            f"CFG = {strong[0].cfg:g} multiplies the difference between the logits with and without the prompt by"
            f" {strong[0].cfg:g}, which acts like a very low temperature on what tells them apart{compared}. Diversity"
            " falls, and colours and shapes are exaggerated."
        )
    hot = [cell for cell in found.values() if cell.temperature >= 1.25]
    if hot:
        said.append(
            f"T = {hot[0].temperature:g} flattens every distribution: unlikely tokens come up all over the image and"
            " each spoils what follows; draws differ more, so choosing has more to work on."
            + _worth(hot, [cell for cell in found.values() if cell.temperature == 1.0], "T = 1")
        )
    if plain:
        next_one = min((cell.cfg for cell in found.values() if cell.cfg > 1), default=0.0)
        guided = [cell for cell in found.values() if cell.cfg == next_one and cell.temperature > 0.001]
        said.append(
            "CFG = 1 leaves the prompt its own weight and no more, at half the cost."
            + _worth(plain, guided, f"CFG = {next_one:g}")
        )
    return said


def _worth(these: Sequence[SweepCell], those: Sequence[SweepCell], name: str) -> str:
    """What a single draw is worth here and there, in words; "" where there is nothing to compare with."""
    if not those:
        return ""
    here, there = ([np.mean(cell.rewards) for cell in group] for group in (these, those))
    images = [[reward for cell in group for reward in cell.rewards] for group in (these, those)]
    sure = difference(*images)
    told = "" if sure.low is None else f" (95 % of the difference: {sure.words('+.2g')}, {sure.n} images)"
    return f" Here one draw is worth {np.mean(here):.3g} on average, against {np.mean(there):.3g} at {name}{told}."
