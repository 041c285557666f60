# torch gives split, tolist and linalg no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""One decoding step of rows of different lengths of a plain Llama, each in a seat of one cache.

A seat is taken and left while the others go on. Attention runs over the longest row, rounded up, and what lies beyond
a row's end is masked: those terms are exact zeros at the end of every sum, so that a row's bits depend neither on how
long the others are nor on how many there are.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from tts_playground.models.decode.llama import LlamaSteps, layer_step, normed, rotate
from tts_playground.models.decode.packed_llama import SERIAL, PackedLlama

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

BLOCK = 64
"""positions; the length of attention is a multiple of it"""


class RaggedRows:
    """Rows of a plain ``LlamaModel`` in one cache [layers, 2, seats, kv_heads, room, head_dim]."""

    def __init__(self, steps: LlamaSteps, seats: int, room: int) -> None:
        """``seats``: a multiple that ``steps.rule`` allows. ``room``: positions, which grow when need be."""
        import torch

        self.steps = steps
        like = steps.norm
        room = blocks(room)
        shape = steps.layers, 2, seats, steps.kv_heads, room, steps.head_dim
        self.cache = torch.zeros(shape, dtype=like.dtype, device=like.device)
        self.mask = torch.full((seats, room), float("-inf"), dtype=like.dtype, device=like.device)
        self.places = [0] * seats
        """where the next token of each seat is written"""
        self._resized()

    @property
    def seats(self) -> int:
        """Seats, taken or free."""
        return self.cache.shape[2]

    def take(self, seat: int, pieces: Sequence[Tensor]) -> None:
        """Put keys and values into a seat: pieces [layers, 2, 1, kv_heads, T, head_dim], one behind the other."""
        length = sum(piece.shape[4] for piece in pieces)
        self._ensure(length + 1)
        at = 0
        for piece in pieces:
            self.cache[:, :, seat, :, at : at + piece.shape[4]] = piece[:, :, 0]
            at += piece.shape[4]
        self.mask[seat] = float("-inf")
        self.mask[seat, :length] = 0
        self.places[seat] = length

    def leave(self, seat: int) -> None:
        """Free a seat. What it holds stays finite: a masked value times zero must be zero for who comes next."""
        self.mask[seat] = float("-inf")
        self.places[seat] = 0

    def piece(self, seat: int, start: int) -> Tensor:
        """A copy of a seat's keys and values from position ``start`` on: [layers, 2, 1, kv_heads, T, head_dim]."""
        return self.cache[:, :, seat : seat + 1, :, start : self.places[seat]].clone()

    def select(self, seats: Sequence[int]) -> None:
        """Go on with these seats only, in this order; the others' contents are lost."""
        import torch

        keep = torch.tensor(list(seats), device=self.cache.device)
        self.cache, self.mask = self.cache.index_select(2, keep), self.mask.index_select(0, keep)
        self.places = [self.places[seat] for seat in seats]
        self._resized()

    def add(self, seats: int) -> None:
        """So many more free seats behind the others."""
        import torch

        layers, _, _, kv, room, width = self.cache.shape
        self.cache = torch.cat((self.cache, self.cache.new_zeros(layers, 2, seats, kv, room, width)), 2)
        self.mask = torch.cat((self.mask, self.mask.new_full((seats, room), float("-inf"))))
        self.places += [0] * seats
        self._resized()

    def forward(self, x: Tensor, taken: Sequence[int]) -> Tensor:
        """One position of every seat: hidden states [seats, hidden] after the final norm, for inputs [seats, hidden].

        Args:
            taken: the seats whose rows grow by it; in the others nothing is kept.
        """
        import torch

        self._ensure(max(self.places) + 1)
        seats, kv = self.seats, self.steps.kv_heads
        places = torch.tensor(self.places, device=x.device)
        self.mask.scatter_(1, places[:, None], 0.0)
        rows = torch.arange(seats * kv, device=x.device) * self.cache.shape[4]
        lines = rows + places.repeat_interleave(kv)
        hidden = self._layers(x, places, lines, blocks(max(self.places) + 1))
        for seat in taken:
            self.places[seat] += 1
        return hidden

    def _layers(self, x: Tensor, places: Tensor, lines: Tensor, length: int) -> Tensor:
        steps, seats = self.steps, self.seats
        heads, kv, width = steps.heads, steps.kv_heads, steps.head_dim
        cos, sin = self.cos[places][:, None], self.sin[places][:, None]
        mask = self.mask[:, None, None, :length]

        def look(qkv: Tensor, cache: Tensor) -> Tensor:
            turned = rotate(qkv[:, : heads + kv], cos, sin)
            flat = cache.view(2, -1, width)
            flat[0].index_copy_(0, lines, turned[:, heads:].reshape(-1, width))
            flat[1].index_copy_(0, lines, qkv[:, heads + kv :].reshape(-1, width))
            query = turned[:, :heads].reshape(seats, kv, heads // kv, width) * width**-0.5
            scores = query @ cache[0, :, :, :length].transpose(-1, -2)
            return (scores + mask).softmax(-1) @ cache[1, :, :, :length]

        for block, cache in zip(steps.blocks, self.cache, strict=True):
            x = layer_step(steps, block, cache, x, look)
        return normed(x, steps.norm, steps.eps)

    def _ensure(self, length: int) -> None:
        """Room for so many positions."""
        room = self.cache.shape[4]
        if length <= room:
            return
        wanted = blocks(max(length, room + room // 2))
        layers, _, seats, kv, _, width = self.cache.shape
        cache = self.cache.new_zeros(layers, 2, seats, kv, wanted, width)
        cache[..., :room, :] = self.cache
        mask = self.mask.new_full((seats, wanted), float("-inf"))
        mask[:, :room] = self.mask
        self.cache, self.mask = cache, mask
        self._resized()

    def _resized(self) -> None:
        """After every change of the cache's shape."""
        self.cos, self.sin = self.steps.rotation(self.cache.shape[4])


class PackedRaggedRows(RaggedRows):
    """The same in float32 on a CPU, over weights as ``PackedLlama`` keeps them."""

    def _resized(self) -> None:
        import torch

        layers, _, seats, kv, room, width = self.cache.shape
        self.flat = self.cache.view(layers, 2, seats * kv, room, width)
        self.lines = self.cache.view(layers, 2, seats * kv * room, width)
        cos, sin = self.steps.rotation(room)
        self.turns = torch.complex(cos[:, : width // 2].contiguous(), sin[:, width // 2 :].contiguous())
        self.at_once = max(1, SERIAL // ((self.steps.heads + kv) * width // 2))
        self.last = self.steps.norm * sqrt(self.steps.norm.numel())
        self.floor = torch.tensor(sqrt(self.steps.norm.numel() * self.steps.eps))

    def _layers(self, x: Tensor, places: Tensor, lines: Tensor, length: int) -> Tensor:
        import torch

        steps, seats = self.steps, self.seats
        heads, kv, width = steps.heads, steps.kv_heads, steps.head_dim
        turns = [some[:, None] for some in self.turns[places].split(self.at_once)]
        keys = self.flat[:, 0, :, :length].transpose(-1, -2).unbind()
        values = self.flat[:, 1, :, :length].unbind()
        written, mask = self.lines.unbind(), self.mask[:, None, :length]
        for number, block in enumerate(steps.blocks):
            qkv = block.qkv(self._unit(x)).view(seats, heads + 2 * kv, width)
            for some, turn in zip(qkv[:, : heads + kv].split(self.at_once), turns, strict=True):
                torch.view_as_complex(some.unflatten(-1, (-1, 2))).mul_(turn)
            new = qkv[:, heads:].view(seats, 2, kv, width).transpose(0, 1).reshape(2, seats * kv, width)
            written[number].index_copy_(1, lines, new)
            query = qkv[:, :heads].reshape(seats * kv, heads // kv, width)
            scores = torch.bmm(query, keys[number])
            scores.view(seats, heads, length).add_(mask)
            seen = torch.bmm(scores.softmax(-1), values[number])
            x = block.out.plus(seen.view(seats, heads * width), x)
            inner = self._unit(x)
            x = block.down.plus(block.up.times(inner, block.gate.silu(inner)), x)
        return self._unit(x).mul_(self.last)

    def _unit(self, x: Tensor) -> Tensor:
        """Rows [R, hidden] over their length, which the norm's epsilon keeps above zero."""
        import torch

        return x / torch.hypot(torch.linalg.vector_norm(x, dim=-1, keepdim=True), self.floor)


def blocks(length: int) -> int:
    """A length rounded up to whole blocks, one at least."""
    return max(1, -(-length // BLOCK)) * BLOCK


def ragged_rows(steps: LlamaSteps, seats: int, room: int) -> RaggedRows:
    """Empty rows for the lean steps of a model; see ``RaggedRows``."""
    return (PackedRaggedRows if isinstance(steps, PackedLlama) else RaggedRows)(steps, seats, room)
