"""Pictures of a tiny:janus by transformers' own ``generate``, and the sheet that shows how it is doing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import StaticCache

from tts_playground.models.janus.vq import to_bytes
from tts_playground.train.janus.parts import prompt_text
from tts_playground.worlds.contact import contact_sheet

PROMPTS = (
    "a photo of a cat",
    "three red apples",
    "a blue elephant and a yellow guitar",
    "a dog left of a croissant",
    "a purple bus above two green cups",
    "a bird on a house",
    "four donuts on a black background",
    "a pizza between a rocket and a turtle",
)
"""of the sheet of samples; eight pictures each"""


@torch.no_grad()
def draw(
    model: Any, processor: Any, texts: Sequence[str], *, cfg: float | None = None, sample: bool = True, seed: int = 0
) -> torch.Tensor:
    """Pictures by transformers' own ``generate``, ``cfg`` None at the model's own guidance: uint8 [n, 64, 64, 3].

    The cache is given, because the ``generate`` of Janus in transformers 5.17 fails to make its own.
    """
    device = next(model.parameters()).device
    told = [prompt_text(processor, text) for text in texts]
    inputs = processor(text=told, generation_mode="image", padding=True, return_tensors="pt").to(device)
    image_tokens = model.config.vision_config.num_image_tokens
    cache = StaticCache(config=model.config.text_config, max_cache_len=inputs["input_ids"].shape[1] + image_tokens)
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        codes = model.generate(
            **inputs,
            generation_mode="image",
            do_sample=sample,
            guidance_scale=model.generation_config.guidance_scale if cfg is None else cfg,
            past_key_values=cache,
        )
    return to_bytes(model.model.vqmodel.decode(codes))


def samples(model: Any, processor: Any, each: int) -> Any:
    """A sheet with ``each`` pictures of every one of ``PROMPTS``."""
    return contact_sheet(draw(model, processor, [text for text in PROMPTS for _ in range(each)]).cpu().numpy())
