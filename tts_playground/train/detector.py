"""Train tiny:detector: a small YOLOS (Fang et al. 2021) that finds and names the stickers of a scene.

The same script with another seed makes the second detector, which judges but never guides: other scenes, other shape.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import YolosConfig, YolosForObjectDetection
from transformers.models.yolos.image_processing_pil_yolos import YolosImageProcessorPil

from tts_playground.models.vq import load_vq, reconstruct
from tts_playground.train.card import Facts, write_card
from tts_playground.train.feed import default_workers
from tts_playground.train.loop import Moment, Plan, compiled, fit, pick_device
from tts_playground.train.matching import dense_loss, set_loss
from tts_playground.train.order import Order
from tts_playground.train.scenes import Conditions, draw_pool
from tts_playground.verifiers.detection import Detector
from tts_playground.verifiers.measures import measure_detector
from tts_playground.worlds.contact import contact_sheet
from tts_playground.worlds.pool import Pool
from tts_playground.worlds.vocabulary import NAMES, SIZE

SCENES, EVAL_SEED = 22_000, 22_999
"""seeds of the world for training (plus the order's seed) and for the numbers in the card"""


@dataclass(frozen=True)
class Size:
    """Shape of the model."""

    width: int = 160
    layers: int = 6
    heads: int = 5
    patch: int = 8
    queries: int = 8


SHIPPED = Size()
SECOND = Size(width=128, heads=4)
"""for every seed but 0, so that the second judge shares neither data nor shape with the first"""
MINIATURE = Size(width=32, layers=2, heads=2, patch=16)


def build_model(size: Size) -> YolosForObjectDetection:
    """A freshly initialised detector of the world's nouns."""
    return YolosForObjectDetection(
        YolosConfig(
            hidden_size=size.width,
            intermediate_size=4 * size.width,
            num_hidden_layers=size.layers,
            num_attention_heads=size.heads,
            image_size=[SIZE, SIZE],
            patch_size=size.patch,
            num_detection_tokens=size.queries,
            id2label=dict(enumerate(NAMES)),
            label2id={name: i for i, name in enumerate(NAMES)},
        )
    )


def build_processor() -> YolosImageProcessorPil:
    """Pixel values in [-1, 1] at 64 px."""
    return YolosImageProcessorPil(
        size={"height": SIZE, "width": SIZE}, image_mean=[0.5] * 3, image_std=[0.5] * 3, do_pad=False
    )


def boxes_in_parts(pool: Pool, device: torch.device) -> torch.Tensor:
    """Boxes as DETR wants them: centre x, centre y, width, height in parts of the picture."""
    boxes = torch.from_numpy(pool.boxes).to(device) / SIZE
    low, high = boxes[..., :2], boxes[..., 2:]
    return torch.cat([(low + high) / 2, high - low], dim=-1)


class Pupil(nn.Module):
    """The detector with a second head on its patches that exists only while it learns."""

    def __init__(self, detector: YolosForObjectDetection) -> None:
        super().__init__()
        self.detector = detector
        self.dense = nn.Linear(detector.config.hidden_size, len(NAMES) + 1 + 4)

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Logits and boxes of the queries, then of the patches."""
        found = self.detector(pixel_values=pixels)
        patches = found.last_hidden_state[:, 1 : -self.detector.config.num_detection_tokens]
        names, places = self.dense(patches).split([len(NAMES) + 1, 4], dim=-1)
        return found.logits, found.pred_boxes, names, places.sigmoid()


def make_loss(pupil: Pupil, conditions: Conditions, pool: Pool, batch: int) -> Any:
    """The loss of one step, on a batch drawn by the step's own stream."""
    device = conditions.views[0].device
    classes, boxes = torch.from_numpy(pool.classes).to(device), boxes_in_parts(pool, device)
    see = compiled(pupil, device)

    def loss(moment: Moment) -> dict[str, torch.Tensor]:
        places = torch.from_numpy(moment.rng().integers(len(pool), size=batch)).to(device)
        logits, found, names, patches = see(conditions.pixels(places))
        parts = set_loss(logits, found, classes[places], boxes[places])
        parts |= dense_loss(names, patches, classes[places], boxes[places])
        return parts | {"loss": parts["loss"] + parts["dense"]}

    return loss


def measure(folder: Path, device: torch.device, vq: Any, n: int) -> dict[str, float]:
    """What users will get: the saved checkpoint, as rounded as it ships, on ``n`` fresh scenes."""
    pool = draw_pool(EVAL_SEED, n)
    model: Any = YolosForObjectDetection.from_pretrained(folder, dtype=torch.float32)
    model.to(device).eval()
    detector = Detector(model, build_processor(), str(folder))  # AutoImageProcessor would need torchvision
    images = torch.from_numpy(pool.images).to(device)
    found = measure_detector(detector, pool.images, pool.classes, pool.colors, pool.boxes)
    if vq is not None:
        seen = reconstruct(vq, images).cpu().numpy()
        worse = measure_detector(detector, seen, pool.classes, pool.colors, pool.boxes)
        found |= {f"{name}_vq": value for name, value in worse.items()}
    return found


def train(order: Order) -> Path:
    """Train, save and describe a detector; returns its folder."""
    began = time.monotonic()
    device = pick_device(order.device)
    torch.manual_seed(order.seed)
    shape = SHIPPED if order.seed == 0 else SECOND
    size, scenes, batch = (MINIATURE, 256, 16) if order.miniature else (shape, 200_000, 768)
    if device.type == "cpu" and not order.miniature:
        scenes, batch = 40_000, 64
    workers = default_workers() if order.workers is None else order.workers
    pool = draw_pool(SCENES + order.seed, scenes, workers=0 if order.miniature else workers)
    model: Any = build_model(size)
    if order.init is not None:
        model = YolosForObjectDetection.from_pretrained(order.init, dtype=torch.float32)
    model.to(device)
    vq = None if order.vq is None else load_vq(order.vq, device)
    conditions = Conditions(pool, device, vq)
    left = order.minutes - (time.monotonic() - began) / 60
    plan = Plan(
        order.run or ("tiny-detector" if order.seed == 0 else f"tiny-detector-{order.seed}"),
        minutes=max(0.2, left),
        steps=order.steps,
        lr=1e-3 if order.init is None else 6e-4,
        warmup=500,
        weight_decay=0.05,
        betas=(0.9, 0.98),
        ema=0.999,
        clip=1.0,
        bf16=not order.miniature,
        device=order.device,
        seed=order.seed,
        resume=order.resume,
    )
    shown = torch.arange(64, device=device) % len(pool)
    pupil = Pupil(model).to(device)
    report = fit(
        pupil, make_loss(pupil, conditions, pool, batch), plan, sheet=lambda: contact_sheet(conditions.pixels(shown))
    )
    model.to("cpu", torch.bfloat16).save_pretrained(order.out)
    build_processor().save_pretrained(order.out)
    results = measure(order.out, device, vq, 120 if order.miniature else 1000)
    conditions_told = ", VQ-reconstructed and reconstructed from partly wrong tokens" if vq is not None else ""
    facts = Facts(
        name="tiny:detector",
        about="Finds and names stickers. It judges stickers-eval: its boxes, and the hue inside them, say whether a "
        "picture shows what was asked. It is never a reward.",
        data=f"{scenes} scenes (world seed {SCENES + order.seed}), each rendered{conditions_told}, with occlusion, "
        "noise, blur, wrong blocks and changed exposure.",
        model=model,
        report=report,
        results=results,
    )
    write_card(order, facts)
    return order.out
