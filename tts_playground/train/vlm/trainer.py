"""Train tiny:vlm: one small LLaVA that reads infographics, judges answers, and chooses with a planted preference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from tts_playground import files
from tts_playground.train.common.config import TrainConfig
from tts_playground.train.common.loop import Moment, TrainPlan, TrainReport, compiled
from tts_playground.train.common.skeleton import CardText, Training, TrainSetup, carry_out
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
from tts_playground.train.vlm.vision_encoder import Classes, Seen, teach_eye
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


def started(setup: TrainSetup, size: VlmSize, vocabulary: int) -> Any:
    """A new model, or the one in the order's ``init`` folder."""
    model = setup.started(build_model(size, vocabulary), "vlm")
    setup.plain_attention(model)  # windows and rows are small, too: plain products beat the fused kernels
    return model


EYE_FIRST = 0.3
"""part of the minutes in which only the eye of a fresh model learns"""


def plan_of(setup: TrainSetup, name: str) -> TrainPlan:
    """What both trainers share; a model that has learnt before learns more gently."""
    fresh = setup.order.init is None
    return setup.plan(
        name,
        setup.left(0.1),
        lr=1.2e-3 if fresh else 8e-4,
        warmup=300 if setup.on_gpu else 100,
        weight_decay=0.05,
        betas=(0.9, 0.98),
        ema=0.998,
        bf16=not setup.order.miniature,
    )


def taught(
    setup: TrainSetup, plan: TrainPlan, model: Any, seen: Seen, classes: Classes
) -> tuple[TrainPlan, TrainReport | None]:
    """Teach the eye of a fresh model for its part of the minutes; returns the plan of what is left, and what it did."""
    if setup.order.init is not None:
        return plan, None
    first = plan.minutes * EYE_FIRST
    lesson = teach_eye(model, seen, classes, plan=replace(plan, minutes=first), workers=setup.workers)
    return replace(plan, minutes=plan.minutes - first), lesson


COMPILED = 4.0
"""minutes from which on it pays to compile a step, which takes most of one"""


def loss_of(
    model: Any,
    stream: Stream,
    device: torch.device,
    practice: Stream | None = None,
    *,
    minutes: float = COMPILED,
    single: bool = False,
) -> Any:
    """The loss of one step: of a batch with pictures and, if there is ``practice``, of one without.

    Args:
        minutes: how long the loop takes: a short one is not compiled.
        single: as of ``packed_loss``.
    """

    def of_batch(*batch: torch.Tensor) -> torch.Tensor:
        return packed_loss(model, *batch, single=single)

    fast = compiled(of_batch, device) if minutes >= COMPILED else of_batch

    def loss(moment: Moment) -> dict[str, torch.Tensor]:
        seen = fast(*stream.batch(moment.step))
        if practice is None:
            return {"loss": seen}
        said = fast(*practice.batch(moment.step))
        return {"loss": seen + said, "practice": said.detach()}

    return loss


def finished(
    setup: TrainSetup, model: Any, processor: Any, measured: Callable[..., dict[str, float]], samples: int, n: int
) -> tuple[Any, dict[str, float]]:
    """Save, and measure on ``n`` cases with ``samples`` a case."""
    save(model, processor, setup.order.out)
    model.float()
    return model, measured(model, processor, n=n, samples=samples)


def prepare(setup: TrainSetup) -> Training:
    """Model, figures and loss of tiny:vlm, and what becomes of it."""
    order, device = setup.order, setup.device
    size, rows = (MINIATURE, 16) if order.miniature else (SHIPPED, 256 if setup.on_gpu else 16)
    tokenizer = wrap_tokenizer(data.tokenizer())
    model, processor = started(setup, size, len(tokenizer)), build_processor(tokenizer, size)
    easy = data.EASY_CHUNKS if order.init is None else 0
    make = partial(data.make, seed=order.seed, rows=rows, visual_tokens=size.visual_tokens, easy_chunks=easy)
    seen = partial(vision_targets.make, seed=order.seed, rows=max(16, rows // 2))
    plan, lesson = taught(setup, plan_of(setup, "tiny-vlm"), model, seen, vision_targets.classes())
    stream = Stream(make, data.VIEWS, setup.workers, device)
    practice = Stream(partial(text_practice.make, seed=order.seed, rows=2 * rows), 1, 0, device)

    @contextmanager
    def around() -> Iterator[None]:
        # a mouth that can ask teaches the eye, too
        with closing(stream), open_eye(model) if order.init is None else nullcontext():
            yield

    return Training(
        model,
        loss_of(model, stream, device, practice),
        plan,
        partial(finished, setup, model, processor, measure, *((32, 600) if setup.on_gpu else (1, 12))),
        CardText("tiny:vlm", ABOUT, DATA),
        before=lesson,
        around=around(),
    )


def train(order: TrainConfig) -> Path:
    """Train, save and describe tiny:vlm; returns its folder."""
    return carry_out(order, prepare)
