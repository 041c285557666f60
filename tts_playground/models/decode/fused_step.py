# Triton's kernels have no types; torch keeps a GPU busy for a while by nothing but a private, untyped function.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportPrivateUsage=false
"""A whole decoding step of a plain Llama for one to four rows on a GPU, in six kernels a layer.

For so few rows a step takes as long as its weights take to be read, and small kernels between the products would cost
as much again. More rows are faster by ordinary products. The position is read on the GPU, so that one CUDA graph serves
every position.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tts_playground.models.decode.linear import Dense
from tts_playground.models.decode.llama import attend, normed, rotate

if TYPE_CHECKING:
    from torch import Tensor

    from tts_playground.models.decode.llama import Block, LlamaSteps

MOST_ROWS = 4
WIDEST = 1024
"""numbers of a row that a program takes at once, eight a thread"""
BLOCKS = {"qkv": (8, 4), "out": (4, 2, 1), "gate": (4, 2), "down": (4, 2, 1)}
"""rows of a weight that one program reads; a trial shows which is faster, and none changes a bit"""
PLACES = 64
"""keys and values that attention takes at once"""
PROGRAMS = 1024
"""of attention, at most, where a row and head are cut into chunks of places: some eight for each part of a big GPU"""
TOLERANCE = 0.1
"""of the length of a hidden state, by which the two ways may differ: bfloat16 rounds to 1/256 some hundred times"""
log = logging.getLogger(__name__)


def width_at_once(size: int) -> int:
    """Numbers of a row of ``size`` that a program takes at once: a power of two."""
    return min(1 << (size - 1).bit_length(), WIDEST)


def chunk_of(pairs: int, length: int) -> int:
    """Places that one program looks at, for so many pairs of row and head; by the shape alone, so that bits stay."""
    chunk = PLACES
    while chunk < length and pairs * -(-length // chunk) > PROGRAMS:
        chunk *= 2
    return chunk


def fits(steps: LlamaSteps, cache: Tensor) -> bool:
    """Whether these kernels are made for such a model and cache [layers, 2, R, kv_heads, length, head_dim]."""
    block, hidden = steps.blocks[0], steps.norm.numel()
    parts = (block.qkv, block.out, block.gate, block.up, block.down)
    if not all(isinstance(part, Dense) and part.bias is None and part.weight.is_contiguous() for part in parts):
        return False
    sizes = (hidden, block.gate.weight.shape[0], block.qkv.weight.shape[0])
    powers = steps.head_dim >= 16 and steps.head_dim & (steps.head_dim - 1) == 0
    return cache.shape[2] <= MOST_ROWS and powers and all(size % 8 == 0 for size in sizes)


class FusedStep:
    """The hidden states of the next position of all rows, as ``LlamaSession.forward``."""

    def __init__(self, steps: LlamaSteps) -> None:
        from tts_playground.models import fused_kernels

        self.steps = steps
        self.kernels: Any = fused_kernels
        self.blocks = {name: sizes[0] for name, sizes in BLOCKS.items()}
        self.micros: dict[str, float] = {}
        """microseconds that each part of a layer took in the trial; attention with all places filled"""

    def __call__(self, x: Tensor, cache: Tensor, cos: Tensor, sin: Tensor, place: Tensor) -> Tensor:
        """[R, hidden] of inputs [R, hidden] at ``place``, int64 [1]; writes keys and values into the cache."""
        x = x.contiguous()
        for number in range(self.steps.layers):
            x = self._layer(number, x, cache[number], cos, sin, place)
        return normed(x, self.steps.norm, self.steps.eps)

    def _layer(self, number: int, x: Tensor, cache: Tensor, cos: Tensor, sin: Tensor, place: Tensor) -> Tensor:
        block = self.steps.blocks[number]
        qkv = self.product("qkv", x, block.qkv, norm=block.norm)
        seen = self.attention(qkv, cache, cos, sin, place)
        x = self.product("out", seen, block.out, old=x)
        return self.product("down", self.gated(x, block.norm2, block.gate, block.up), block.down, old=x)

    def product(
        self, name: str, x: Tensor, layer: Any, *, norm: Tensor | None = None, old: Tensor | None = None
    ) -> Tensor:
        """``layer`` of (the norm of) x [R, K], on top of ``old``: [R, N]."""
        rows, width = x.shape
        size, out = layer.weight.shape[0], x.new_empty(x.shape[0], layer.weight.shape[0])
        spare, at_once = x, width_at_once(width)  # spare stands where nothing is read
        self.kernels.product[(size // self.blocks[name],)](
            out, spare if old is None else old, x, spare if norm is None else norm, layer.weight, self.steps.eps,
            ROWS=rows, N=size, K=width, BLOCK_N=self.blocks[name], BLOCK_K=at_once,
            NORMED=norm is not None, PLUS=old is not None, num_warps=max(1, at_once // 256),
        )  # fmt: skip
        return out

    def gated(self, x: Tensor, norm: Tensor, gate: Any, up: Any) -> Tensor:
        """SiLU(gate) times up of the norm of x: [R, inner]. Two rows at a time, or the sums would not fit."""
        rows, width = x.shape
        size, at_once = gate.weight.shape[0], width_at_once(width)
        out = x.new_empty(rows, size)
        for first in range(0, rows, 2):
            self.kernels.gated[(size // self.blocks["gate"],)](
                out, x, norm, gate.weight, up.weight, self.steps.eps, FIRST=first, TWO=first + 1 < rows, N=size,
                K=width, BLOCK_N=self.blocks["gate"], BLOCK_K=at_once, num_warps=max(1, at_once // 256),
            )  # fmt: skip
        return out

    def attention(self, qkv: Tensor, cache: Tensor, cos: Tensor, sin: Tensor, place: Tensor) -> Tensor:
        """What every head saw, [R, heads * head_dim], of queries, keys and values [R, (heads + 2 kv) * head_dim]."""
        import torch

        steps, rows, length = self.steps, len(qkv), cache.shape[3]
        chunk = chunk_of(rows * steps.heads, length)
        chunks = -(-length // chunk)
        out = qkv.new_empty(rows, steps.heads * steps.head_dim)
        parts = qkv.new_empty(chunks * out.numel(), dtype=torch.float32) if chunks > 1 else out
        tops, totals = qkv.new_empty(2, rows * steps.heads * chunks, dtype=torch.float32)
        self.kernels.attention[(rows, steps.heads, chunks)](
            parts, tops, totals, qkv, cache[0], cache[1], cos, sin, place, steps.head_dim**-0.5, HEADS=steps.heads,
            KV=steps.kv_heads, WIDTH=steps.head_dim, LENGTH=length, CHUNK=chunk, BLOCK=PLACES, num_warps=4,
        )  # fmt: skip
        if chunks > 1:
            self.kernels.gather[(rows, steps.heads)](
                out, parts, tops, totals, place, HEADS=steps.heads, WIDTH=steps.head_dim, CHUNKS=chunks, CHUNK=chunk,
                SLOTS=1 << (chunks - 1).bit_length(), num_warps=4,
            )  # fmt: skip
        return out

    def tune(self, cache: Tensor, cos: Tensor, sin: Tensor) -> None:
        """Choose how many rows of a weight one program reads, by a few trial runs over the weights of all layers.

        Args:
            cache: as of ``__call__``; its last place, which no token reaches, is written.
        """
        import torch

        rows, length = cache.shape[2], cache.shape[4]
        blocks, hidden = self.steps.blocks, self.steps.norm.numel()
        example = blocks[0].norm.new_ones
        narrow, inner = example(rows, hidden), example(rows, self.steps.heads * self.steps.head_dim)
        middle = example(rows, blocks[0].gate.weight.shape[0])
        calls: dict[str, Callable[[Block], Tensor]] = {
            "qkv": lambda b: self.product("qkv", narrow, b.qkv, norm=b.norm),
            "out": lambda b: self.product("out", inner, b.out, old=narrow),
            "gate": lambda b: self.gated(narrow, b.norm2, b.gate, b.up),
            "down": lambda b: self.product("down", middle, b.down, old=narrow),
        }
        for name, call in calls.items():
            times = {size: self._time(name, size, call) for size in BLOCKS[name]}
            self.blocks[name] = min(times, key=lambda size: times[size])
            self.micros[name] = 1e6 * min(times.values()) / len(blocks)
        qkv, end = example(rows, blocks[0].qkv.weight.shape[0]), cos.new_full((1,), length - 1, dtype=torch.int64)
        places = {id(block): cache[number] for number, block in enumerate(blocks)}
        took = self._seconds(lambda block: self.attention(qkv, places[id(block)], cos, sin, end))
        self.micros["attention"] = 1e6 * took / len(blocks)

    def attention_off(self, cache: Tensor, cos: Tensor, sin: Tensor) -> float:
        """How far attention at the last place, over all chunks, is from exact attention, as a share of the result.

        A first token sees one chunk only, so a trial of it shows nothing of the others. Args: as of ``tune``.
        """
        import torch

        steps, (rows, end) = self.steps, (cache.shape[2], cache.shape[4] - 1)
        heads, kv, width = steps.heads, steps.kv_heads, steps.head_dim
        noise = torch.Generator(cache.device).manual_seed(1)
        qkv = cache.new_empty(rows, heads + 2 * kv, width).normal_(generator=noise)
        found = self.attention(qkv.flatten(1), cache[0], cos, sin, cos.new_full((1,), end, dtype=torch.int64))
        turned = rotate(qkv[:, : heads + kv].float(), cos[end].float(), sin[end].float())
        keys, values = cache[0].float()
        keys[:, :, end], values[:, :, end] = turned[:, heads:], qkv[:, heads + kv :].float()
        expected = attend(turned[:, :heads].reshape(rows, kv, heads // kv, width), keys, values).reshape(rows, -1)
        return float((found.float() - expected).norm() / expected.norm())

    def _time(self, name: str, size: int, call: Callable[[Block], Tensor]) -> float:
        self.blocks[name] = size
        return self._seconds(call)

    def _seconds(self, call: Callable[[Block], Tensor]) -> float:
        """Of one call for every layer."""
        import torch

        call(self.steps.blocks[0])  # compiles it
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda._sleep(4_000_000)  # the launches below queue up behind this, so that the GPU's time is measured
        start.record()
        for block in self.steps.blocks:
            call(block)
        end.record()
        end.synchronize()
        return start.elapsed_time(end) / 1000


def fused_step(
    steps: LlamaSteps, cache: Tensor, x: Tensor, cos: Tensor, sin: Tensor, place: Tensor, expected: Tensor
) -> FusedStep | None:
    """A step that has shown on this GPU to give ``expected`` for x, but for rounding; None where there is none.

    Where Triton is missing, finds no compiler or compiles something wrong, a warning says so, and ordinary products are
    used as ever.
    """
    import torch

    if not fits(steps, cache) or cache.device.index != torch.cuda.current_device():
        return None
    try:
        made = FusedStep(steps)
        made.tune(cache, cos, sin)
        found = made(x, cache, cos, sin, place)
        off = float((found - expected).float().norm() / expected.float().norm())
        looked = made.attention_off(cache, cos, sin)
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # Triton, its compiler and the driver raise errors of many kinds
        lines = str(error).strip().splitlines()
        log.warning("Fused kernels are not used: %s: %s", type(error).__name__, lines[0] if lines else "")
        return None
    if not (off <= TOLERANCE and looked <= TOLERANCE):
        log.warning("Fused kernels are not used: they are off by %.3g of the result, attention by %.3g", off, looked)
        return None
    return made
