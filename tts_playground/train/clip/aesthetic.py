"""Train tiny:aesthetic: LAION's v2 head on tiny:clip, to predict how clean a picture is.

Rendered scenes are worth 10; the more tokens are replaced at random before decoding, the less, down to 1. Nothing else
is asked of it, least of all whether the picture shows what the prompt says.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from tts_playground.models.hub.locator import ready
from tts_playground.models.janus.vq import decode, encode, load_vq, to_float
from tts_playground.rewards.aesthetic import build_head, predict, save_head
from tts_playground.train.clip.trainer import embed_images
from tts_playground.train.common.config import TrainConfig
from tts_playground.train.common.loop import Moment
from tts_playground.train.common.scenes import draw_pool, shuffled_blocks, speckled, spoilt
from tts_playground.train.common.skeleton import CardText, Training, TrainSetup, carry_out

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


def prepare(setup: TrainSetup) -> Training:
    """Head, embeddings and loss of tiny:aesthetic, and what becomes of it."""
    from transformers import CLIPModel

    order, device = setup.order, setup.device
    scenes, each = setup.sized((64, 3), (20_000, 6), (1_500, 5))  # pictures through the VQ take time on a CPU
    folder = ready("tiny:clip" if order.clip is None else str(order.clip), "clip")
    clip: Any = CLIPModel.from_pretrained(folder, dtype=torch.float32, use_safetensors=True)
    clip.to(device).eval()
    pool = draw_pool(SCENES + order.seed, scenes, workers=setup.workers)
    vq = None if order.vq is None else load_vq(order.vq, device)
    embeddings, worths = examples(clip, vq, torch.from_numpy(pool.images).to(device), each)
    head = build_head(embeddings.shape[1]).to(device)
    with torch.no_grad():
        head["layers"][-1].bias.fill_(float(worths.mean()))

    def loss(moment: Moment) -> torch.Tensor:
        places = torch.from_numpy(moment.rng().integers(len(worths), size=512)).to(device)
        return functional.mse_loss(predict(head, embeddings[places]).float(), worths[places])

    def finish() -> tuple[Any, dict[str, float]]:
        fresh = torch.from_numpy(draw_pool(EVAL_SEED, setup.sized(120, 1000, 300)).images).to(device)
        results = measure(head, *examples(clip, vq, fresh, 6))
        save_head(head, order.out, "tiny:clip")
        return head, results

    return Training(
        head,
        loss,
        setup.plan("tiny-aesthetic", setup.left(0.2), lr=1e-3, weight_decay=0.01, bf16=False),
        finish,
        CardText(
            "tiny:aesthetic",
            "LAION's aesthetic v2 head on tiny:clip embeddings: how clean a picture of the sticker world is, "
            "whatever was asked for.",
            f"{scenes} scenes (world seed {SCENES + order.seed}), rendered (worth 10) and with 0 to {WORST:.0%} of "
            "their "
            + ("VQ tokens" if vq is not None else "8 x 8 blocks")
            + f" replaced at random (worth {RECONSTRUCTED:g} down to {LEAST:g}).",
        ),
    )


def train(order: TrainConfig) -> Path:
    """Train, save and describe tiny:aesthetic; returns its folder."""
    return carry_out(order, prepare)
