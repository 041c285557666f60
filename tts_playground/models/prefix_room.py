"""How much memory the keys and values of prompts and pictures that were read lately may hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

CPU_BYTES = 1 << 30
GPU_SHARE = 0.05
"""of a GPU's memory, beside weights and batches"""


def room(device: Any) -> float:
    """Bytes for the kept prefixes of one model, a ``torch.device``."""
    import torch

    if device.type != "cuda":
        return float(CPU_BYTES)
    return torch.cuda.get_device_properties(device).total_memory * GPU_SHARE


def held(tensors: Iterable[Tensor | None]) -> int:
    """Bytes that tensors hold; storage that several of them share counts once."""
    storages = {}
    for tensor in tensors:
        if tensor is not None:
            storage = tensor.untyped_storage()
            storages[storage.data_ptr()] = storage.nbytes()
    return sum(storages.values())
