"""The autoencoder of tiny:flow: 64 px to 8 x 8 latent tokens and back, as in SANA's (Chen et al. 2025, DC-AE).

Latents are pulled to mean 0 and variance 1 channel by channel and disturbed by noise while the decoder learns, so that
what a flow gets slightly wrong still decodes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from tts_playground.models.janus.vq import psnr, to_bytes, to_float
from tts_playground.train.common.loop import Moment, TrainReport, fit
from tts_playground.train.common.pictures import draw_pictures
from tts_playground.train.common.skeleton import TrainSetup
from tts_playground.train.flow.latents import SceneChunk, encode
from tts_playground.train.flow.parts import FlowSize, build_autoencoder
from tts_playground.worlds.contact import contact_sheet

EVAL_SEED = 14_999
NOISE = 0.15
"""standard deviation of what is added to latents"""
EVEN = 0.02
"""weight of the pull to mean 0 and variance 1"""
EDGES = 0.3
"""weight of the absolute error beside the squared one: sharper edges"""


class AutoencoderTraining(nn.Module):
    """An ``AutoencoderDC`` with its losses."""

    def __init__(self, autoencoder: Any) -> None:
        super().__init__()
        self.autoencoder = autoencoder

    def forward(self, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        """Losses on float pixels [b, 3, 64, 64] in [-1, 1]."""
        latents = self.autoencoder.encode(pixels, return_dict=False)[0]
        flat = latents.float().transpose(0, 1).flatten(1)
        even = flat.mean(1).square().mean() + (flat.var(1) - 1).square().mean()
        noisy = latents + NOISE * torch.randn_like(latents)
        seen = self.autoencoder.decode(noisy, return_dict=False)[0].float()
        squared = (seen - pixels).square().mean()
        return {
            "loss": squared + EDGES * (seen - pixels).abs().mean() + EVEN * even,
            "psnr": 10 * torch.log10(4 / squared.detach().clamp(min=1e-9)),
            "even": even.detach(),
        }


def make_loss(
    training: AutoencoderTraining, pool: torch.Tensor, batch: int
) -> Callable[[Moment], dict[str, torch.Tensor]]:
    """The loss of one step on pictures of ``pool``, uint8 [n, 64, 64, 3]."""

    def loss(moment: Moment) -> dict[str, torch.Tensor]:
        places = torch.from_numpy(moment.rng().integers(len(pool), size=batch)).to(pool.device)
        pixels = to_float(pool[places])
        fast = torch.channels_last if pixels.is_cuda else torch.contiguous_format
        return training(pixels.contiguous(memory_format=fast))

    return loss


@torch.no_grad()
def reconstruct(autoencoder: Any, images: torch.Tensor) -> torch.Tensor:
    """Pictures uint8 [n, 64, 64, 3] through the autoencoder and back."""
    parts = []
    for part in images.split(256):
        latents = encode(autoencoder, part, half=False) / autoencoder.config.scaling_factor
        parts.append(to_bytes(autoencoder.decode(latents, return_dict=False)[0]))
    return torch.cat(parts)


def measure(autoencoder: Any, n: int) -> dict[str, float]:
    """PSNR in dB on ``n`` held-out scenes."""
    images = torch.from_numpy(draw_pictures(EVAL_SEED, n)).to(autoencoder.device)
    return {"vae_psnr": psnr(images, reconstruct(autoencoder, images)).mean().item()}


@torch.no_grad()
def scale(autoencoder: Any, images: torch.Tensor) -> None:
    """Write the factor that gives latents unit variance into the configuration."""
    autoencoder.register_to_config(scaling_factor=1.0)
    autoencoder.register_to_config(scaling_factor=round(1 / float(encode(autoencoder, images, half=False).std()), 4))


def train_autoencoder(
    setup: TrainSetup, size: FlowSize, chunks: list[SceneChunk], minutes: float
) -> tuple[Any, TrainReport]:
    """A trained autoencoder on the order's device, in float32, its scaling factor set."""
    run = f"{setup.order.run or 'tiny-flow'}-vae"
    mine = replace(setup, order=replace(setup.order, run=run))
    pool = torch.cat([torch.from_numpy(chunk.images) for chunk in chunks]).to(setup.device)
    with torch.random.fork_rng([setup.device] if setup.on_gpu else []):
        torch.manual_seed(setup.order.seed)
        training: Any = AutoencoderTraining(build_autoencoder(size))
    if setup.on_gpu:
        training.to(memory_format=torch.channels_last)
    training.to(setup.device)
    plan = mine.plan(
        run,
        minutes,
        lr=2e-3,
        warmup=50,
        weight_decay=1e-4,
        betas=(0.9, 0.99),
        ema=0.995,
        save_every=setup.sized(120.0, 30.0, 120.0),
    )
    shown = pool[:16]

    def sheet() -> Any:
        return contact_sheet(torch.cat([shown, reconstruct(training.autoencoder, shown)]).cpu().numpy())

    report = fit(training, make_loss(training, pool, setup.sized(8, 256, 8)), plan, sheet=sheet)
    autoencoder = training.autoencoder.eval().requires_grad_(False)
    scale(autoencoder, pool[:2000])
    return autoencoder, report
