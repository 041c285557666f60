"""What a GPU must do the same way each time, so that a seed fixes a picture or an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def same_bits(device: torch.device) -> None:
    """Attention on a GPU gives the same bits when it is asked again.

    torch 2.11 and later prefer cuDNN's attention on Hopper and Blackwell. torch itself does not count it as
    deterministic, and its flash and memory-efficient kernels are. The choice is torch's own, for the whole process.
    """
    import torch

    if device.type == "cuda":
        torch.backends.cuda.enable_cudnn_sdp(False)
