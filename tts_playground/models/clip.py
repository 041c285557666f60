"""Any CLIPModel of transformers as two functions: pictures and texts to unit embeddings."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from tts_playground.models import loading
from tts_playground.models.hub import locator
from tts_playground.models.hub.embedded_models import quietly
from tts_playground.models.lru_cache import LruCache

BATCH = 64
"""pictures in one forward pass"""
KEPT = 2000
"""embeddings of pictures that are kept, at most some 6 MB"""
TOLD = 50
"""lists of texts whose embeddings are kept: a prompt is scored again with every new picture"""


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


def image_embeddings(images: Sequence[Image.Image], model: str = "tiny:clip", device: str = "cpu") -> np.ndarray:
    """Unit embeddings of pictures under the CLIP called ``model``: float32 [n, d].

    Two rewards that read the same CLIP score the same pictures one after the other; the second finds them embedded.
    """
    keys = [(model, device, _digest(image)) for image in images]
    known = {key: row for key in keys if (row := _EMBEDDED.get(key)) is not None}
    new = [place for place, key in enumerate(keys) if key not in known]
    for start in range(0, len(new), BATCH):
        some = new[start : start + BATCH]
        rows = _embed([images[place] for place in some], model, device)
        known |= {keys[place]: _EMBEDDED.put(keys[place], row) for place, row in zip(some, rows, strict=True)}
    width = clip_and_processor(model, device)[0].config.projection_dim
    return np.stack([known[key] for key in keys]) if keys else np.zeros((0, width), np.float32)


def _embed(images: Sequence[Image.Image], model: str, device: str) -> np.ndarray:
    import torch

    clip, processor = clip_and_processor(model, device)
    inputs = processor(images=list(images), return_tensors="pt").to(device)
    with torch.inference_mode():
        pooled = clip.vision_model(pixel_values=inputs["pixel_values"]).pooler_output
        return _unit(clip.visual_projection(pooled))


def _digest(image: Any) -> bytes:
    array = np.ascontiguousarray(image)
    return hashlib.blake2b(array.tobytes() + repr((array.shape, array.dtype.str)).encode(), digest_size=16).digest()


_EMBEDDED: LruCache[tuple[str, str, bytes], np.ndarray] = LruCache(KEPT)


def text_embeddings(texts: Sequence[str], model: str = "tiny:clip", device: str = "cpu") -> np.ndarray:
    """Unit embeddings of texts under the CLIP called ``model``: float32 [n, d]; long texts are cut."""
    key = (model, device, tuple(texts))
    known = _TOLD.get(key)
    return (_TOLD.put(key, _read(texts, model, device)) if known is None else known).copy()


def _read(texts: Sequence[str], model: str, device: str) -> np.ndarray:
    import torch

    clip, processor = clip_and_processor(model, device)
    longest = clip.config.text_config.max_position_embeddings
    inputs = processor(text=list(texts), return_tensors="pt", padding=True, truncation=True, max_length=longest)
    with torch.inference_mode():
        pooled = clip.text_model(**inputs.to(device)).pooler_output
        return _unit(clip.text_projection(pooled))


_TOLD: LruCache[tuple[str, str, tuple[str, ...]], np.ndarray] = LruCache(TOLD)


def _unit(rows: Any) -> np.ndarray:
    array = rows.float().cpu().numpy()
    return array / np.linalg.norm(array, axis=-1, keepdims=True).clip(1e-9)
