"""The names and signatures of the lab "Test-Time Scaling with transformers": Janus-Pro, CLIP, and a VLM that verifies.

A notebook that was written against them runs here, on the small models that ship or on the big ones with a GPU:

    from tts_playground.lab import *

    vl_gpt, vl_chat_processor = load_janus("tiny:janus")
    images = generate_image(vl_gpt, vl_chat_processor, "two red apples", num_images_per_prompt=4)
    best, score, scores = ClipReranker("tiny:clip").select_best("two red apples", images)

All of it is thin; the rooms below do the work. What is drawn follows torch's own state: ``torch.manual_seed`` repeats
it, and calls one after the other draw anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tts_playground.lab.images import (
    AestheticScorer,
    ClipReranker,
    best_of_n_curve,
    compare_wordings,
    failure_modes,
    generate_image,
    load_janus,
)
from tts_playground.lab.questions import (
    accuracy_curves,
    generate_samples,
    is_correct,
    load_infovqa,
    load_vlm,
    resize_longest_side,
    verify_samples,
)
from tts_playground.tasks.text_to_image import LAB_PROMPTS, WORLD_PROMPTS

if TYPE_CHECKING:
    infovqa_tasks: Sequence[dict[str, Any]] = ()

__all__ = [
    "AestheticScorer",
    "ClipReranker",
    "accuracy_curves",
    "best_of_n_curve",
    "compare_wordings",
    "failure_modes",
    "generate_image",
    "generate_samples",
    "infovqa_tasks",
    "is_correct",
    "load_infovqa",
    "load_janus",
    "load_vlm",
    "prompt_list",
    "resize_longest_side",
    "verify_samples",
    "world_prompt_list",
]
"""what ``from tts_playground.lab import *`` gives; ``infovqa_tasks`` are drawn then"""

prompt_list = list(LAB_PROMPTS)
"""the lab's prompts, for Janus-Pro"""
world_prompt_list = list(WORLD_PROMPTS)
"""prompts in the words of the embedded models"""


def __getattr__(name: str) -> Sequence[dict[str, Any]]:
    if name == "infovqa_tasks":  # drawn when asked for, once
        globals()[name] = load_infovqa()
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
