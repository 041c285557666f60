"""Gumbel noise as a function of (seed, sample index, token position, token): no state, any device, any batch.

SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators") is a counter-based generator:
the i-th number of a stream is a bijective mix of ``start + i * gamma``. It is a dozen integer operations, so the same
bits come out of a CPU, a GPU and a captured CUDA graph, and nothing is drawn for rows that nobody asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tts_playground import randomness

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor


def _signed(value: int) -> int:
    """The 64-bit pattern of ``value`` as the signed integer that torch wants."""
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


_GAMMA = _signed(0x9E3779B97F4A7C15)
_MIX = ((30, _signed(0xBF58476D1CE4E5B9)), (27, _signed(0x94D049BB133111EB)))
_SMALLEST = 2.0**-62
_LARGEST = 1.0 - 2.0**-24


def stream_start(seed: int, index: int, name: str = "image tokens") -> int:
    """The start of the stream of sample ``index`` of a request with ``seed``: a signed 64-bit integer."""
    return _signed(randomness.key(seed, index, name))


def stream_starts(pairs: Sequence[tuple[int, int]], name: str = "image tokens") -> Tensor:
    """Starts of the streams of several (seed, index) pairs: int64 [N]."""
    import torch

    return torch.tensor([stream_start(seed, index, name) for seed, index in pairs], dtype=torch.int64)


def _shift(x: Tensor, bits: int) -> Tensor:
    """Logical right shift: torch's own keeps the sign."""
    return (x >> bits) & ((1 << (64 - bits)) - 1)


def gumbel(starts: Tensor, position: Tensor | int, tokens: int) -> Tensor:
    """Standard Gumbel noise for one token position.

    Args:
        starts: int64 [N], one stream per row (``stream_starts``).
        position: token position in the image, 0-based; an int, or an int64 tensor of shape [] or [N].
        tokens: size of the codebook.

    Returns:
        float32 [N, tokens]; ``argmax(logits + noise)`` is an exact draw from ``softmax(logits)``.
    """
    import torch

    # The width is rounded up to whole vectors: a row's bits must not depend on where in memory the row starts.
    width = -(-tokens // 64) * 64
    counter = torch.arange(width, dtype=torch.int64, device=starts.device)
    first = position * width
    if isinstance(first, torch.Tensor) and first.ndim == 1:
        first = first[:, None]
    x = starts[:, None] + (counter + first) * _GAMMA
    for bits, factor in _MIX:
        x = (x ^ _shift(x, bits)) * factor
    x = _shift(x ^ _shift(x, 31), 1)
    # Small uniforms keep full relative precision, so the upper tail of the noise is not cut at 2**-24.
    uniform = (x.to(torch.float32) * 2.0**-63).clamp_(_SMALLEST, _LARGEST)
    exponential = uniform.neg_().log1p_().neg_()
    return exponential.log_().neg_()[:, :tokens]
