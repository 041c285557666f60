"""CLIP score: the cosine between a picture and the prompt (Hessel et al. 2021, without its rescaling)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from tts_playground.core import Cost, Sample
from tts_playground.rewards.loading import clip_and_processor, revision_of, where

BATCH = 64


def image_embeddings(images: Sequence[Image.Image], model: str = "tiny:clip", device: str = "cpu") -> np.ndarray:
    """Unit embeddings of pictures under the CLIP called ``model``: float32 [n, d]."""
    import torch

    clip, processor = clip_and_processor(model, device)
    parts = []
    for start in range(0, len(images), BATCH):
        inputs = processor(images=list(images[start : start + BATCH]), return_tensors="pt").to(device)
        with torch.inference_mode():
            pooled = clip.vision_model(pixel_values=inputs["pixel_values"]).pooler_output
            parts.append(_unit(clip.visual_projection(pooled)))
    return np.concatenate(parts) if parts else np.zeros((0, clip.config.projection_dim), np.float32)


def text_embeddings(texts: Sequence[str], model: str = "tiny:clip", device: str = "cpu") -> np.ndarray:
    """Unit embeddings of texts under the CLIP called ``model``: float32 [n, d]; long texts are cut."""
    import torch

    clip, processor = clip_and_processor(model, device)
    longest = clip.config.text_config.max_position_embeddings
    inputs = processor(text=list(texts), return_tensors="pt", padding=True, truncation=True, max_length=longest)
    with torch.inference_mode():
        pooled = clip.text_model(**inputs.to(device)).pooler_output
        return _unit(clip.text_projection(pooled))


def _unit(rows: Any) -> np.ndarray:
    array = rows.float().cpu().numpy()
    return array / np.linalg.norm(array, axis=-1, keepdims=True).clip(1e-9)


@dataclass(frozen=True)
class ClipReward:
    """How well a picture fits the task's ``prompt``: a cosine in [-1, 1]."""

    model: str = "tiny:clip"
    """"tiny:clip", a folder, or a hub id of any CLIPModel"""
    device: str = "cpu"
    unit_cost: ClassVar[Cost] = Cost(verifier_calls=1)

    @property
    def name(self) -> str:
        """ "clip", and which one where it is not ours."""
        return "clip" if self.model == "tiny:clip" else f"clip:{self.model}"

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
