"""Processors of LLaVA from before their files said how many tokens a picture takes: the model's configuration knows.

The published folders of 2023 have a preprocessor_config.json and no more; transformers then makes a processor that
counts no tokens for a picture, or too many.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tts_playground.models.hub import folders

WITH_CLS = frozenset({"clip_vision_model", "chinese_clip_vision_model"})
"""vision towers that put one token of their own before those of the picture"""


def completed(processor: Any, config: Any, folder: Path) -> Any:
    """The processor with what its own files leave out and the model's configuration says; else as it is.

    Args:
        config: of the model, as transformers reads it. folder: where the processor's files are.
    """
    vision = getattr(config, "vision_config", None)
    if vision is None:
        return processor
    said = _said(folder)
    if getattr(processor, "patch_size", 0) is None and getattr(vision, "patch_size", None):
        processor.patch_size = vision.patch_size
    if getattr(processor, "vision_feature_select_strategy", "") is None:
        processor.vision_feature_select_strategy = getattr(config, "vision_feature_select_strategy", None) or "default"
    if hasattr(processor, "num_additional_image_tokens") and "num_additional_image_tokens" not in said:
        processor.num_additional_image_tokens = int(getattr(vision, "model_type", "") in WITH_CLS)
    if getattr(processor, "num_image_tokens", 0) is None and getattr(vision, "image_size", None):
        processor.num_image_tokens = (vision.image_size // vision.patch_size) ** 2
    return processor


def _said(folder: Path) -> dict[str, Any]:
    """What the processor's own files say."""
    found: dict[str, Any] = {}
    for name in folders.PROCESSORS:
        if (folder / name).is_file():
            read = folders.read_json(folder / name)
            found |= read if isinstance(read, dict) else {}
    return found
