"""PickScore (Kirstain et al. 2023): a CLIP-H fine-tuned on which of two pictures people preferred."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from tts_playground.core import Sample
from tts_playground.models.clip import ClipTowers
from tts_playground.models.loading import device_of
from tts_playground.rewards.network import NetworkReward, prompt_cosines

WEIGHTS = "yuvalkirstain/PickScore_v1"
PROCESSOR = "laion/CLIP-ViT-H-14-laion2B-s32B-b79K"
"""whose processor the published weights were trained with, and take where they come without one"""
SCALE = 100.0
"""the published model's logit scale, about; PickScores are printed near 20"""


@dataclass(frozen=True)
class PickScore(NetworkReward):
    """100 times the cosine under the PickScore weights: roughly 18 to 24 for real pictures; only differences matter."""

    model: str = WEIGHTS
    """a hub id or a folder with a CLIPModel"""
    device: str = "auto"
    """"auto" (where the generator is: ``loading.Options``), "cpu", "cuda" or "cuda:1" """
    processor: str = PROCESSOR
    """a hub id or a folder whose processor is taken where ``model`` has none"""
    short: ClassVar[str] = "pickscore"
    usual: ClassVar[str] = WEIGHTS

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        """One score per picture for ``task.prompt``."""
        towers = ClipTowers(self.model, device_of(self.device), (self.processor,))
        return prompt_cosines(towers, task, samples, SCALE)
