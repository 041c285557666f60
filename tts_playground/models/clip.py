"""Networks of transformers with a tower for pictures and one for texts (CLIP, SigLIP, AltCLIP, ...) as two functions.

Pictures and texts to unit embeddings. A network is loaded by the class that its own configuration names and fed as its
own processor says; SigLIP (Zhai et al. 2023) was trained on texts that are padded to full length and lower-cased.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from tts_playground.errors import ModelUnavailable
from tts_playground.models import loading, two_tower
from tts_playground.models.hub import folders, locator, shapes
from tts_playground.models.hub.embedded_models import quietly

FULL_LENGTH = {"siglip": 64, "siglip2": 64}
"""model types whose texts are padded to as many tokens, or to as many as the model reads where that is less"""


@cache
def clip_and_processor(name: str, device: str, processors: tuple[str, ...] = ()) -> tuple[Any, Any]:
    """A network of two towers in float32, and its processor; loaded once.

    Args:
        processors: folders and hub ids whose processor is taken, the first that is there, where the model has none.

    Raises:
        BadInput: neither a folder nor a possible hub id.
        ModelUnavailable: it is not here and cannot be reached, is broken, is no such network, or does not fit.
    """
    import torch
    from transformers import AutoConfig

    folder = locator.ready(name, "towers", device, reader=not processors)
    words = folder if folders.has_reader(folder, "towers") else _processor_folder(name, folder, processors)
    with loading.loaded_from(name, "clip", folder), quietly(folder):
        config = AutoConfig.from_pretrained(folder, **loading.LOCAL)
        processor = _processor(config, words)
        kind = shapes.model_class("towers", config)
        model: Any = kind.from_pretrained(folder, dtype=torch.float32, use_safetensors=True, **loading.LOCAL)
        return model.to(device).eval(), processor


def _processor(config: Any, folder: Path) -> Any:
    """A processor of the class that belongs to the network.

    CLIP's own is called by name, since an old folder of a CLIP says of its processor no more than its numbers. SigLIP's
    tokenizer needs a package that is not ours, but comes with a tokenizer.json that every fast tokenizer reads.
    """
    import transformers
    from transformers.models.auto import processing_auto

    if config.model_type == "clip":
        return loading.processor(transformers.CLIPProcessor, folder)
    try:
        return loading.processor(transformers.AutoProcessor, folder)
    except ImportError:
        if not (folder / "tokenizer.json").is_file():
            raise
    words = transformers.PreTrainedTokenizerFast.from_pretrained(folder, **loading.LOCAL)
    images = transformers.AutoImageProcessor.from_pretrained(folder, **loading.LOCAL)
    known: Any = processing_auto
    return getattr(transformers, known.PROCESSOR_MAPPING_NAMES[config.model_type])(images, words)


def _processor_folder(name: str, folder: Path, others: Sequence[str]) -> Path:
    """Where the processor of a model without one is: the first of ``others`` that has one, be it with weights or not.

    Raises:
        ModelUnavailable: none has.
    """
    if not others:
        return folder  # whoever reads it says what is missing
    for other in others:
        place = folders.named(other) or locator.reader_of(other)
        if place is not None and folders.has_reader(place, "towers"):
            return place
    raise ModelUnavailable(
        f"{name} has no tokenizer and no image processor of its own and takes those of {others[-1]}, which are not on "
        f"this machine; go online once, or copy their files (tokenizer.json, preprocessor_config.json) into {folder}."
    )


@dataclass(frozen=True)
class ClipTowers:
    """A network of two towers, loaded when it is first asked for something."""

    model: str = "tiny:clip"
    """"tiny:clip", a folder, or a hub id"""
    device: str = "cpu"
    processors: tuple[str, ...] = ()
    """folders and hub ids whose processor serves where the model has none"""
    batch: ClassVar[int] = 64

    def _parts(self) -> tuple[Any, Any]:
        return clip_and_processor(self.model, self.device, self.processors)

    @property
    def width(self) -> int:
        """Length d of an embedding."""
        return self.embed_texts(["a"]).shape[1]

    def embed_images(self, images: Sequence[Image.Image]) -> np.ndarray:
        """Unit embeddings of pictures, in one forward pass: float32 [n, d]."""
        import torch

        network, processor = self._parts()
        inputs = processor(images=[image.convert("RGB") for image in images], return_tensors="pt").to(self.device)
        with torch.inference_mode():
            return _unit(network.get_image_features(**inputs))

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Unit embeddings of texts, cut where they are longer than the model reads: float32 [n, d]."""
        import torch

        network, processor = self._parts()
        kind, told = network.config.model_type, network.config.text_config
        longest = min(told.max_position_embeddings, FULL_LENGTH.get(kind, told.max_position_embeddings))
        full = kind in FULL_LENGTH
        inputs = processor(
            text=[text.lower() for text in texts] if full else list(texts),
            return_tensors="pt",
            padding="max_length" if full else True,
            truncation=True,
            max_length=longest,
        ).to(self.device)
        if full:  # it attends to the padding, as it did when it was trained
            inputs = {"input_ids": inputs["input_ids"]}
        with torch.inference_mode():
            return _unit(network.get_text_features(**inputs))


def image_embeddings(images: Sequence[Image.Image], model: str = "tiny:clip", device: str = "cpu") -> np.ndarray:
    """Unit embeddings of pictures under the network called ``model``: float32 [n, d]."""
    return two_tower.embedded_images(ClipTowers(model, device), images)


def text_embeddings(texts: Sequence[str], model: str = "tiny:clip", device: str = "cpu") -> np.ndarray:
    """Unit embeddings of texts under the network called ``model``: float32 [n, d]; long texts are cut."""
    return two_tower.embedded_texts(ClipTowers(model, device), texts)


def _unit(found: Any) -> np.ndarray:
    array = getattr(found, "pooler_output", found).float().cpu().numpy()
    return array / np.linalg.norm(array, axis=-1, keepdims=True).clip(1e-9)
