"""Train tiny-vq, the tokenizer of images inside tiny:janus: 64 px to 8 x 8 codes and back.

A VQ trained with its quantizer from the first step collapses to a handful of codes. So it starts as a plain
autoencoder with latents of unit length and a little noise (where quantization will be); then k-means makes the
codebook; from there on gradients go straight through (van den Oord et al. 2017), the codebook follows by moving
averages, and codes that nobody uses are moved to where latents are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from transformers import JanusVQVAE

from tts_playground.models.vq import psnr, reconstruct, to_float
from tts_playground.train.card import Facts, write_card
from tts_playground.train.feed import default_workers
from tts_playground.train.janus_parts import MINIATURE, SHIPPED, Size, vq_config
from tts_playground.train.loop import Moment, Plan, Report, compiled, fit, pick_device
from tts_playground.train.order import Order
from tts_playground.train.pictures import draw_pictures
from tts_playground.worlds.contact import contact_sheet

SCENES, EVAL_SEED = 12_000, 12_999
"""seeds of the world for training (plus the order's seed) and for the numbers in the card"""


@dataclass(frozen=True)
class Stages:
    """Parts of the run, each in [0, 1], and what happens in them."""

    quantize: float = 0.3
    """from here on through the codebook"""
    revive: float = 0.85
    """until here unused codes are moved"""
    whole: float = 0.0
    """until here 32 px crops of the busiest parts: on a CPU they teach more a second than whole pictures"""
    noise: float = 0.1
    """standard deviation of the noise on latents before there is a codebook"""
    commitment: float = 0.25
    decay: float = 0.99
    """of the codebook's moving averages"""
    quiet: float = 0.03
    """a code used less than this part of the average is moved"""


class VQTraining(nn.Module):
    """A ``JanusVQVAE`` with the state of its codebook, and a forward pass that has gradients.

    transformers' own forward decodes from ids, through which no gradient flows.
    """

    ready: torch.Tensor
    counts: torch.Tensor
    sums: torch.Tensor

    def __init__(self, vq: JanusVQVAE, stages: Stages, device: torch.device) -> None:
        super().__init__()
        self.vq, self.stages = vq, stages
        book = vq.quantize.embedding.weight
        book.requires_grad_(False)
        self.register_buffer("ready", torch.zeros((), dtype=torch.bool))
        self.register_buffer("counts", torch.ones(len(book)))
        self.register_buffer("sums", functional.normalize(book.detach().clone(), dim=-1))
        object.__setattr__(self, "encode", compiled(self._encode, device))
        object.__setattr__(self, "decode", compiled(self._decode, device))
        self.has_book = False

    def _encode(self, pixels: torch.Tensor) -> torch.Tensor:
        return functional.normalize(self.vq.quant_conv(self.vq.encoder(pixels)).float(), dim=1)

    def _decode(self, latents: torch.Tensor) -> torch.Tensor:
        return self.vq.decoder(self.vq.post_quant_conv(latents)).float()

    @property
    def book(self) -> torch.Tensor:
        """Codes [n, d] of unit length."""
        return self.vq.quantize.embedding.weight

    def forward(self, pixels: torch.Tensor, fraction: float) -> dict[str, torch.Tensor]:
        """Losses on float pixels [b, 3, h, w] in [-1, 1] at this part of the run."""
        latents = self.encode(pixels)  # type: ignore[operator]
        extra = {}
        if self.has_book:
            codes = self._quantize(latents, revive=fraction < self.stages.revive)
            commitment = functional.mse_loss(latents, codes)
            used = (self.counts > 0.01 * self.counts.mean()).float().mean()
            extra = {"commit": commitment, "used": used}
            latents = latents + (codes - latents).detach()
        else:
            latents = functional.normalize(latents + self.stages.noise * torch.randn_like(latents), dim=1)
        seen = self.decode(latents)  # type: ignore[operator]
        loss, psnr = picture_loss(seen, pixels)
        if extra:
            loss = loss + self.stages.commitment * extra["commit"]
        return {"loss": loss, "psnr": psnr, **extra}

    @torch.no_grad()
    def _quantize(self, latents: torch.Tensor, *, revive: bool) -> torch.Tensor:
        """The nearest code of every latent [b, d, h, w]; moves the codebook a little while training."""
        flat = latents.detach().permute(0, 2, 3, 1).reshape(-1, latents.shape[1])
        nearest = nearest_codes(flat, self.book)
        codes = self.book[nearest]
        counts = torch.zeros_like(self.counts).index_add_(0, nearest, torch.ones_like(flat[:, 0]))
        sums = torch.zeros_like(self.sums).index_add_(0, nearest, flat)
        self.counts.lerp_(counts, 1 - self.stages.decay)
        self.sums.lerp_(sums, 1 - self.stages.decay)
        if revive:
            average = self.counts.mean()
            quiet = self.counts < self.stages.quiet * average
            there = flat[torch.randint(len(flat), (len(self.counts),), device=flat.device)]
            self.sums.copy_(torch.where(quiet[:, None], there * average, self.sums))
            self.counts.copy_(torch.where(quiet, average, self.counts))
        self.book.copy_(functional.normalize(self.sums, dim=-1))
        return codes.view(latents.shape[0], *latents.shape[2:], -1).permute(0, 3, 1, 2)

    @torch.no_grad()
    def start(self, pixels: torch.Tensor) -> None:
        """Make the codebook by k-means from the latents of many more pictures than one batch has."""
        latents = [self._encode(part) for part in pixels.split(64)]
        flat = torch.cat(latents).permute(0, 2, 3, 1).flatten(0, 2)
        with torch.autocast(flat.device.type, enabled=False):
            book = spherical_kmeans(flat, len(self.book))
        counts = torch.bincount(nearest_codes(flat, book), minlength=len(book)).float()
        self.counts.copy_(counts + 0.1)
        self.sums.copy_(book * (counts + 0.1)[:, None])
        self.book.copy_(book)
        self.ready.fill_(True)


def nearest_codes(flat: torch.Tensor, book: torch.Tensor) -> torch.Tensor:
    """Index [n] of the nearest of ``book`` [k, d] for every row of ``flat`` [n, d], all of unit length."""
    with torch.autocast(flat.device.type, enabled=False):  # half precision would mix up near codes
        return torch.cat([(part.float() @ book.float().T).argmax(-1) for part in flat.split(65536)])


def spherical_kmeans(flat: torch.Tensor, k: int, rounds: int = 30) -> torch.Tensor:
    """``k`` directions [k, d] among unit rows [n, d], started by k-means++ (Arthur and Vassilvitskii 2007).

    Plain background makes up half of the rows: an even start would spend half of the codes on it.
    """
    book = flat[torch.randint(len(flat), (1,), device=flat.device)]
    far = (1 - flat @ book[0]).clamp(min=0)
    for _ in range(k - 1):
        new = flat[torch.multinomial(far + 1e-9, 1)]
        book = torch.cat([book, new])
        far = torch.minimum(far, (1 - flat @ new[0]).clamp(min=0))
    for _ in range(rounds):
        nearest = nearest_codes(flat, book)
        sums = torch.zeros_like(book).index_add_(0, nearest, flat)
        empty = torch.bincount(nearest, minlength=k) == 0
        book = torch.where(empty[:, None], book, functional.normalize(sums, dim=-1))
    return book


def picture_loss(seen: torch.Tensor, true: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Squared, absolute and edge error of pixels in [-1, 1], and the PSNR in dB of the squared part.

    The edge part (differences between neighbours) keeps outlines crisp that a squared error alone would blur.
    """
    error = seen - true
    across, down = error[..., 1:] - error[..., :-1], error[..., 1:, :] - error[..., :-1, :]
    squared = error.square().mean()
    loss = squared + 0.3 * error.abs().mean() + 0.3 * (across.abs().mean() + down.abs().mean())
    return loss, 10 * torch.log10(4 / squared.detach().clamp(min=1e-9))


def busiest_crops(pixels: torch.Tensor, side: int = 32) -> torch.Tensor:
    """One crop a picture, on the grid of tokens, likelier where neighbouring pixels differ."""
    change = (pixels[..., 1:] - pixels[..., :-1]).abs().mean(1, keepdim=True)
    busy = functional.avg_pool2d(functional.pad(change, (0, 1)), side, stride=8).flatten(1)
    place = torch.multinomial(busy + 1e-4, 1).squeeze(1)
    across = (pixels.shape[-1] - side) // 8 + 1
    rows = (place // across * 8)[:, None] + torch.arange(side, device=pixels.device)
    columns = (place % across * 8)[:, None] + torch.arange(side, device=pixels.device)
    batch = torch.arange(len(pixels), device=pixels.device)[:, None, None]
    return pixels.permute(0, 2, 3, 1)[batch, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def make_loss(training: VQTraining, pool: torch.Tensor, batch: int) -> Callable[[Moment], dict[str, torch.Tensor]]:
    """The loss of one step on pictures of ``pool``, uint8 [n, 64, 64, 3] on the device."""
    whole = training.stages.whole

    def loss(moment: Moment) -> dict[str, torch.Tensor]:
        if not training.has_book and moment.fraction >= training.stages.quantize:
            if not bool(training.ready):  # else a resumed run, which has its codebook
                many = torch.from_numpy(moment.rng("codebook").integers(len(pool), size=len(training.book)))
                training.start(to_float(pool[many.to(pool.device)]))
            training.has_book = True
        crops = moment.fraction < whole
        places = torch.from_numpy(moment.rng().integers(len(pool), size=3 * batch if crops else batch))
        pixels = to_float(pool[places.to(pool.device)])
        pixels = busiest_crops(pixels) if crops else pixels
        # bf16 convolutions: channels last is the fast layout on CUDA and costs twice the time on a CPU
        fast = torch.channels_last if pixels.is_cuda else torch.contiguous_format
        return training(pixels.contiguous(memory_format=fast), moment.fraction)

    return loss


@torch.no_grad()
def measure(vq: Any, device: torch.device, n: int) -> dict[str, float]:
    """PSNR in dB and the part of codes used on ``n`` held-out scenes, through the model as it ships."""
    images = torch.from_numpy(draw_pictures(EVAL_SEED, n)).to(device)
    vq = vq.to(device).eval()
    seen = torch.cat([reconstruct(vq, part) for part in images.split(256)])
    squared = (seen.float() - images.float()).square().mean()
    codes = torch.cat([vq.encode(to_float(part)).image_tokens for part in images.split(256)])
    return {
        "vq_psnr": psnr(images, seen).mean().item(),
        "vq_psnr_pooled": (10 * torch.log10(255**2 / squared)).item(),
        "vq_codes": codes.unique().numel() / vq.quantize.num_embeddings,
    }


def train_vq(order: Order, size: Size, minutes: float) -> tuple[JanusVQVAE, Report]:
    """Train the VQ alone; returns it in float32 on the order's device."""
    device = pick_device(order.device)
    on_gpu = device.type == "cuda"
    scenes, batch = (256, 8) if order.miniature else (100_000, 256) if on_gpu else (20_000, 8)
    workers = default_workers() if order.workers is None else order.workers
    pool = torch.from_numpy(draw_pictures(SCENES + order.seed, scenes, workers=0 if order.miniature else workers))
    with torch.random.fork_rng([device] if on_gpu else []):
        torch.manual_seed(order.seed)
        vq = JanusVQVAE(vq_config(size))
    if on_gpu:
        vq.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    training = VQTraining(vq, Stages() if on_gpu else Stages(whole=0.65), device)
    training.to(device)
    pool = pool.to(device)
    plan = Plan(
        f"{order.run or 'tiny-vq'}",
        minutes=minutes,
        steps=order.steps,
        lr=8e-4 if on_gpu else 1e-3,
        warmup=200 if on_gpu else 50,
        weight_decay=1e-4,
        betas=(0.9, 0.99),
        device=order.device,
        seed=order.seed,
        resume=order.resume,
    )
    shown = pool[:16]

    def sheet() -> Any:
        return contact_sheet(torch.cat([to_float(shown), to_float(reconstruct(training.vq, shown))]))

    report = fit(training, make_loss(training, pool, batch), plan, sheet=sheet)
    return training.vq, report


def save_half(model: Any, out: Path) -> None:
    """Save in bfloat16, in files that stay under 9.5 MB."""
    model.to("cpu", torch.bfloat16).save_pretrained(out, max_shard_size="9MB")


def train(order: Order) -> Path:
    """Train, save and describe the VQ on its own; ``train tiny-janus --vq FOLDER`` goes on from it."""
    vq, report = train_vq(order, MINIATURE if order.miniature else SHIPPED, order.minutes)
    save_half(vq, order.out)
    saved = JanusVQVAE.from_pretrained(order.out, dtype=torch.float32)
    results = measure(saved, pick_device(order.device), 64 if order.miniature else 2000)
    write_card(
        order,
        Facts(
            name="tiny-vq",
            about="A JanusVQVAE that turns 64 px sticker scenes into 8 x 8 codes and back.",
            data=f"rendered scenes (world seed {SCENES + order.seed}).",
            model=saved,
            report=report,
            results=results,
        ),
    )
    return order.out
