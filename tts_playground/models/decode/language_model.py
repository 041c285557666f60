"""What decoding reads of a language model: transformers' own hints say no more of a part than that it is a module."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from torch import Tensor, nn
    from transformers import DynamicCache


class Parts(Protocol):
    """A module with its parts and weights."""

    def modules(self) -> Iterator[nn.Module]:
        """Itself and everything in it."""
        ...

    def parameters(self) -> Iterator[nn.Parameter]:
        """Its weights."""
        ...


class Hidden(Protocol):
    """What a decoder gives."""

    last_hidden_state: Tensor
    """[B, T, hidden] after the final norm"""


class LanguageModel(Parts, Protocol):
    """Any decoder of transformers, without its head."""

    @property
    def config(self) -> Any:
        """A configuration; which facts it has depends on the model."""
        ...

    @property
    def layers(self) -> Iterable[nn.Module]:
        """The blocks, first to last."""
        ...

    def __call__(self, *, inputs_embeds: Tensor, past_key_values: DynamicCache, use_cache: bool) -> Hidden:
        """Hidden states [B, T, hidden] of inputs [B, T, hidden] behind what the cache holds, which grows."""
        ...


class Norm(Protocol):
    """A root-mean-square norm."""

    weight: Tensor


class Linear(Protocol):
    """A product with a weight [out, in]."""

    out_features: int
    weight: Tensor
    bias: Tensor | None


class Attention(Protocol):
    """Llama's attention."""

    head_dim: int
    q_proj: Linear
    k_proj: Linear
    v_proj: Linear
    o_proj: Linear


class FeedForward(Protocol):
    """Llama's gated feed-forward part."""

    gate_proj: Linear
    up_proj: Linear
    down_proj: Linear


class Layer(Protocol):
    """One block of a Llama."""

    self_attn: Attention
    mlp: FeedForward
    input_layernorm: Norm
    post_attention_layernorm: Norm


class LlamaShape(Protocol):
    """What a Llama's configuration says of its size."""

    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    rms_norm_eps: float


class PlainLlama(Parts, Protocol):
    """A ``LlamaModel`` that ``llama.is_plain`` has looked at."""

    config: LlamaShape
    layers: Sequence[Layer]
    norm: Norm
    rotary_emb: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
