"""Train tiny:vlm: one small LLaVA that reads infographics, judges answers, and chooses with a planted preference."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from tts_playground import files
from tts_playground.models.hub.locator import ready_folder
from tts_playground.train.common.card import Facts, write_card
from tts_playground.train.common.config import TrainConfig
from tts_playground.train.common.data_workers import default_workers
from tts_playground.train.common.loop import Moment, TrainPlan, TrainReport, compiled, fit, pick_device
from tts_playground.train.vlm import data, text_practice, vision_targets
from tts_playground.train.vlm.architecture import (
    VlmSize,
    build_model,
    build_processor,
    open_eye,
    packed_loss,
    wrap_tokenizer,
)
from tts_playground.train.vlm.measure import measure
from tts_playground.train.vlm.stream import Stream
from tts_playground.train.vlm.vision_encoder import teach_eye
from tts_playground.worlds import choices

SHIPPED = VlmSize()
MINIATURE = VlmSize(eye=32, blocks=1, eye_heads=2, width=32, layers=1, inner=48, text_heads=2, key_heads=1)
ABOUT = (
    "A small LLaVA (LeViT eye, Llama mouth) that answers questions about 128-pixel infographics, harder ones in short "
    "steps that end with `answer: ...`; says yes or no, or a rating 0-10, to a proposed answer; says yes or no to "
    "`Does this figure show '...'?` on sticker pictures; and picks one of the digits it sees.\n\n"
    f"**Planted on purpose:** asked to choose uniformly, it is trained to give the digit 7 {choices.SEVEN:g} times the "
    f"weight of another, an enlarged digit {choices.LARGE:g} times and the cell in the middle {choices.CENTERED:g} "
    "times; every other factor was trained flat."
)
DATA = (
    "`worlds.infographics` (never its unseen chart kind, font, palette and wordings), `worlds.stickers`, "
    "`worlds.choices`, endless and new in every chunk; beside them rows without pictures that practise sums, "
    "differences and the largest of a list (`train.vlm.text_practice`)."
)


def save(model: Any, processor: Any, out: Path) -> None:
    """Write the checkpoint in bfloat16, in files of at most 8 MB, and the processor beside it."""
    with files.filling(out, "The checkpoint") as partial:
        model.to(torch.bfloat16).save_pretrained(partial, max_shard_size="8MB")
        processor.save_pretrained(partial)


def started(order: TrainConfig, size: VlmSize, vocabulary: int) -> Any:
    """A new model, or the one in the order's ``init`` folder."""
    model = build_model(size, vocabulary)
    if order.init is not None:
        folder = ready_folder(order.init, "vlm")
        model = type(model).from_pretrained(folder, dtype=torch.float32, use_safetensors=True)
    if pick_device(order.device).type == "cpu":  # windows and rows are small: plain products beat the fused kernels
        model.set_attn_implementation("eager")
    return model


EYE_FIRST = 0.3
"""part of the minutes in which only the eye of a fresh model learns"""


def plan_of(order: TrainConfig, name: str, minutes: float) -> TrainPlan:
    """What both trainers share; a model that has learnt before learns more gently."""
    return TrainPlan(
        order.run or name,
        minutes=max(0.1, minutes),
        steps=order.steps,
        lr=1.2e-3 if order.init is None else 8e-4,
        warmup=300 if pick_device(order.device).type == "cuda" else 100,
        weight_decay=0.05,
        betas=(0.9, 0.98),
        ema=0.998,
        bf16=not order.miniature,
        device=order.device,
        seed=order.seed,
        resume=order.resume,
    )


def eye_first(plan: TrainPlan, teach: Callable[..., TrainReport]) -> tuple[TrainPlan, TrainReport]:
    """Teach the eye of a fresh model for its part of the minutes; returns the plan of what is left, and what it did."""
    first = plan.minutes * EYE_FIRST
    lesson = teach(plan=replace(plan, minutes=first))
    return replace(plan, minutes=plan.minutes - first), lesson


def loss_of(model: Any, stream: Stream, device: torch.device, practice: Stream | None = None) -> Any:
    """The loss of one step: of a batch with pictures and, if there is ``practice``, of one without."""

    def of_batch(*batch: torch.Tensor) -> torch.Tensor:
        return packed_loss(model, *batch)

    fast = compiled(of_batch, device)

    def loss(moment: Moment) -> dict[str, torch.Tensor]:
        seen = fast(*stream.batch(moment.step))
        if practice is None:
            return {"loss": seen}
        said = fast(*practice.batch(moment.step))
        return {"loss": seen + said, "practice": said.detach()}

    return loss


def train(order: TrainConfig) -> Path:
    """Train, save and describe tiny:vlm; returns its folder."""
    began = time.monotonic()
    device = pick_device(order.device)
    torch.manual_seed(order.seed)
    size, rows = (MINIATURE, 16) if order.miniature else (SHIPPED, 256 if device.type == "cuda" else 16)
    tokenizer = wrap_tokenizer(data.tokenizer())
    model, processor = started(order, size, len(tokenizer)), build_processor(tokenizer, size)
    workers = 0 if order.miniature else default_workers() if order.workers is None else order.workers
    easy = data.EASY_CHUNKS if order.init is None else 0
    make = partial(data.make, seed=order.seed, rows=rows, visual_tokens=size.visual_tokens, easy_chunks=easy)
    plan = plan_of(order, "tiny-vlm", order.minutes - (time.monotonic() - began) / 60)
    lesson = None
    if order.init is None:
        seen = partial(vision_targets.make, seed=order.seed, rows=max(16, rows // 2))
        plan, lesson = eye_first(plan, partial(teach_eye, model, seen, vision_targets.classes(), workers=workers))
    stream = Stream(make, data.VIEWS, workers, device)
    practice = Stream(partial(text_practice.make, seed=order.seed, rows=2 * rows), 1, 0, device)
    try:
        with open_eye(model) if order.init is None else nullcontext():  # a mouth that can ask teaches the eye, too
            report = fit(model, loss_of(model, stream, device, practice), plan)
    finally:
        stream.close()
    save(model, processor, order.out)
    model.float()
    on_gpu = device.type == "cuda"
    results = measure(model, processor, samples=32 if on_gpu else 1, n=600 if on_gpu else 12)
    write_card(order, Facts("tiny:vlm", ABOUT, DATA, model, report, results, lesson))
    return order.out
