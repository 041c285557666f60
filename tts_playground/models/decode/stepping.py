"""Which decoding steps a language model gets: lean ones where it is a plain Llama, else its own forward."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tts_playground.models.decode.decoder import ModuleSteps, Steps
from tts_playground.models.decode.linear import can_pack
from tts_playground.models.decode.llama import LlamaSteps, is_plain
from tts_playground.models.decode.packed_llama import PackedLlama

if TYPE_CHECKING:
    from tts_playground.models.decode.language_model import LanguageModel, PlainLlama


def steps_for(language_model: LanguageModel) -> Steps:
    """The lean steps where the model is a plain Llama, else steps through its own forward."""
    return lean_steps(language_model) if is_plain(language_model) else ModuleSteps(language_model)


def lean_steps(model: PlainLlama) -> LlamaSteps:
    """The lean steps of a plain Llama, with packed weights where this machine gains by them."""
    total = sum(weight.numel() * weight.element_size() for weight in model.parameters())
    return (PackedLlama if can_pack(model.norm.weight.data, total) else LlamaSteps)(model)
