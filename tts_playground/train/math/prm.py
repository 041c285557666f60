"""Train tiny:prm (and tiny:prm2, with other seeds): says after each step whether a solution is still right.

Lightman et al. 2023, "Let's Verify Step by Step"; labels come from the world, so that nobody had to read a solution.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaForCausalLM

from tts_playground.models.hub.embedded_models import where
from tts_playground.models.hub.locator import ready_folder
from tts_playground.train.common.config import TrainConfig
from tts_playground.train.common.loop import Moment
from tts_playground.train.common.skeleton import CardText, Training, TrainSetup, carry_out
from tts_playground.train.math import rows as lines
from tts_playground.train.math.architecture import MathSize, build_judge, judging_loss
from tts_playground.train.math.drawing import MINIATURE_MOST, MOST, draw
from tts_playground.train.math.measure import EVAL_SEED, judging, step_scores
from tts_playground.train.math.rows import Text, judged_drawn, pack, shuffled
from tts_playground.train.math.stream import TextStream
from tts_playground.train.math.tokens import encoder, vocabulary
from tts_playground.train.math.trainer import compile_layers, plain_layers, save
from tts_playground.worlds.arithmetic.generate import problems

SHIPPED = MathSize(layers=5)
"""the lower layers of tiny:math, where it starts"""
MINIATURE = MathSize(width=48, layers=2, inner=96, heads=2, key_heads=1)
TEMPERATURES = (0.8, 1.0, 1.1)
"""at which solutions are drawn, in turn"""
DRAWN_SEED = 300_000
"""seed of the problems whose solutions are drawn (plus the order's seed of data)"""
ABOUT = (
    "A process reward: a small Llama with a two-class head, read at the blank line that ends a step (and at one after "
    "the last). P(label 1) says whether everything up to there is right and still leads to the answer. It starts from "
    "the lower layers of a tiny:math."
)
DATA = (
    "Solutions drawn from tiny:math at temperatures 0.8 to 1.1, and solutions of `worlds.arithmetic`, most of them "
    "with one wrong result; every label comes from the world. What a trainer says of it is of other problems of the "
    "training kind."
)


def drawn(
    setup: TrainSetup,
    writer: Any,
    seed: int,
    *,
    n: int,
    samples: int,
    seconds: float,
    split: str = "train",
    temperatures: Sequence[float] = TEMPERATURES,
) -> list[Text]:
    """Judged solutions of ``n`` problems, ``samples`` each, as many as ``seconds`` allow."""
    asked = problems(seed, n, split)
    encode = encoder()
    found: list[Text] = []
    began = time.monotonic()
    rows = setup.sized(16, 8192, 128)
    with _pool(setup) as pool:
        waiting = []
        for number, temperature in enumerate(temperatures):
            each = samples // len(temperatures) + (number < samples % len(temperatures))
            tasks = [one for one in asked for _ in range(each)]
            left = (seconds - (time.monotonic() - began)) / (len(temperatures) - number)
            tokens = draw(
                writer,
                [encode.prompt(one.problem) for one in tasks],
                temperature=temperature,
                seed=seed + number,
                rows=rows,
                seconds=left,
                most=setup.sized(MINIATURE_MOST, MOST, MOST),
            )
            pairs = [(one, ids) for one, ids in zip(tasks, tokens, strict=True) if ids]
            parts = [pairs[start : start + 500] for start in range(0, len(pairs), 500)]
            waiting += (
                [pool.submit(judged_drawn, part) for part in parts] if pool else [judged_drawn(part) for part in parts]
            )
        for part in waiting:
            found += part if isinstance(part, list) else part.result()
    return found


@contextmanager
def _pool(setup: TrainSetup) -> Iterator[ProcessPoolExecutor | None]:
    """Processes that judge, or None where this one does."""
    if setup.workers < 2:
        yield None
        return
    pool = ProcessPoolExecutor(setup.workers, mp_context=get_context("spawn"))
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def finished(setup: TrainSetup, model: Any, held: list[Text]) -> tuple[Any, dict[str, float]]:
    """Save, and measure on solutions of other problems."""
    plain_layers(model)
    save(model, setup.order.out)
    if not setup.on_gpu:
        model.float()
    labels = [[mark == 2 for mark in text.marks if mark] for text in held]
    return model, judging(step_scores(model, held, setup.sized(16, 1024, 64)), labels) if held else {}


def _writer(folder: Path) -> Any:
    """A tiny:math in float32."""
    return LlamaForCausalLM.from_pretrained(ready_folder(folder, "lm"), dtype=torch.float32, use_safetensors=True)


def prepare(setup: TrainSetup) -> Training:
    """Model, judged solutions and loss of a process reward, and what becomes of it."""
    order, device = setup.order, setup.device
    folder = order.math or Path(where("tiny:math"))
    writer = _writer(folder)
    size, rows = setup.sized((MINIATURE, 8), (SHIPPED, 128), (SHIPPED, 16))
    lower = writer if order.lower is None else _writer(order.lower)
    model = setup.started(build_judge(size, len(vocabulary()), lower), "prm")
    writer = writer.to(device, torch.bfloat16 if setup.on_gpu else torch.float32)
    n, samples = setup.sized((10, 3), (4000, 12), (2000, 6))
    seconds = order.minutes * 60 * 0.33
    learnt = drawn(setup, writer, DRAWN_SEED + order.data_seed, n=n, samples=samples, seconds=seconds)
    held = drawn(
        setup,
        writer,
        EVAL_SEED + 1,
        n=max(5, n // 15),
        samples=3,
        seconds=seconds / 5,
        split="seen",
        temperatures=(1.0,),
    )
    del writer
    half = rows // 2
    make = partial(lines.make_judged, seed=order.data_seed, rows=half, reach=order.reach)
    stream = TextStream(make, setup.workers, device, again=setup.sized(1, 2, 1))
    at_once = max(1, half * lines.LENGTH // 130)

    def loss(moment: Moment) -> torch.Tensor:
        own = stream.tensors(pack(shuffled(learnt, order.seed, moment.step * at_once), half))
        world = stream.batch(moment.step)
        ids, segments, positions, marks = (torch.cat(parts) for parts in zip(own, world, strict=True))
        return judging_loss(model, ids, segments, positions, marks)

    compile_layers(setup, model, partial(judging_loss, model), [torch.cat([one, one]) for one in stream.batch(0)])
    plan = setup.plan(
        order.run or order.out.name,
        setup.left(0.05),
        lr=order.lr or 1e-3,
        warmup=setup.sized(10, 100, 50),
        weight_decay=0.05,
        betas=(0.9, 0.98),
        ema=0.995,
        bf16=not order.miniature,
    )
    return Training(
        model,
        loss,
        plan,
        partial(finished, setup, model, held),
        CardText("tiny:prm2" if order.out.name == "prm2" else "tiny:prm", ABOUT, DATA, stickers=False),
        around=closing(stream),
    )


def train(order: TrainConfig) -> Path:
    """Train, save and describe a process reward; returns its folder."""
    return carry_out(order, prepare)
