"""Any CLIPModel of transformers as two functions: pictures and texts to unit embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from tts_playground.models import loading, two_tower
from tts_playground.models.hub import locator
from tts_playground.models.hub.embedded_models import quietly


@cache
def clip_and_processor(name: str, device: str) -> tuple[Any, Any]:
    """A CLIPModel in float32, and its processor; loaded once.

    Raises:
        BadInput: neither a folder nor a possible hub id.
        ModelUnavailable: it is not here and cannot be reached, is broken, is not a CLIPModel, or does not fit.
    """
    import torch
    from transformers import CLIPModel, CLIPProcessor

    folder = locator.ready(name, "clip", device)
    with loading.loaded_from(name, "clip", folder), quietly(folder):
        processor = loading.processor(CLIPProcessor, folder)
        model: Any = CLIPModel.from_pretrained(folder, dtype=torch.float32, use_safetensors=True, **loading.LOCAL)
        return model.to(device).eval(), processor


@dataclass(frozen=True)
class ClipTowers:
    """A CLIPModel of transformers, loaded when it is first asked for something."""

    model: str = "tiny:clip"
    """"tiny:clip", a folder, or a hub id"""
    device: str = "cpu"
    batch: ClassVar[int] = 64

    @property
    def width(self) -> int:
        """Length d of an embedding."""
        return clip_and_processor(self.model, self.device)[0].config.projection_dim

    def embed_images(self, images: Sequence[Image.Image]) -> np.ndarray:
        """Unit embeddings of pictures, in one forward pass: float32 [n, d]."""
        import torch

        clip, processor = clip_and_processor(self.model, self.device)
        inputs = processor(images=list(images), return_tensors="pt").to(self.device)
        with torch.inference_mode():
            pooled = clip.vision_model(pixel_values=inputs["pixel_values"]).pooler_output
            return _unit(clip.visual_projection(pooled))

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Unit embeddings of texts, cut where they are longer than the model reads: float32 [n, d]."""
        import torch

        clip, processor = clip_and_processor(self.model, self.device)
        longest = clip.config.text_config.max_position_embeddings
        inputs = processor(text=list(texts), return_tensors="pt", padding=True, truncation=True, max_length=longest)
        with torch.inference_mode():
            pooled = clip.text_model(**inputs.to(self.device)).pooler_output
            return _unit(clip.text_projection(pooled))


def image_embeddings(images: Sequence[Image.Image], model: str = "tiny:clip", device: str = "cpu") -> np.ndarray:
    """Unit embeddings of pictures under the CLIP called ``model``: float32 [n, d]."""
    return two_tower.embedded_images(ClipTowers(model, device), images)


def text_embeddings(texts: Sequence[str], model: str = "tiny:clip", device: str = "cpu") -> np.ndarray:
    """Unit embeddings of texts under the CLIP called ``model``: float32 [n, d]; long texts are cut."""
    return two_tower.embedded_texts(ClipTowers(model, device), texts)


def _unit(rows: Any) -> np.ndarray:
    array = rows.float().cpu().numpy()
    return array / np.linalg.norm(array, axis=-1, keepdims=True).clip(1e-9)
