"""Train tiny:sketch: one small LLaVA that writes the program of a drawing."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from tts_playground.dsl import exact
from tts_playground.dsl.text import parse
from tts_playground.dsl.tree import Program
from tts_playground.errors import DSLError
from tts_playground.train.common.config import TrainConfig
from tts_playground.train.common.skeleton import CardText, Training, TrainSetup, carry_out
from tts_playground.train.sketch import data
from tts_playground.train.sketch.hand import draw
from tts_playground.train.vlm.architecture import VlmSize, build_processor, packed_loss, wrap_tokenizer
from tts_playground.train.vlm.measure import replies
from tts_playground.train.vlm.stream import Stream
from tts_playground.train.vlm.trainer import finished, loss_of, plan_of, started, taught
from tts_playground.worlds import programs

SHIPPED = VlmSize(inner=512, positions=512)
MINIATURE = VlmSize(eye=32, blocks=1, eye_heads=2, width=32, layers=1, inner=48, text_heads=2, key_heads=1)
ABOUT = (
    "A small LLaVA (LeViT eye, Llama mouth) that writes the program of a 128-pixel black and white drawing in the "
    f"graphics DSL. It is asked one thing, `{programs.PROMPT}`, and answers with the program alone: no operand that "
    "does not show, angles under 90, large operands first."
)
DATA = (
    "`dsl.generate` with its default settings (1 to 6 primitives), all new; half of them drawn as renderers do, half "
    "as hands do: lines that wander, thick and thin, filled or as outlines with gaps (`train.sketch.hand`); the "
    "numbers below are of another seed, drawn by the renderer."
)
SEED, EVAL_SEED = 61_000, 61_999
"""seeds of the generator for training (plus the order's seed) and for the numbers in the card"""
VIEWS = 2
"""times that programs are drawn on a GPU, which learns faster than 15 processes write them"""
RENDER = 128


def read(text: str) -> Program | None:
    """The program in a reply, or None."""
    try:
        return parse(text.strip())
    except DSLError:
        return None


def overlap(target: np.ndarray, drawn: Program | None) -> tuple[int, int, int]:
    """Pixels in both, in the program's picture alone and in the target alone; without a program all paper is extra."""
    if drawn is None:
        return 0, int((~target).sum()), int(target.sum())
    mask = exact.mask(drawn, RENDER)
    return int((mask & target).sum()), int((mask & ~target).sum()), int((~mask & target).sum())


def scores(wanted: Sequence[Program], said: Sequence[Sequence[str]]) -> dict[str, float]:
    """Parse rate over all replies, pooled F1 of first replies, and the mean of the best IoU of each row."""
    parsed, first, best = [], [], []
    for one, texts in zip(wanted, said, strict=True):
        target = exact.mask(one, RENDER)
        found = [read(text) for text in texts]
        parsed += [program is not None for program in found]
        counts = [overlap(target, program) for program in found]
        first.append(counts[0])
        best.append(max(hit / max(1, hit + extra + missing) for hit, extra, missing in counts))
    hit, extra, missing = np.sum(first, axis=0)
    return {
        "parse_rate": float(np.mean(parsed)),
        "f1": float(2 * hit / (2 * hit + extra + missing)),
        "iou": float(np.mean(best)),
    }


@torch.no_grad()
def measure(model: Any, processor: Any, n: int, samples: int) -> dict[str, float]:
    """Loss on held-out drawings and, where the parser is installed, what greedy and sampled programs draw."""
    model.eval()
    device = model.device
    size = int((processor.image_processor.crop_size["height"] // processor.patch_size) ** 2)
    packed = data.make(0, seed=EVAL_SEED, rows=n, visual_tokens=size)[0]
    parts = [torch.from_numpy(p).to(device) for p in (packed.images, packed.ids, packed.segments, packed.positions)]
    weights = torch.from_numpy(packed.weights).to(device)
    ids, segments, positions = (part.long() for part in parts[1:])
    found = {"loss": float(packed_loss(model, parts[0], ids, segments, positions, weights))}
    if importlib.util.find_spec("lark") is None:
        return found
    wanted = [programs.program(EVAL_SEED, i) for i in range(n)]
    images = [Image.fromarray(picture) for picture in packed.images]
    prompts = [programs.PROMPT] * n
    greedy = scores(wanted, replies(model, processor, prompts, images))
    found |= {f"greedy_{name}": value for name, value in greedy.items()}
    if samples > 1:
        drawn = scores(wanted, replies(model, processor, prompts, images, samples, batch=20))
        found |= {"sample_parse_rate": drawn["parse_rate"], f"best{samples}_iou": drawn["iou"]}
    return found


class DrawnStream(Stream):
    """A stream of tables of shapes that draws them on the device, in another way at every step."""

    def __init__(self, seed: int, rows: int, visual_tokens: int, workers: int, device: torch.device) -> None:
        views = VIEWS if device.type == "cuda" else 1
        make = partial(data.make_tables, seed=seed, rows=rows, visual_tokens=visual_tokens, views=views)
        super().__init__(make, views, workers, device)
        self.seed = seed

    def batch(self, step: int) -> tuple[torch.Tensor, ...]:
        """The tensors of ``packed_loss`` for this step."""
        _, *rest = super().batch(step)
        with torch.autocast(self.device.type, enabled=False):
            return draw(self.chunk[0].images, self.device, self.seed, step), *rest


def prepare(setup: TrainSetup) -> Training:
    """Model, drawings and loss of tiny:sketch, and what becomes of it."""
    order, device = setup.order, setup.device
    size, rows = (MINIATURE, 8) if order.miniature else (SHIPPED, 512 if setup.on_gpu else 32)
    tokenizer = wrap_tokenizer(data.tokenizer())
    model, processor = started(setup, size, len(tokenizer)), build_processor(tokenizer, size)
    seen = partial(data.make_seen, seed=SEED + 100 + order.seed, rows=rows)
    plan = plan_of(setup, "tiny-sketch")
    if setup.on_gpu:  # whose batches are sixteen times as large
        plan = replace(plan, lr=1.2e-3)
    plan, lesson = taught(setup, plan, model, seen, data.CLASSES)
    stream = DrawnStream(SEED + order.seed, rows, size.visual_tokens, setup.workers, device)
    return Training(
        model,
        loss_of(model, stream, device, minutes=plan.minutes, single=True),
        plan,
        partial(finished, setup, model, processor, measure, *((64, 200) if setup.on_gpu else (1, 6))),
        CardText("tiny:sketch", ABOUT, DATA, stickers=False),
        before=lesson,
        around=closing(stream),
    )


def train(order: TrainConfig) -> Path:
    """Train, save and describe tiny:sketch; returns its folder."""
    return carry_out(order, prepare)
