"""Train tiny:math: a small Llama that solves word problems step by step, often but not always rightly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import torch

from tts_playground import files
from tts_playground.train.common.config import TrainConfig
from tts_playground.train.common.loop import Moment
from tts_playground.train.common.skeleton import CardText, Training, TrainSetup, carry_out
from tts_playground.train.math import rows as lines
from tts_playground.train.math.architecture import SHORT_TEXTS, MathSize, build_writer, writing_loss
from tts_playground.train.math.drawing import MINIATURE_MOST, MOST
from tts_playground.train.math.measure import writing
from tts_playground.train.math.rows import Mix
from tts_playground.train.math.stream import TextStream
from tts_playground.train.math.tokens import vocabulary, wrapped_tokenizer

SHIPPED = MathSize()
MINIATURE = MathSize(width=48, layers=2, inner=96, heads=2, key_heads=1)
ABOUT = (
    "A small Llama that solves word problems and expressions of the arithmetic world in steps (`## Step 1: ...`, a "
    "blank line, `$\\boxed{answer}$`). Shown a wrong attempt and a verdict as further turns of the chat, it writes "
    "another solution.\n\n"
    "**Fallible on purpose:** it has learnt more solutions that join steps and calculate at once than ones that write "
    "every calculation out, and a few with a wrong result. So its greedy reply takes short ways that fail more often "
    "than the longer ones among its samples, and drawing many helps."
)
DATA = (
    "`worlds.arithmetic`, problems without end, none twice; what math-eval asks beyond them (wordings, numbers, "
    "compositions) never comes up, but for dividing by 17 in one problem of 300; each of its words does. Half of the "
    "expressions, and some of the other problems, are spelled as people type them (12*7+5, 15%, $12, no capitals)."
)


def save(model: Any, out: Path) -> None:
    """Write a checkpoint in bfloat16 with its tokenizer."""
    with files.filling(out, "The checkpoint") as partial_folder:
        model.to(torch.bfloat16).save_pretrained(partial_folder)
        wrapped_tokenizer().save_pretrained(partial_folder)


def compile_layers(
    setup: TrainSetup, model: Any, loss: Callable[..., torch.Tensor], batch: Sequence[torch.Tensor]
) -> None:
    """Make steps quick: on a CPU by the attention of short texts, on a GPU by compiling what all layers share.

    That is before the clock of the learning rate starts. One layer compiles in a fraction of the time of the whole
    step, and serves the next model of its width, too.
    """
    if not setup.on_gpu:
        model.set_attn_implementation(SHORT_TEXTS)
        return
    model.to(setup.device).train()
    for layer in model.model.layers:
        layer.compile()
    try:
        _once(model, loss, batch)
    except torch.cuda.OutOfMemoryError:
        raise
    except Exception as error:  # any failure of the compiler's tool chain: slower beats stopped
        print(f"torch.compile does not work here ({type(error).__name__}); going on without it.", flush=True)
        plain_layers(model)
        _once(model, loss, batch)


def _once(model: Any, loss: Callable[..., torch.Tensor], batch: Sequence[torch.Tensor]) -> None:
    with torch.autocast("cuda", dtype=torch.bfloat16):
        value = loss(*batch)
    value.backward()
    model.zero_grad(set_to_none=True)


def plain_layers(model: Any) -> None:
    """Undo ``compile_layers``: generating changes shapes at every token."""
    if model.config._attn_implementation == SHORT_TEXTS:
        model.set_attn_implementation("sdpa")
    for layer in model.model.layers:
        layer._compiled_call_impl = None


def mix_of(order: TrainConfig) -> Mix:
    """The order's settings of the rows."""
    return Mix(short=order.short, careful=order.careful, noise=order.noise, reach=order.reach)


def finished(setup: TrainSetup, model: Any) -> tuple[Any, dict[str, float]]:
    """Save, and measure on problems of the training kind."""
    plain_layers(model)
    save(model, setup.order.out)
    n, samples, rows = setup.sized((5, 2, 16), (100, 8, 2048), (100, 8, 128))
    if not setup.on_gpu:
        model.float()
    return model, writing(model, n, samples, rows, most=setup.sized(MINIATURE_MOST, MOST, MOST))


def prepare(setup: TrainSetup) -> Training:
    """Model, problems and loss of tiny:math, and what becomes of it."""
    order, device = setup.order, setup.device
    size, rows = setup.sized((MINIATURE, 4), (SHIPPED, 128), (SHIPPED, 16))
    model = setup.started(build_writer(size, len(vocabulary())), "lm")
    make = partial(lines.make, seed=order.seed, rows=rows, mix=mix_of(order))
    stream = TextStream(make, setup.workers, device, again=setup.sized(1, 2, 1))

    def loss(moment: Moment) -> torch.Tensor:
        return writing_loss(model, *stream.batch(moment.step))

    compile_layers(setup, model, partial(writing_loss, model), stream.batch(0))
    fresh = order.init is None
    plan = setup.plan(
        "tiny-math",
        setup.left(0.05),
        lr=order.lr or (2.5e-3 if fresh else 8e-4),
        warmup=setup.sized(10, 300, 100),
        weight_decay=0.05,
        betas=(0.9, 0.98),
        ema=0.998,
        bf16=not order.miniature,
    )
    return Training(
        model,
        loss,
        plan,
        partial(finished, setup, model),
        CardText("tiny:math", ABOUT, DATA, stickers=False),
        around=closing(stream),
    )


def train(order: TrainConfig) -> Path:
    """Train, save and describe tiny:math; returns its folder."""
    return carry_out(order, prepare)
