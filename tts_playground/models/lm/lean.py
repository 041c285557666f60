"""Which decoders the lean steps cover: Llama, and those of other names that compute the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

from tts_playground.models.decode.llama import hooked, is_plain

if TYPE_CHECKING:
    from tts_playground.models.decode.language_model import Parts, PlainLlama

ROTATIONS = frozenset({"default", "linear", "llama3", "yarn"})
"""kinds of rotary embeddings whose angles depend on the position alone"""


def is_lean(module: Parts) -> TypeGuard[PlainLlama]:
    """Whether ``LlamaSteps`` computes what a decoder does: a plain Llama, Qwen2 or Mistral that sees all it has read,
    on one device, unhooked and unquantised."""
    config = getattr(module, "config", None)
    rotation = getattr(config, "rope_parameters", None) or {}
    if rotation.get("rope_type", "default") not in ROTATIONS:
        return False
    return is_plain(module) or (_is_like_llama(module) and _sees_all(config))


def _is_like_llama(module: Parts) -> bool:
    from torch import nn
    from transformers.activations import SiLUActivation
    from transformers.models.mistral import modeling_mistral as mistral
    from transformers.models.qwen2 import modeling_qwen2 as qwen2

    families = (
        {qwen2.Qwen2Model, qwen2.Qwen2DecoderLayer, qwen2.Qwen2Attention, qwen2.Qwen2MLP, qwen2.Qwen2RMSNorm,
         qwen2.Qwen2RotaryEmbedding},
        {mistral.MistralModel, mistral.MistralDecoderLayer, mistral.MistralAttention, mistral.MistralMLP,
         mistral.MistralRMSNorm, mistral.MistralRotaryEmbedding},
    )  # fmt: skip
    parts = list(module.modules())
    shared = {nn.Linear, nn.Embedding, nn.ModuleList, nn.SiLU, SiLUActivation}
    known = any(type(module) in family and {type(part) for part in parts} <= family | shared for family in families)
    devices = {weight.device for weight in module.parameters()}
    return known and not any(map(hooked, parts)) and len(devices) == 1


def _sees_all(config: object) -> bool:
    """Whether no layer has a window."""
    kinds = getattr(config, "layer_types", None)
    if kinds:
        return set(kinds) == {"full_attention"}
    return getattr(config, "sliding_window", None) is None
