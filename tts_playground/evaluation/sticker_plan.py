"""What ``eval stickers`` is asked to measure, on which models, and into whose card the numbers belong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tts_playground.errors import BadInput
from tts_playground.models.hub.embedded_models import where
from tts_playground.typed import typed
from tts_playground.worlds.evalset import KINDS, StickerCase, cases

PARTS = ("vq", "clip", "detector", "judge", "images")
OWNERS: Mapping[str, str] = {
    "model": r"vq_|geneval_|diversity|entropy|distinct_|best_cfg",
    "clip": r"clip_|(geneval|looks)_clip",
    "detector": r"det_|judge_",
    "aesthetic": r"(geneval|looks)_aesthetic",
    "detector2": r"det2_|.*(_detector2|_confirmed)$",
}
"""field of ``StickerPlan`` -> the names of the numbers that belong into that model's card, as a pattern"""


@dataclass(frozen=True)
@typed
class StickerPlan:
    """What is measured, and how thoroughly.

    Raises:
        BadInput: a setting is out of its range.
    """

    model: str = "tiny:janus"
    """an embedded name, a folder or a hub id; for the parts vq, clip, detector and judge also the folder of a VQ"""
    clip: str = "tiny:clip"
    detector: str = "tiny:detector"
    aesthetic: str = "tiny:aesthetic"
    detector2: str = "tiny:detector2"
    """judges a second time where it is there"""
    parts: tuple[str, ...] = PARTS
    """some of ``PARTS``"""
    n: int = 16
    """images a prompt, 2 to 4096; below 16 the names of best-of-N say how many"""
    prompts: int = 240
    """of the 240 of stickers-eval, as evenly over kinds as can be, 6 to 240"""
    scenes: int | None = None
    """held-out scenes; None takes 600, and fewer with fewer prompts"""
    cfg: float | None = None
    """guidance scale; None is that of the model's own generation config, beside which a few are tried on prompts of the
    training side, to tell the best"""
    seed: int = 0
    """of the drawn images"""
    device: str = "auto"

    def __post_init__(self) -> None:
        unknown = [part for part in self.parts if part not in PARTS]
        if unknown or not self.parts:
            raise BadInput(
                f"There is no part {', '.join(unknown) or 'named'} of eval stickers; {', '.join(PARTS)} are."
            )
        for name, value, low, high in (("n", self.n, 2, 4096), ("prompts", self.prompts, 6, 240)):
            if not low <= value <= high:
                raise BadInput(f"{name} is {value}, but it must be {low} to {high}.")
        if self.scenes is not None and not 20 <= self.scenes <= 100_000:
            raise BadInput(f"scenes is {self.scenes}, but it must be 20 to 100000.")

    def chosen(self) -> list[StickerCase]:
        """The prompts, evenly over the kinds and within each."""
        each = self.prompts // len(KINDS)
        found: list[StickerCase] = []
        for kind in KINDS:
            of_kind = [case for case in cases() if case.kind == kind]
            found += [of_kind[round(place)] for place in np.linspace(0, len(of_kind) - 1, each)]
        return found


def owned(plan: StickerPlan, metrics: Mapping[str, Any]) -> Iterable[tuple[Path, dict[str, Any]]]:
    """The folder of every measured model, and the numbers that belong into its card.

    Raises:
        BadInput: a model is not a folder on this machine.
    """
    for name, pattern in OWNERS.items():
        mine = {key: value for key, value in metrics.items() if re.match(pattern, key)}
        if mine:
            folder = Path(where(getattr(plan, name)))
            if not folder.is_dir():
                raise BadInput(f"{getattr(plan, name)} is no folder here, so it has no card to write the numbers into.")
            yield folder, mine
