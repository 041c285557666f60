"""Train tiny:detector: a small RT-DETR (Zhao et al. 2024) that finds and names the stickers of a scene.

Its convolutions learn first, by naming every place of the picture; then the queries learn to pick each thing once. A
detector made of attention alone learns the same from many times as many pictures.

The same script with another seed makes the second detector, which judges but never guides: other scenes, other shape.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import RTDetrConfig, RTDetrForObjectDetection, RTDetrResNetConfig
from transformers.models.rt_detr.image_processing_pil_rt_detr import RTDetrImageProcessorPil

from tts_playground import files
from tts_playground.models.detector import Detector
from tts_playground.models.janus.vq import load_vq, reconstruct
from tts_playground.train.common.config import TrainConfig
from tts_playground.train.common.dense import boxes_in_parts, dense_loss
from tts_playground.train.common.loop import Moment
from tts_playground.train.common.scenes import Conditions, draw_pool
from tts_playground.train.common.skeleton import CardText, Training, TrainSetup, carry_out
from tts_playground.verifiers.measures import measure_detector
from tts_playground.worlds.contact import contact_sheet
from tts_playground.worlds.pool import ScenePool
from tts_playground.worlds.vocabulary import NAMES, SIZE

SCENES, EVAL_SEED = 22_000, 22_999
"""seeds of the world for training (plus the order's seed) and for the numbers in the card"""


STRIDE = 8
"""pixels between the places of the feature map"""
FIRST = 0.3
"""until this part of a run only the convolutions learn, unless they start from a checkpoint"""


@dataclass(frozen=True)
class DetectorSize:
    """Shape of the model."""

    channels: tuple[int, int] = (48, 128)
    """of the convolutions at a quarter and at an eighth of the picture"""
    blocks: tuple[int, int] = (1, 2)
    width: int = 128
    """of the queries"""
    layers: int = 2
    """of the decoder"""
    heads: int = 4
    queries: int = 10


SHIPPED = DetectorSize()
SECOND = DetectorSize(channels=(64, 96), blocks=(1, 1), width=96)
"""for every seed but 0, so that the second judge shares neither data nor shape with the first"""
MINIATURE = DetectorSize(channels=(32, 32), blocks=(1, 1), width=32, layers=1, heads=2)


def build_model(size: DetectorSize) -> RTDetrForObjectDetection:
    """A freshly initialised detector of the world's nouns."""
    places: dict[str, Any] = {"out_features": ["stage2"]}
    backbone = RTDetrResNetConfig(
        embedding_size=size.channels[0],
        hidden_sizes=list(size.channels),
        depths=list(size.blocks),
        layer_type="basic",
        **places,
    )
    return RTDetrForObjectDetection(
        RTDetrConfig(
            backbone_config=backbone,
            freeze_backbone_batch_norms=False,
            encoder_hidden_dim=size.width,
            encoder_in_channels=[size.channels[1]],
            encoder_layers=1,
            encoder_ffn_dim=2 * size.width,
            encoder_attention_heads=size.heads,
            encode_proj_layers=[0],
            feat_strides=[STRIDE],
            num_feature_levels=1,
            hidden_expansion=0.5,
            d_model=size.width,
            decoder_in_channels=[size.width],
            decoder_ffn_dim=2 * size.width,
            decoder_layers=size.layers,
            decoder_attention_heads=size.heads,
            num_queries=size.queries,
            num_denoising=0,
            id2label=dict(enumerate(NAMES)),
            label2id={name: i for i, name in enumerate(NAMES)},
        )
    )


def build_processor() -> RTDetrImageProcessorPil:
    """Pixel values in [-1, 1] at 64 px."""
    return RTDetrImageProcessorPil(
        size={"height": SIZE, "width": SIZE}, do_normalize=True, image_mean=[0.5] * 3, image_std=[0.5] * 3
    )


class DetectorTraining(nn.Module):
    """The detector with a second head on its feature map that exists only while it learns."""

    def __init__(self, detector: RTDetrForObjectDetection, channels: int) -> None:
        super().__init__()
        self.detector = detector
        self.dense = nn.Linear(channels, len(NAMES) + 1 + 4)
        self._seen: list[torch.Tensor] = []
        detector.model.backbone.register_forward_hook(lambda _module, _inputs, out: self._seen.append(out[0][0]))

    def places(self) -> tuple[torch.Tensor, torch.Tensor]:
        """What every place of the last feature map says: logits [b, places, names + 1] and boxes [b, places, 4]."""
        names, boxes = self.dense(self._seen.pop().flatten(2).transpose(1, 2)).split([len(NAMES) + 1, 4], dim=-1)
        return names, boxes.sigmoid()

    def look(self, pixels: torch.Tensor) -> None:
        """Run the convolutional backbone alone, which updates its batch statistics in training."""
        mask = pixels.new_ones(len(pixels), *pixels.shape[-2:])
        self.detector.model.backbone(pixels, mask)


def make_loss(
    pupil: DetectorTraining, conditions: Conditions, pool: ScenePool, batch: int, first: float = FIRST
) -> Any:
    """The loss of one step, on a batch drawn by the step's own stream."""
    device = conditions.views[0].device
    classes, boxes = torch.from_numpy(pool.classes).to(device), boxes_in_parts(pool.boxes, SIZE).to(device)

    def loss(moment: Moment) -> dict[str, torch.Tensor]:
        places = torch.from_numpy(moment.rng().integers(len(pool), size=batch)).to(device)
        pixels = conditions.pixels(places)
        parts: dict[str, torch.Tensor] = {}
        if moment.fraction < first:
            pupil.look(pixels)
        else:
            there = [row >= 0 for row in classes[places]]
            labels = [
                {"class_labels": classes[place][known], "boxes": boxes[place][known]}
                for place, known in zip(places, there, strict=True)
            ]
            seen = pupil.detector(pixel_values=pixels, labels=labels)
            told = {"loss_vfl": "class", "loss_bbox": "box", "loss_giou": "giou"}
            parts = {ours: seen.loss_dict[theirs] for theirs, ours in told.items()} | {"set": seen.loss}
        dense = dense_loss(*pupil.places(), classes[places], boxes[places])
        return {"loss": dense + parts.pop("set", torch.zeros((), device=device)), "dense": dense, **parts}

    return loss


def measure(folder: Path, device: torch.device, vq: Any, n: int) -> dict[str, float]:
    """What users will get: the saved checkpoint, as rounded as it ships, on ``n`` fresh scenes."""
    pool = draw_pool(EVAL_SEED, n)
    model: Any = RTDetrForObjectDetection.from_pretrained(folder, dtype=torch.float32)
    model.to(device).eval()
    detector = Detector(model, build_processor(), str(folder))  # AutoImageProcessor would need torchvision
    images = torch.from_numpy(pool.images).to(device)
    found = measure_detector(detector, pool.images, pool.classes, pool.colors, pool.boxes)
    if vq is not None:
        seen = reconstruct(vq, images).cpu().numpy()
        worse = measure_detector(detector, seen, pool.classes, pool.colors, pool.boxes)
        found |= {f"{name}_vq": value for name, value in worse.items()}
    return found


def prepare(setup: TrainSetup) -> Training:
    """Model, scenes and loss of a detector, and what becomes of it."""
    order, device = setup.order, setup.device
    shape = SHIPPED if order.seed == 0 else SECOND
    size, scenes, batch = (MINIATURE, 256, 16) if order.miniature else (shape, 200_000, 768)
    if device.type == "cpu" and not order.miniature:  # a scene through the VQ costs a CPU as much as three steps on it
        scenes, batch = 40_000 if order.vq is None else 4_000, 32
    pool = draw_pool(SCENES + order.seed, scenes, workers=setup.workers)
    model: Any = setup.started(build_model(size), "detector").to(device)
    vq = None if order.vq is None else load_vq(order.vq, device)
    conditions = Conditions(pool, device, vq)
    plan = setup.plan(
        "tiny-detector" if order.seed == 0 else f"tiny-detector-{order.seed}",
        setup.left(0.2),
        lr=(1e-3 if setup.on_gpu else 2e-3) if order.init is None else 8e-4,
        warmup=500 if setup.on_gpu else 50,
        weight_decay=0.02,
        betas=(0.9, 0.98),
        ema=0.999,
        bf16=not order.miniature,
    )
    shown = torch.arange(64, device=device) % len(pool)
    pupil = DetectorTraining(model, size.channels[1]).to(device)

    def finish() -> tuple[Any, dict[str, float]]:
        with files.filling(order.out, "The checkpoint") as partial:
            model.to("cpu", torch.bfloat16).save_pretrained(partial)
            build_processor().save_pretrained(partial)
        return model, measure(order.out, device, vq, 120 if order.miniature else 1000)

    views = ", VQ-reconstructed and reconstructed from partly wrong tokens" if vq is not None else ""
    return Training(
        pupil,
        make_loss(pupil, conditions, pool, batch, FIRST if order.init is None else 0.0),
        plan,
        finish,
        CardText(
            "tiny:detector",
            "Finds and names stickers. It judges stickers-eval: its boxes, and the hue inside them, say whether a "
            "picture shows what was asked. It is never a reward.",
            f"{scenes} scenes (world seed {SCENES + order.seed}), each rendered{views}, with occlusion, "
            "noise, blur, wrong blocks and changed exposure.",
        ),
        sheet=lambda: contact_sheet(conditions.pixels(shown)),
    )


def train(order: TrainConfig) -> Path:
    """Train, save and describe a detector; returns its folder."""
    return carry_out(order, prepare)
