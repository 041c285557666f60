"""CLIP score: the cosine between a picture and the prompt (Hessel et al. 2021, without its rescaling)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tts_playground.core import Cost, Sample
from tts_playground.models.clip import image_embeddings, text_embeddings
from tts_playground.models.hub.embedded_models import revision_of, where


@dataclass(frozen=True)
class ClipReward:
    """How well a picture fits the task's ``prompt``: a cosine in [-1, 1]."""

    model: str = "tiny:clip"
    """"tiny:clip", a folder, or a hub id of any CLIPModel"""
    device: str = "cpu"
    unit_cost = Cost(verifier_calls=1)

    @property
    def name(self) -> str:
        """ "clip", and which one where it is not ours."""
        return "clip" if self.model == "tiny:clip" else f"clip:{self.model}"

    @property
    def networks(self) -> tuple[str, ...]:
        """The CLIP."""
        return (self.model,)

    @property
    def revision(self) -> str:
        """Changes with the weights."""
        return revision_of(where(self.model))

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        """The cosine of each sample's picture with ``task.prompt``."""
        if not samples:
            return []
        text = text_embeddings([task.prompt], self.model, self.device)[0]
        images = image_embeddings([sample.content for sample in samples], self.model, self.device)
        return [float(one) for one in images @ text]
