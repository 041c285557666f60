# torch tells of a module's hooks nowhere but in private, untyped fields.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportPrivateUsage=false
"""A lean decoding step over a plain Llama's own weights: a dozen operations a layer instead of some fifty.

The modules stay the owners of the weights. Queries, keys and values are one product. On CPU attention is two batched
products and a softmax instead of the fused kernel, because the fused kernel's last bit depends on which thread a row
falls to, and rows must not depend on their batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard

from tts_playground.models.decode.decoder import Session
from tts_playground.models.decode.linear import Affine, Dense, RowRule, row_rule

if TYPE_CHECKING:
    from torch import Tensor, nn

    from tts_playground.models.decode.language_model import Layer, Linear, Parts, PlainLlama


def is_plain(module: Parts) -> TypeGuard[PlainLlama]:
    """Whether every part is exactly transformers' Llama on one device, unhooked and unquantised."""
    from torch import nn
    from transformers.activations import SiLUActivation
    from transformers.models.llama import modeling_llama as llama

    ours = {llama.LlamaModel, llama.LlamaDecoderLayer, llama.LlamaAttention, llama.LlamaMLP, llama.LlamaRMSNorm}
    ours |= {llama.LlamaRotaryEmbedding, nn.Linear, nn.Embedding, nn.ModuleList, nn.SiLU, SiLUActivation}
    parts = list(module.modules())
    devices = {weight.device for weight in module.parameters()}
    plain = type(module) is llama.LlamaModel and {type(p) for p in parts} <= ours
    return plain and not any(map(hooked, parts)) and len(devices) == 1


def hooked(module: nn.Module) -> bool:
    """Whether something wraps the module's forward (an accelerate device map, a quantiser)."""
    return bool(module._forward_hooks or module._forward_pre_hooks or hasattr(module, "_hf_hook"))


@dataclass(frozen=True, slots=True)
class Block:
    """The weights of one layer."""

    norm: Tensor
    qkv: Affine
    out: Affine
    norm2: Tensor
    gate: Affine
    up: Affine
    down: Affine


def joined(linears: Sequence[Linear], share: bool) -> tuple[Tensor, Tensor | None]:
    """One weight for several products of the same input; ``share`` makes the modules views of it, at no memory."""
    import torch

    weight = torch.cat([linear.weight.data for linear in linears])
    start = 0
    for linear in linears if share else ():
        linear.weight.data = weight[start : start + linear.out_features]
        start += linear.out_features
    biases = [linear.bias.data for linear in linears if linear.bias is not None]
    return weight, torch.cat(biases) if biases else None


class LlamaSteps:
    """Decodes rows of a plain ``LlamaModel``."""

    kind: type[Affine] = Dense

    def __init__(self, model: PlainLlama) -> None:
        config = model.config
        self.layers = config.num_hidden_layers
        self.heads, self.kv_heads = config.num_attention_heads, config.num_key_value_heads
        self.head_dim = model.layers[0].self_attn.head_dim
        self.eps = config.rms_norm_eps
        self.norm = model.norm.weight.data
        self.rotary = model.rotary_emb
        self.blocks = [self._block(layer) for layer in model.layers]
        self.rule = self._rule() if self.norm.device.type == "cpu" else RowRule()

    def _block(self, layer: Layer) -> Block:
        attention, mlp = layer.self_attn, layer.mlp
        gate, up, down, out = (
            Dense(part.weight.data, None if part.bias is None else part.bias.data)
            for part in (mlp.gate_proj, mlp.up_proj, mlp.down_proj, attention.o_proj)
        )
        qkv = Dense(*joined((attention.q_proj, attention.k_proj, attention.v_proj), share=True))
        norms = layer.input_layernorm.weight.data, layer.post_attention_layernorm.weight.data
        return Block(norms[0], qkv, out, norms[1], gate, up, down)

    def _rule(self) -> RowRule:
        """Of the first layer's shapes; the others are the same."""
        block, hidden = self.blocks[0], self.norm.numel()
        inner = self.heads * self.head_dim
        middle = block.gate(self.norm[None].clone()).shape[-1]
        return row_rule([(block.qkv, hidden), (block.out, inner), (block.gate, hidden), (block.down, middle)])

    def own(self, cache: Tensor) -> Tensor:
        """Keys and values that the model's forward made, as our steps keep them."""
        return cache

    def session(self, cache: Tensor, filled: int) -> Session:
        """Decode in place, in the given cache."""
        return LlamaSession(self, cache)

    def rotation(self, length: int) -> tuple[Tensor, Tensor]:
        """Cosine and signed sine of the rotary embedding, [length, head_dim] each."""
        import torch

        places = torch.arange(length, device=self.norm.device)[None]
        cos, sin = (part[0] for part in self.rotary(self.norm, places))
        half = self.head_dim // 2
        return cos, torch.cat((-sin[:, :half], sin[:, half:]), -1)


class LlamaSession:
    """Rows of a plain ``LlamaModel`` in a cache that grows in place."""

    def __init__(self, steps: LlamaSteps, cache: Tensor) -> None:
        self.steps, self.cache = steps, cache
        self.cos, self.sin = steps.rotation(cache.shape[4])

    def forward(self, x: Tensor, place: int) -> Tensor:
        """One position of all rows."""
        steps = self.steps
        cos, sin = self.cos[place], self.sin[place]
        rows, heads, kv = x.shape[0], steps.heads, steps.kv_heads

        def look(qkv: Tensor, cache: Tensor) -> Tensor:
            turned = rotate(qkv[:, : heads + kv], cos, sin)
            cache[0, :, :, place] = turned[:, heads:]
            cache[1, :, :, place] = qkv[:, heads + kv :]
            # Queries that share a key head stand as several queries of one position: grouped heads need no repetition.
            query = turned[:, :heads].reshape(rows, kv, heads // kv, steps.head_dim)
            return attend(query, cache[0, :, :, : place + 1], cache[1, :, :, : place + 1])

        for block, cache in zip(steps.blocks, self.cache, strict=True):
            x = layer_step(steps, block, cache, x, look)
        return normed(x, steps.norm, steps.eps)


def layer_step(
    steps: LlamaSteps, block: Block, cache: Tensor, x: Tensor, look: Callable[[Tensor, Tensor], Tensor]
) -> Tensor:
    """One layer on rows [R, hidden]; ``look(qkv, cache)`` writes keys and values and gives what attention saw."""
    rows, heads, kv = x.shape[0], steps.heads, steps.kv_heads
    qkv = block.qkv(normed(x, block.norm, steps.eps)).view(rows, heads + 2 * kv, steps.head_dim)
    x = block.out.plus(look(qkv, cache).reshape(rows, heads * steps.head_dim), x)
    inner = normed(x, block.norm2, steps.eps)
    return block.down.plus(block.up.times(inner, block.gate.silu(inner)), x)


def normed(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """Root-mean-square norm of rows [R, hidden]."""
    from torch.nn.functional import rms_norm

    return rms_norm(x, (x.shape[-1],), weight, eps)


def rotate(x: Tensor, cos: Tensor, signed_sin: Tensor) -> Tensor:
    """Rotary position embedding (Su et al. 2021) of [R, heads, D], halves layout; cos and sin are [D] or [1, D]."""
    return (x * cos).addcmul_(x.roll(x.shape[-1] // 2, -1), signed_sin)


def attend(query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Attention of queries [R, kv, G, D] over all of keys and values [R, kv, L, D]."""
    return ((query * query.shape[-1] ** -0.5) @ keys.transpose(-1, -2)).softmax(-1) @ values
