"""CLIP score: the cosine between a picture and the prompt (Hessel et al. 2021, without its rescaling)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from tts_playground.core import Sample
from tts_playground.models.clip import ClipTowers
from tts_playground.models.loading import device_of
from tts_playground.rewards.network import NetworkReward, prompt_cosines


@dataclass(frozen=True)
class ClipReward(NetworkReward):
    """How well a picture fits the task's ``prompt``: a cosine in [-1, 1]."""

    model: str = "tiny:clip"
    """"tiny:clip", a folder, or a hub id of any CLIPModel"""
    device: str = "auto"
    """"auto" (where the generator is: ``loading.Options``), "cpu", "cuda" or "cuda:1" """
    short: ClassVar[str] = "clip"
    usual: ClassVar[str] = "tiny:clip"

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        """The cosine of each sample's picture with ``task.prompt``."""
        return prompt_cosines(ClipTowers(self.model, device_of(self.device)), task, samples)
