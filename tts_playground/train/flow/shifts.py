"""SANA's mixing layer by shifted products: what a compiler fuses, where a depthwise convolution's backward is slow.

The same numbers as diffusers' ``GLUMBConv`` up to rounding; it takes the layer's own weights and is used while learning
on CUDA alone.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional


def mix_by_shifts(layer: Any, images: torch.Tensor) -> torch.Tensor:
    """``GLUMBConv.forward`` of a layer without norm and residual, on [b, c, h, w]."""
    tokens = images.permute(0, 2, 3, 1)
    inner = functional.linear(tokens, layer.conv_inverted.weight.flatten(1), layer.conv_inverted.bias)
    depth = layer.conv_depth
    height, width = images.shape[-2:]
    around = functional.pad(functional.silu(inner), (0, 0, 1, 1, 1, 1))
    kernel = depth.weight.squeeze(1).permute(1, 2, 0)
    mixed = depth.bias
    for row in range(3):
        for column in range(3):
            mixed = mixed + around[:, row : row + height, column : column + width] * kernel[row, column]
    values, gate = mixed.chunk(2, dim=-1)
    made = functional.linear(values * functional.silu(gate), layer.conv_point.weight.flatten(1))
    return made.permute(0, 3, 1, 2)
