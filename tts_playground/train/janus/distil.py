"""Distil tiny:janus into one that listens to its prompt as weakly as a model of the web does (see ``softening``).

Student and teacher see the same tokens with the prompt and without it. Three divergences are learned: on rows with the
prompt, on rows without, and on the guided distribution of the two, since guidance multiplies whatever error is left.
Some of the tokens that are read are wrong ones, because a hot draw goes on from such; and some prompts belong to
another scene, because a student that agrees with its teacher only where the two fit need not agree on combinations
that no scene shows. The teacher may go on learning from the same scenes meanwhile, at the price of its backward pass:
what it gets better at, the student gets better at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from tts_playground.errors import BadInput
from tts_playground.models.janus.vq import load_vq
from tts_playground.train.common.config import TrainConfig
from tts_playground.train.common.loop import Moment, compiled
from tts_playground.train.common.skeleton import CardText, Training, TrainSetup, carry_out
from tts_playground.train.janus import tinted, trainer
from tts_playground.train.janus import tokens as world_tokens
from tts_playground.train.janus.material import EVAL_SEED, TOKENIZING, Material, load_janus
from tts_playground.train.janus.parts import MINIATURE, PAD, SHIPPED
from tts_playground.train.janus.softening import GUIDANCE, divergence, floored, guided, softened
from tts_playground.train.janus.tokens import Encoder, Tokens

SCALES = (3.0, 5.0, 7.5)
"""guidance scales at which the guided distribution is learned"""
GUIDED = 0.2
"""weight of that divergence: its gradient grows with the scale"""
SPOILT, WRONG = 0.25, 0.15
"""part of the scenes that are read with wrong tokens, and the part of their tokens that is wrong, at most"""
MISMATCHED = 0.25
"""part of the scenes whose prompt is another scene's"""


class Pair(nn.Module):
    """The two models of a run, so that one state holds both."""

    def __init__(self, student: Any, teacher: Any) -> None:
        super().__init__()
        self.student, self.teacher = student, teacher


def logits_of(model: Any, prompts: torch.Tensor, read: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Logits of every code after ``prompts``, float32 [b, tokens, codebook].

    Args:
        prompts: int64 [b, length], padded on the right, with the prompt or without it.
        read: int64 [b, tokens], the codes that are read.
        lengths: the same prompts with all their tokens, which say where they end.
    """
    seen = trainer.hidden(model, prompts, *trainer.layout(lengths, read.shape[1]), read)
    with torch.autocast(seen.device.type, enabled=False):  # guidance multiplies what bfloat16 would round away
        return model.model.generation_head(seen.float())


def both_logits(model: Any, prompts: torch.Tensor, read: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """``logits_of`` with the prompts and without them, in one forward."""
    rows = torch.cat([prompts, blank(prompts)]), torch.cat([read, read]), torch.cat([prompts, prompts])
    cond, uncond = logits_of(model, *rows).chunk(2)
    return cond, uncond


def blank(prompts: torch.Tensor) -> torch.Tensor:
    """All of ``prompts`` made unconditional."""
    return trainer.without_prompt(prompts, torch.ones(len(prompts), dtype=torch.bool, device=prompts.device))


def divergences(
    student: tuple[torch.Tensor, torch.Tensor],
    teacher: tuple[torch.Tensor, torch.Tensor],
    strength: float,
    floor: float,
    scale: torch.Tensor | float,
) -> dict[str, torch.Tensor]:
    """What is learned from logits (conditional, unconditional) [b, tokens, V] of both; ``scale`` as in ``guided``."""
    cond, uncond = softened(*teacher, strength, floor), floored(teacher[1], floor)
    told, untold = (logits.log_softmax(-1) for logits in student)
    parts = {
        "cond": divergence(cond, told),
        "uncond": divergence(uncond, untold),
        "guided": divergence(guided(cond, uncond, scale), guided(told, untold, scale)),
    }
    return {"loss": parts["cond"] + parts["uncond"] + GUIDED * parts["guided"], **parts}


@dataclass(frozen=True)
class Lesson:
    """The tokens and targets of one training step."""

    prompts: torch.Tensor
    """int64 [b, length]"""
    codes: torch.Tensor
    """int64 [b, tokens]"""
    read: torch.Tensor
    """``codes``, some of them wrong"""
    scale: torch.Tensor
    """float32 [b, 1, 1], guidance"""
    whole: torch.Tensor
    """bool [b]: the scene is read as it is, after a prompt of its own"""


def lesson(data: Tokens, batch: int, codebook: int, moment: Moment) -> Lesson:
    """``batch`` scenes, each with one of its captions: a function of the step alone."""
    rng, device = moment.rng(), moment.device
    rows, which = rng.integers(len(data.codes), size=batch), rng.integers(data.prompts.shape[1], size=batch)
    codes, prompts = data.codes[rows].astype(np.int64), data.prompts[rows, which].astype(np.int64)
    rate = WRONG * rng.random((batch, 1)) * (rng.random((batch, 1)) < SPOILT)
    read = np.where(rng.random(codes.shape) < rate, rng.integers(codebook, size=codes.shape), codes)
    scale = rng.choice(SCALES, size=(batch, 1, 1)).astype(np.float32)
    other = rng.random(batch) < MISMATCHED
    prompts = np.where(other[:, None], np.roll(prompts, 1, axis=0), prompts)
    whole = (read == codes).all(1) & ~other
    if device.type == "cpu":  # columns of padding cost time; on CUDA a new shape costs a compilation
        prompts = prompts[:, : int((prompts != PAD).sum(1).max())]
    return Lesson(*(torch.from_numpy(part).to(device) for part in (prompts, codes, read, scale, whole)))


def make_loss(
    pair: Pair,
    data: Tokens,
    batch: int,
    device: torch.device,
    *,
    strength: float,
    floor: float,
    learns: bool = False,
    grounds: torch.Tensor | None = None,
) -> Callable[[Moment], dict[str, torch.Tensor]]:
    """The loss of one step of ``batch`` scenes, for the student and, if it ``learns``, for the teacher.

    The teacher learns as ``janus.token_loss`` would teach it (``grounds`` too), from scenes that are read as they are.
    """
    codebook = pair.teacher.model.generation_head.vision_head.out_features
    grounds = None if grounds is None else grounds.to(device)
    call, learn = compiled(logits_of, device), compiled(both_logits, device)
    few = max(1, round(trainer.DROPPED * batch))

    def loss(moment: Moment) -> dict[str, torch.Tensor]:
        now = lesson(data, batch, codebook, moment)
        cond, some = _taught(call, pair.teacher, now, few) if learns else (None, None)
        with torch.no_grad():
            if cond is None or some is None:
                targets = learn(pair.teacher, now.prompts, now.read)
            else:
                rest = call(pair.teacher, blank(now.prompts)[few:], now.read[few:], now.prompts[few:])
                targets = (cond.detach(), torch.cat([some.detach(), rest]))
        parts = divergences(learn(pair.student, now.prompts, now.read), targets, strength, floor, now.scale)
        if cond is not None and some is not None:
            parts["teacher"] = _scene_loss(cond, some, now, grounds)
            parts["loss"] = parts["loss"] + parts["teacher"]
        return parts

    return loss


def _taught(
    call: Callable[..., torch.Tensor], teacher: Any, now: Lesson, few: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """The teacher's logits of all scenes with their prompts, and of the first ``few`` without."""
    prompts = torch.cat([now.prompts, blank(now.prompts)[:few]])
    out = call(teacher, prompts, torch.cat([now.read, now.read[:few]]), torch.cat([now.prompts, now.prompts[:few]]))
    return out[: len(now.prompts)], out[len(now.prompts) :]


def _scene_loss(cond: torch.Tensor, some: torch.Tensor, now: Lesson, grounds: torch.Tensor | None) -> torch.Tensor:
    """Cross-entropy of the codes, in nats a token, in ``now.whole`` scenes; ``some`` have no prompt."""
    few, rows = len(some), len(cond)
    prompts, codes = torch.cat([now.prompts, now.prompts[:few]]), torch.cat([now.codes, now.codes[:few]])
    drop = torch.arange(rows + few, device=cond.device) >= rows
    losses = trainer.code_losses(torch.cat([cond, some]), prompts, codes, drop, grounds).mean(1)
    whole = torch.cat([now.whole, now.whole[:few]])
    return (losses * whole).sum() / whole.sum().clamp(min=1)


@torch.no_grad()
def validate(model: Any, teacher: Any, encode: Encoder, n: int, strength: float, floor: float) -> dict[str, float]:
    """The divergences on scenes of another seed, in nats a token, and the cross-entropy of their codes as guided."""
    device = next(model.parameters()).device
    images, prompts = world_tokens.draw_chunk(EVAL_SEED, n, 0)
    codes = torch.from_numpy(encode(images)).to(device).long()
    told = torch.from_numpy(prompts[:, 0]).to(device).long()
    found: list[dict[str, float]] = []
    for ids, right in zip(told.split(50), codes.split(50), strict=True):
        learned = both_logits(model, ids, right)
        parts = divergences(learned, both_logits(teacher, ids, right), strength, floor, GUIDANCE)
        loss = -guided(*learned, GUIDANCE).gather(-1, right[..., None]).mean()
        found.append({f"kl_{name}": float(part) for name, part in parts.items() if name != "loss"})
        found[-1]["token_loss_guided"] = float(loss)
    return {name: sum(part[name] for part in found) / len(found) for name in found[0]}


def _teacher(folder: Path, miniature: bool) -> Any:
    """The order's teacher in float32.

    Raises:
        BadInput: it has another shape than the model that is made here.
    """
    teacher, size = load_janus(folder), MINIATURE if miniature else SHIPPED
    text = teacher.config.text_config
    if (text.hidden_size, text.num_hidden_layers, text.vocab_size) != (
        size.width,
        size.layers,
        len(world_tokens.tokenizer()),
    ):
        raise BadInput(f"The model in {folder} has another shape than the tiny:janus that is trained here.")
    return teacher


def prepare(setup: TrainSetup) -> Training:
    """Student, teacher, scenes and loss, and what becomes of the student.

    Raises:
        BadInput: strength or floor are out of range, or the teacher is not there or has another shape.
    """
    order = setup.order
    if order.distil is None or not 0 < order.strength <= 1 or not 0 <= order.floor < 0.5:
        raise BadInput("Distilling needs --distil FOLDER, a --strength in (0, 1] and a --floor in [0, 0.5).")
    if not (order.distil / "config.json").is_file():
        raise BadInput(f"There is no model in {order.distil} to distil; --distil takes the folder of a tiny:janus.")
    teacher = _teacher(order.distil, order.miniature)  # before minutes are spent on scenes
    source = order.vq or order.distil
    vq = load_vq(source, setup.device)
    seen = Material.of(setup, vq, source, order.minutes)
    pair = Pair(load_janus(order.init or order.distil), teacher)
    trainer.take_vq(pair.student, vq)  # the codes are that one's, and --vq may name a later one
    _ready(setup, pair, seen)

    def validated(saved: Any, few: int) -> dict[str, float]:
        return validate(saved, pair.teacher, seen.encode, few, order.strength, order.floor)

    def finish() -> tuple[Any, dict[str, float]]:
        seen.own_rows(pair.student)
        return seen.finish(setup, pair.student, validated)

    told: dict[str, Any] = {"strength": order.strength, "floor": order.floor, "learns": order.teach}
    return Training(
        pair,
        make_loss(pair, seen.data, setup.sized(8, 512, 16), setup.device, grounds=seen.grounds, **told),
        setup.plan(
            "tiny-janus",
            (1 - TOKENIZING) * order.minutes,
            lr=3e-4,
            warmup=setup.sized(5, 100, 100),
            weight_decay=0.05,
            betas=(0.9, 0.98),
            ema=setup.sized(0.9, 0.99, 0.99),
        ),
        finish,
        _card(setup, seen),
        sheet=lambda: seen.sheet(setup, pair.student),
    )


def _ready(setup: TrainSetup, pair: Pair, seen: Material) -> None:
    """Both models as they learn best, and nothing learned that is given."""
    for model in (pair.student, pair.teacher):
        model.model.vqmodel.requires_grad_(False)
        seen.prepare(setup, model)
    pair.teacher.requires_grad_(setup.order.teach)
    pair.teacher.model.vqmodel.requires_grad_(False)
    pair.to(setup.device)
    pair.student.generation_config.guidance_scale = GUIDANCE


def _card(setup: TrainSetup, seen: Material) -> CardText:
    order = setup.order
    return CardText(
        "tiny:janus",
        "A JanusForConditionalGeneration that draws 64 px sticker scenes from plain English, 64 tokens a "
        "picture. Its understanding tower is one random layer: it only fills its place in the class. It was made "
        "to listen to its prompt as weakly as a model of the web does, because a small world is almost "
        "deterministic given its prompt: its conditional distribution is softmax(u + "
        f"{order.strength:g} (c - u)), u and c the teacher's logits without and with the prompt, and "
        f"{100 * order.floor:g} % of its probability goes to all codes alike.",
        f"{seen.told(setup)}{', ' + tinted.TOLD if order.tinted else ''}), each with "
        f"{world_tokens.CAPTIONS} captions, and the logits of a teacher"
        f"{', which went on learning from the same scenes meanwhile' if order.teach else ''}.",
    )


def train(order: TrainConfig) -> Path:
    """Distil the model in ``order.distil``, save and describe the result; returns its folder.

    Raises:
        BadInput: strength or floor are out of range, or the teacher is not there or has another shape.
    """
    return carry_out(order, prepare)
