# torch gives split, tolist and linalg no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""Pictures to codes and back by the VQ of a Janus (or by a VQ alone), as plain functions on uint8 batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from tts_playground.errors import BadInput, ModelUnavailable
from tts_playground.models import loading
from tts_playground.models.hub import folders, locator, shapes

AT_ONCE = 1024
"""pictures through the VQ in one pass"""


def to_float(images: torch.Tensor) -> torch.Tensor:
    """uint8 [b, 64, 64, 3] to float [b, 3, 64, 64] in [-1, 1]: what every embedded model takes."""
    return images.permute(0, 3, 1, 2).float() / 127.5 - 1


def to_bytes(pixels: torch.Tensor) -> torch.Tensor:
    """The way back, rounded and clipped."""
    return ((pixels.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1)


def load_vq(path: Path, device: torch.device) -> Any:
    """The VQ of a trained tiny-vq or tiny:janus folder, in float32.

    Raises:
        BadInput: no such folder.
        ModelUnavailable: another kind of model, or its weights are not there.
    """
    if not (path / "config.json").exists():
        raise BadInput(f"There is no checkpoint in {path}; give the folder of a trained tiny-vq or tiny-janus.")
    found = folders.config(path, str(path)).get("model_type")
    kind = {"janus": "janus", "janus_vqgan": "vq"}.get(str(found))
    if kind is None:
        raise ModelUnavailable(f"{path} holds a {str(found)[:40]}, not a Janus or its VQ.")
    folder = locator.ready_folder(path, kind)
    with loading.loaded_from(str(path), kind, folder):
        model = shapes.model_class(kind).from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True, **loading.LOCAL
        )
        vq: Any = model.model.vqmodel if kind == "janus" else model
        return vq.to(device).eval()


@torch.no_grad()
def encode(vq: Any, images: torch.Tensor, *, half: bool = False) -> torch.Tensor:
    """Codes int64 [n, tokens] of ``images``, uint8 [n, 64, 64, 3]; ``half`` allows bfloat16 on a CPU too."""
    with torch.autocast(images.device.type, dtype=torch.bfloat16, enabled=half or images.is_cuda):
        return torch.cat([vq.encode(to_float(p)).image_tokens.view(len(p), -1) for p in images.split(AT_ONCE)])


@torch.no_grad()
def decode(vq: Any, codes: torch.Tensor, *, half: bool = False) -> torch.Tensor:
    """Pictures uint8 [n, 64, 64, 3] of ``codes`` [n, tokens]; ``half`` allows bfloat16 on a CPU."""
    with torch.autocast(codes.device.type, dtype=torch.bfloat16, enabled=half or codes.is_cuda):
        return torch.cat([to_bytes(vq.decode(part)) for part in codes.split(AT_ONCE)])


def reconstruct(vq: Any, images: torch.Tensor) -> torch.Tensor:
    """``images``, uint8 [n, 64, 64, 3], through the VQ and back."""
    return decode(vq, encode(vq, images))


def psnr(images: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
    """Peak signal-to-noise ratio in dB of each picture, float [n], of uint8 batches; 54 for no error at all."""
    squared = (seen.float() - images.float()).square().flatten(1).mean(1)
    return 10 * torch.log10(255**2 / squared.clamp(min=0.25))
