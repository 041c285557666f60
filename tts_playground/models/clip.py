"""Any CLIPModel of transformers as two functions: pictures and texts to unit embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from tts_playground.errors import ModelUnavailable
from tts_playground.models.embedded import quietly, where

BATCH = 64
"""pictures in one forward pass"""


@cache
def clip_and_processor(name: str, device: str) -> tuple[Any, Any]:
    """A CLIPModel in float32, and its processor; loaded once.

    Raises:
        ModelUnavailable: it is not here and cannot be reached, or is not a CLIPModel.
    """
    import torch
    from transformers import CLIPModel, CLIPProcessor

    path = where(name)
    try:
        with quietly(path):
            model: Any = CLIPModel.from_pretrained(path, dtype=torch.float32)
        return model.to(device).eval(), CLIPProcessor.from_pretrained(path)
    except (OSError, ValueError) as error:
        raise ModelUnavailable(
            f"The CLIP model {name!r} cannot be loaded from here ({type(error).__name__}); "
            "give tiny:clip, a local folder, or a hub id that can be reached."
        ) from error


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
