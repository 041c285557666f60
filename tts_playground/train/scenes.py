"""Scenes as training data for the models that look at pictures: drawn once, seen in several conditions.

A condition is rendered, reconstructed by the VQ, or reconstructed from partly wrong tokens; light corruption comes on
top, afresh each time a scene is seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from tts_playground import randomness
from tts_playground.errors import BadInput
from tts_playground.train.feed import feed
from tts_playground.worlds import stickers
from tts_playground.worlds.captions import caption, falsified
from tts_playground.worlds.layout import Draw
from tts_playground.worlds.scene import render_batch

FALSE = 4
"""false captions kept for each scene"""
CHUNK = 1000
AT_ONCE = 1024
"""pictures through the VQ in one pass"""


@dataclass(frozen=True, eq=False)
class Pool:
    """``n`` scenes with everything that a trainer may want to know about them."""

    images: np.ndarray
    """uint8 [n, 64, 64, 3]"""
    classes: np.ndarray
    """int64 [n, 4], -1 for none"""
    colors: np.ndarray
    """int64 [n, 4], -1 for none"""
    boxes: np.ndarray
    """float32 [n, 4, 4], x0, y0, x1, y1 in pixels"""
    captions: list[tuple[str, str]]
    """a caption that tells everything, and one that may leave the background out"""
    wrong: list[tuple[str, ...]]
    """``FALSE`` captions a scene, wrong in one point each"""

    def __len__(self) -> int:
        return len(self.images)


def _texts(one: stickers.Scene, draw: Draw) -> tuple[tuple[str, str], tuple[str, ...]]:
    """Captions and false captions; a false one leaves out nothing but the background, or it might be true."""
    bare = replace(one.composition, background="")
    told = (
        caption(one.composition, draw, full=True),
        caption(bare if draw() < 0.7 else one.composition, draw, full=True),
    )
    lies = list(falsified(one.composition, draw).values())
    wrong = []
    for place in range(FALSE):
        lie = lies[place % len(lies)]
        wrong.append(caption(replace(lie, background="") if draw() < 0.35 else lie, draw, full=True))
    return told, tuple(wrong)


def draw_chunk(seed: int, size: int, number: int) -> Pool:
    """Scenes ``number * size`` to ``(number + 1) * size`` of ``seed``."""
    chosen = stickers.scenes(seed, number * size, size)
    draws = (Draw(randomness.generator("texts", seed, number * size + i).random(96).tolist()) for i in range(size))
    texts = [_texts(one, draw) for one, draw in zip(chosen, draws, strict=True)]
    classes, colors, boxes = stickers.labels(chosen)
    return Pool(render_batch(chosen), classes, colors, boxes, [t[0] for t in texts], [t[1] for t in texts])


def draw_pool(seed: int, n: int, *, workers: int = 0) -> Pool:
    """The first ``n`` scenes of the world with ``seed``, drawn by ``workers`` processes (0: here)."""
    size = min(CHUNK, n)
    source = feed(partial(draw_chunk, seed, size), workers=workers, ahead=2)
    parts = list(islice(source, -(-n // size)))
    source.close()  # type: ignore[attr-defined]
    arrays: Any = {
        name: np.concatenate([getattr(p, name) for p in parts])[:n] for name in ("images", "classes", "colors", "boxes")
    }
    captions = [text for p in parts for text in p.captions][:n]
    return Pool(**arrays, captions=captions, wrong=[text for p in parts for text in p.wrong][:n])


# ------------------------------------------------------------------------------------------------ pictures


def to_float(images: torch.Tensor) -> torch.Tensor:
    """uint8 [b, 64, 64, 3] to float [b, 3, 64, 64] in [-1, 1]: what every embedded model takes."""
    return images.permute(0, 3, 1, 2).float() / 127.5 - 1


def to_bytes(pixels: torch.Tensor) -> torch.Tensor:
    """The way back, rounded and clipped."""
    return ((pixels.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1)


def load_vq(path: Path, device: torch.device) -> Any:
    """The VQ of a trained tiny-vq or tiny:janus folder.

    Raises:
        BadInput: no such folder, or another kind of model.
    """
    from transformers import JanusForConditionalGeneration, JanusVQVAE
    from transformers.models.auto.configuration_auto import AutoConfig

    if not (path / "config.json").exists():
        raise BadInput(f"There is no checkpoint in {path}; give --vq the folder of a trained tiny-vq or tiny-janus.")
    if AutoConfig.from_pretrained(path).model_type == "janus":
        vq: Any = JanusForConditionalGeneration.from_pretrained(path, dtype=torch.float32).model.vqmodel
    else:
        vq = JanusVQVAE.from_pretrained(path, dtype=torch.float32)
    return vq.to(device).eval()


@torch.no_grad()
def encode(vq: Any, images: torch.Tensor) -> torch.Tensor:
    """Codes int64 [n, tokens] of ``images``, uint8 [n, 64, 64, 3], on their device."""
    with torch.autocast(images.device.type, dtype=torch.bfloat16, enabled=images.is_cuda):
        return torch.cat([vq.encode(to_float(p)).image_tokens.view(len(p), -1) for p in images.split(AT_ONCE)])


@torch.no_grad()
def decode(vq: Any, codes: torch.Tensor) -> torch.Tensor:
    """Pictures uint8 [n, 64, 64, 3] of ``codes`` [n, tokens]."""
    with torch.autocast(codes.device.type, dtype=torch.bfloat16, enabled=codes.is_cuda):
        return torch.cat([to_bytes(vq.decode(part)) for part in codes.split(AT_ONCE)])


def spoilt(vq: Any, codes: torch.Tensor, wrong: torch.Tensor) -> torch.Tensor:
    """``codes`` [n, tokens] with a part ``wrong`` [n] of each row replaced by random ones."""
    hit = torch.rand(codes.shape, device=codes.device) < wrong[:, None]
    return torch.where(hit, torch.randint_like(codes, vq.quantize.num_embeddings), codes)


def reconstruct(vq: Any, images: torch.Tensor) -> torch.Tensor:
    """``images``, uint8 [n, 64, 64, 3], through the VQ and back."""
    return decode(vq, encode(vq, images))


def _some(pixels: torch.Tensor, rate: float) -> torch.Tensor:
    return torch.rand(len(pixels), 1, 1, 1, device=pixels.device) < rate


def speckled(pixels: torch.Tensor, strength: torch.Tensor) -> torch.Tensor:
    """Gaussian noise of standard deviation ``strength`` [b] (pixels span 2)."""
    return pixels + torch.randn_like(pixels) * strength.view(-1, 1, 1, 1)


def shuffled_blocks(pixels: torch.Tensor, rate: torch.Tensor) -> torch.Tensor:
    """A part ``rate`` [b] of the 8 x 8 blocks comes from other places of other pictures: wrong tokens without a VQ."""
    size = pixels.shape[-1] // 8
    hit = torch.rand(len(pixels), 1, size, size, device=pixels.device) < rate.view(-1, 1, 1, 1)
    other = pixels[torch.randperm(len(pixels), device=pixels.device)].roll((16, 24), (2, 3))
    return torch.where(functional.interpolate(hit.float(), scale_factor=8) > 0.5, other, pixels)


def softened(pixels: torch.Tensor) -> torch.Tensor:
    """A 3 x 3 box blur."""
    return functional.avg_pool2d(functional.pad(pixels, (1, 1, 1, 1), mode="replicate"), 3, 1)


def covered(pixels: torch.Tensor, largest: int = 12) -> torch.Tensor:
    """One rectangle of a random colour, up to ``largest`` pixels a side, over each picture: occlusion."""
    b, _, size, _ = pixels.shape
    place = torch.rand(b, 4, device=pixels.device)
    wide, high = 3 + place[:, 2] * (largest - 3), 3 + place[:, 3] * (largest - 3)
    x0, y0 = place[:, 0] * (size - wide), place[:, 1] * (size - high)
    at = torch.arange(size, device=pixels.device)[None] + 0.5
    inside_x = (at > x0[:, None]) & (at < (x0 + wide)[:, None])
    inside_y = (at > y0[:, None]) & (at < (y0 + high)[:, None])
    inside = (inside_y[:, :, None] & inside_x[:, None, :])[:, None]
    return torch.where(inside, torch.rand(b, 3, 1, 1, device=pixels.device) * 2 - 1, pixels)


def lightly_corrupted(pixels: torch.Tensor, *, occlusion: float = 0.3, blocks: float = 0.2) -> torch.Tensor:
    """Each picture a little worse than it was, or not: noise, blur, a rectangle, wrong blocks, another exposure."""
    b, device = len(pixels), pixels.device
    pixels = torch.where(_some(pixels, blocks), shuffled_blocks(pixels, torch.rand(b, device=device) * 0.05), pixels)
    pixels = torch.where(_some(pixels, occlusion), covered(pixels), pixels)
    pixels = torch.where(_some(pixels, 0.3), softened(pixels), pixels)
    pixels = speckled(pixels, torch.rand(b, device=device) ** 2 * 0.15 * (torch.rand(b, device=device) < 0.6))
    gain = 1 + 0.08 * torch.randn(b, 1, 1, 1, device=device)
    return (pixels * gain + 0.04 * torch.randn(b, 3, 1, 1, device=device)).clamp(-1, 1)


class Conditions:
    """A pool on the device in every condition; ``pixels`` shows scenes in a random one."""

    def __init__(self, pool: Pool, device: torch.device, vq: Any = None, corrupt: float = 0.12) -> None:
        rendered = torch.from_numpy(pool.images).to(device)
        self.views = [rendered]
        if vq is not None:
            codes = encode(vq, rendered)
            wrong = torch.rand(len(rendered), device=device) ** 2 * corrupt
            self.views += [decode(vq, codes), decode(vq, spoilt(vq, codes, wrong))]

    def pixels(self, places: torch.Tensor, corruption: Callable[..., torch.Tensor] = lightly_corrupted) -> torch.Tensor:
        """Scenes ``places`` [b] as float [b, 3, 64, 64], each in a random condition, then lightly corrupted."""
        which = torch.randint(len(self.views), (len(places), 1, 1, 1), device=places.device)
        images = self.views[0][places]
        for number, view in enumerate(self.views[1:], start=1):
            images = torch.where(which == number, view[places], images)
        return corruption(to_float(images))
