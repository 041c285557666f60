"""Train tiny:aesthetic: LAION's v2 head on tiny:clip, to predict how clean a picture is.

Rendered scenes are worth 10; the more tokens are replaced at random before decoding, the less, down to 1. Nothing else
is asked of it, least of all whether the picture shows what the prompt says.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from tts_playground.models.hub.locator import ready
from tts_playground.models.janus.vq import decode, encode, load_vq, to_float
from tts_playground.rewards.aesthetic import build_head, predict, save_head
from tts_playground.train.clip.trainer import embed_images
from tts_playground.train.common.card import Facts, write_card
from tts_playground.train.common.config import TrainConfig
from tts_playground.train.common.data_workers import default_workers
from tts_playground.train.common.loop import Moment, TrainPlan, fit, pick_device
from tts_playground.train.common.scenes import draw_pool, shuffled_blocks, speckled, spoilt

SCENES, EVAL_SEED = 33_000, 33_999
"""seeds of the world for training (plus the order's seed) and for the numbers in the card"""
WORST = 0.6
"""part of wrong tokens from which a picture is worth 1"""
BEST, RECONSTRUCTED, LEAST = 10.0, 9.5, 1.0


def worsened(images: torch.Tensor, vq: Any, wrong: torch.Tensor) -> torch.Tensor:
    """uint8 pictures with a part ``wrong`` [n] of tokens (without a VQ: blocks) replaced, float [n, 3, 64, 64]."""
    if vq is not None:
        return to_float(decode(vq, spoilt(vq, encode(vq, images, half=True), wrong), half=True))
    return speckled(shuffled_blocks(to_float(images), wrong), wrong * 0.1)


@torch.no_grad()
def examples(clip: Any, vq: Any, images: torch.Tensor, each: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Embeddings [m, d] and worths [m] of ``images`` rendered once and worsened ``each`` times."""
    embeddings, worths = [], []
    for turn in range(each + 1):
        wrong = (
            torch.rand(len(images), device=images.device) * WORST
            if turn > 1
            else torch.zeros(len(images)).to(images.device)
        )
        worth = RECONSTRUCTED - (RECONSTRUCTED - LEAST) * wrong / WORST
        seen = to_float(images) if turn == 0 else worsened(images, vq, wrong)
        embeddings.append(torch.cat([embed_images(clip, part) for part in seen.split(512)]))
        worths.append(torch.full_like(worth, BEST) if turn == 0 else worth)
    return torch.cat(embeddings), torch.cat(worths)


def measure(head: Any, embeddings: torch.Tensor, worths: torch.Tensor) -> dict[str, float]:
    """Correlation with the truth, mean error, and how often the cleaner of two pictures gets the higher score."""
    with torch.no_grad():
        told = predict(head.eval(), embeddings).cpu().numpy()
    truth = worths.cpu().numpy()
    half = len(truth) // 2
    apart = np.abs(truth[:half] - truth[half : 2 * half]) > 1
    ordered = (told[:half] > told[half : 2 * half]) == (truth[:half] > truth[half : 2 * half])
    return {
        "aesthetic_pearson": float(np.corrcoef(told, truth)[0, 1]),
        "aesthetic_error": float(np.abs(told - truth).mean()),
        "aesthetic_pairs": float(ordered[apart].mean()),
    }


def train(order: TrainConfig) -> Path:
    """Train, save and describe tiny:aesthetic; returns its folder."""
    from transformers import CLIPModel

    began = time.monotonic()
    device = pick_device(order.device)
    torch.manual_seed(order.seed)
    on_gpu = device.type == "cuda"  # pictures through the VQ are what takes time on a CPU
    scenes, each = (64, 3) if order.miniature else (20_000, 6) if on_gpu else (1_500, 5)
    folder = ready("tiny:clip" if order.clip is None else str(order.clip), "clip")
    clip: Any = CLIPModel.from_pretrained(folder, dtype=torch.float32, use_safetensors=True)
    clip.to(device).eval()
    workers = default_workers() if order.workers is None else order.workers
    pool = draw_pool(SCENES + order.seed, scenes, workers=0 if order.miniature else workers)
    vq = None if order.vq is None else load_vq(order.vq, device)
    embeddings, worths = examples(clip, vq, torch.from_numpy(pool.images).to(device), each)
    head = build_head(embeddings.shape[1]).to(device)
    with torch.no_grad():
        head["layers"][-1].bias.fill_(float(worths.mean()))

    def loss(moment: Moment) -> torch.Tensor:
        places = torch.from_numpy(moment.rng().integers(len(worths), size=512)).to(device)
        return functional.mse_loss(predict(head, embeddings[places]).float(), worths[places])

    plan = TrainPlan(
        order.run or "tiny-aesthetic",
        minutes=max(0.2, order.minutes - (time.monotonic() - began) / 60),
        steps=order.steps,
        lr=1e-3,
        weight_decay=0.01,
        bf16=False,
        device=order.device,
        seed=order.seed,
        resume=order.resume,
    )
    report = fit(head, loss, plan)
    few = 120 if order.miniature else 1000 if on_gpu else 300
    fresh = torch.from_numpy(draw_pool(EVAL_SEED, few).images).to(device)
    results = measure(head, *examples(clip, vq, fresh, 6))
    save_head(head, order.out, "tiny:clip")
    facts = Facts(
        name="tiny:aesthetic",
        about="LAION's aesthetic v2 head on tiny:clip embeddings: how clean a picture of the sticker world is, "
        "whatever was asked for.",
        data=f"{scenes} scenes (world seed {SCENES + order.seed}), rendered (worth 10) and with 0 to {WORST:.0%} of "
        "their "
        + ("VQ tokens" if vq is not None else "8 x 8 blocks")
        + f" replaced at random (worth {RECONSTRUCTED:g} down to {LEAST:g}).",
        model=head,
        report=report,
        results=results,
    )
    write_card(order, facts)
    return order.out
