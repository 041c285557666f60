# torch gives split, tolist and linalg no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""Llama decoding on a CPU with weights packed for it, and rearranged so that a layer is some twenty operations.

The rearrangements change no result but for rounding: the weights of the norms and the 1/sqrt(D) of attention are
multiplied into the products that follow, and the dimensions of queries and keys are ordered in pairs, so that the
rotary embedding is one product of complex numbers. A row's bits do not depend on the batch it sits in.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from tts_playground.models.decode.decoder import Session
from tts_playground.models.decode.linear import PackedLinear
from tts_playground.models.decode.llama import Block, LlamaSteps, joined

if TYPE_CHECKING:
    from torch import Tensor

    from tts_playground.models.decode.language_model import Layer, Linear

SERIAL = 32767
"""numbers that torch works on in one thread; more are split anywhere, and vector and scalar code round differently"""


def pairs(head_dim: int) -> Tensor:
    """The order in which the two halves of a head's dimensions come as pairs: int64 [D]."""
    import torch

    return torch.arange(head_dim).view(2, -1).t().flatten()


class PackedLlama(LlamaSteps):
    """Decodes rows of a plain ``LlamaModel`` in float32 on a CPU."""

    kind = PackedLinear

    def _block(self, layer: Layer) -> Block:
        attention, mlp = layer.self_attn, layer.mlp
        before, after = (norm.weight.data for norm in (layer.input_layernorm, layer.post_attention_layernorm))
        weight, bias = joined((attention.q_proj, attention.k_proj, attention.v_proj), share=False)
        # Dividing by the length instead of the root mean square leaves sqrt(hidden) to the product that follows.
        grown = sqrt(weight.shape[1])
        weight = self._arranged(weight * before * grown)
        bias = None if bias is None else self._arranged(bias[:, None])[:, 0]

        def plain(part: Linear, scale: Tensor | None = None) -> PackedLinear:
            moved = part.weight.data if scale is None else part.weight.data * scale
            return PackedLinear(moved, None if part.bias is None else part.bias.data)

        return Block(
            before,
            PackedLinear(weight, bias),
            plain(attention.o_proj),
            after,
            plain(mlp.gate_proj, after * grown),
            plain(mlp.up_proj, after * grown),
            plain(mlp.down_proj),
        )

    def _arranged(self, rows: Tensor) -> Tensor:
        """Rows of the joined product: queries and keys in pairs, queries scaled."""
        heads = rows.view(-1, self.head_dim, rows.shape[1]).clone()
        turned = self.heads + self.kv_heads
        heads[:turned] = heads[:turned, pairs(self.head_dim)]
        heads[: self.heads] *= self.head_dim**-0.5
        return heads.reshape(rows.shape)

    def own(self, cache: Tensor) -> Tensor:
        """Keys that the model's forward made, with their dimensions in pairs."""
        import torch

        return torch.stack((cache[:, 0][..., pairs(self.head_dim)], cache[:, 1]), 1)

    def session(self, cache: Tensor, filled: int) -> Session:
        """Decode in place, in the given cache."""
        return _PackedSession(self, cache)


class _PackedSession:
    def __init__(self, steps: PackedLlama, cache: Tensor) -> None:
        import torch

        self.steps, self.cache = steps, cache
        layers, _, rows, kv, length, width = cache.shape
        self.flat = cache.view(layers, 2, rows * kv, length, width)
        cos, sin = steps.rotation(length)
        self.turns = torch.complex(cos[:, : width // 2].contiguous(), sin[:, width // 2 :].contiguous())
        self.at_once = max(1, SERIAL // ((steps.heads + kv) * width // 2))
        self.last = steps.norm * sqrt(steps.norm.numel())
        self.floor = torch.tensor(sqrt(steps.norm.numel() * steps.eps))

    def forward(self, x: Tensor, place: int) -> Tensor:
        """One position of all rows."""
        import torch

        steps = self.steps
        rows, heads, kv, width = x.shape[0], steps.heads, steps.kv_heads, steps.head_dim
        turn = self.turns[place]
        # What all layers share is sliced once.
        written = self.cache[:, :, :, :, place].unbind()
        keys = self.flat[:, 0, :, : place + 1].transpose(-1, -2).unbind()
        values = self.flat[:, 1, :, : place + 1].unbind()
        for number, block in enumerate(steps.blocks):
            qkv = block.qkv(self._unit(x)).view(rows, heads + 2 * kv, width)
            self._rotate(qkv[:, : heads + kv], turn)
            written[number].copy_(qkv[:, heads:].view(rows, 2, kv, width).transpose(0, 1))
            # Queries that share a key head stand as several queries of one position: grouped heads need no repetition.
            query = qkv[:, :heads].reshape(rows * kv, heads // kv, width)
            seen = torch.bmm(torch.bmm(query, keys[number]).softmax(-1), values[number])
            x = block.out.plus(seen.view(rows, heads * width), x)
            inner = self._unit(x)
            x = block.down.plus(block.up.times(inner, block.gate.silu(inner)), x)
        return self._unit(x).mul_(self.last)

    def _unit(self, x: Tensor) -> Tensor:
        """Rows [R, hidden] over their length, which the norm's epsilon keeps above zero."""
        import torch

        return x / torch.hypot(torch.linalg.vector_norm(x, dim=-1, keepdim=True), self.floor)

    def _rotate(self, x: Tensor, turn: Tensor) -> None:
        """Rotary position embedding (Su et al. 2021) of [R, heads, D] in pairs, in place; turn is complex [D / 2]."""
        import torch

        for some in x.split(self.at_once):
            torch.view_as_complex(some.unflatten(-1, (-1, 2))).mul_(turn)
