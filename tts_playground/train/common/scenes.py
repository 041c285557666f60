"""Scenes as training data for the models that look at pictures: drawn once, seen in several conditions.

A condition is rendered, reconstructed by the VQ, or reconstructed from partly wrong tokens; light corruption comes on
top, afresh each time a scene is seen.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import islice
from typing import Any

import torch
from torch.nn import functional

from tts_playground.models.janus.vq import decode, encode, to_float
from tts_playground.train.common.data_workers import data_workers
from tts_playground.worlds import pool
from tts_playground.worlds.pool import ScenePool

CHUNK = 1000


def draw_chunk(seed: int, size: int, number: int) -> ScenePool:
    """Scenes ``number * size`` to ``(number + 1) * size`` of ``seed``."""
    return pool.draw_pool(seed, number * size, size)


def draw_pool(seed: int, n: int, *, workers: int = 0) -> ScenePool:
    """The first ``n`` scenes of the world with ``seed``, drawn by ``workers`` processes (0: here)."""
    size = min(CHUNK, n)
    source = data_workers(partial(draw_chunk, seed, size), workers=workers, ahead=2)
    parts = list(islice(source, -(-n // size)))
    source.close()
    return pool.joined(parts).first(n)


# ------------------------------------------------------------------------------------------------ pictures


def spoilt(vq: Any, codes: torch.Tensor, wrong: torch.Tensor) -> torch.Tensor:
    """``codes`` [n, tokens] with a part ``wrong`` [n] of each row replaced by random ones."""
    hit = torch.rand(codes.shape, device=codes.device) < wrong[:, None]
    return torch.where(hit, torch.randint_like(codes, vq.quantize.num_embeddings), codes)


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

    def __init__(self, scenes: ScenePool, device: torch.device, vq: Any = None, corrupt: float = 0.12) -> None:
        rendered = torch.from_numpy(scenes.images).to(device)
        self.views = [rendered]
        if vq is not None:
            codes = encode(vq, rendered, half=True)
            wrong = torch.rand(len(rendered), device=device) ** 2 * corrupt
            self.views += [decode(vq, codes, half=True), decode(vq, spoilt(vq, codes, wrong), half=True)]

    def pixels(self, places: torch.Tensor, corruption: Callable[..., torch.Tensor] = lightly_corrupted) -> torch.Tensor:
        """Scenes ``places`` [b] as float [b, 3, 64, 64], each in a random condition, then lightly corrupted."""
        which = torch.randint(len(self.views), (len(places), 1, 1, 1), device=places.device)
        images = self.views[0][places]
        for number, view in enumerate(self.views[1:], start=1):
            images = torch.where(which == number, view[places], images)
        return corruption(to_float(images))
