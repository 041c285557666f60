"""PickScore (Kirstain et al. 2023): a CLIP-H fine-tuned on which of two pictures people preferred."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tts_playground.core import Cost, Sample
from tts_playground.models.clip import image_embeddings, text_embeddings
from tts_playground.models.hub.embedded_models import revision_of, where

WEIGHTS = "yuvalkirstain/PickScore_v1"
SCALE = 100.0
"""the published model's logit scale, about; PickScores are printed near 20"""


@dataclass(frozen=True)
class PickScore:
    """100 times the cosine under the PickScore weights: roughly 18 to 24 for real pictures; only differences matter."""

    model: str = WEIGHTS
    """a hub id or a folder with a CLIPModel and its processor; the published weights use the processor of
    laion/CLIP-ViT-H-14-laion2B-s32B-b79K"""
    device: str = "cpu"
    unit_cost = Cost(verifier_calls=1)

    @property
    def name(self) -> str:
        """ "pickscore", and which weights where they are not the published ones."""
        return "pickscore" if self.model == WEIGHTS else f"pickscore:{self.model}"

    @property
    def networks(self) -> tuple[str, ...]:
        """The name of its CLIP."""
        return (self.model,)

    @property
    def revision(self) -> str:
        """Changes with the weights."""
        return revision_of(where(self.model))

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        """One score per picture for ``task.prompt``."""
        if not samples:
            return []
        text = text_embeddings([task.prompt], self.model, self.device)[0]
        images = image_embeddings([sample.content for sample in samples], self.model, self.device)
        return [SCALE * float(one) for one in images @ text]
