"""Distil tiny:janus into one that listens to its prompt as weakly as a model of the web does (see ``softening``).

Student and teacher see the same tokens with the prompt and without it. Three divergences are learned: on rows with the
prompt, on rows without, and on the guided distribution of the two, since guidance multiplies whatever error is left.
Some of the tokens that are read are wrong ones, because a hot draw goes on from such.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import JanusForConditionalGeneration

from tts_playground import home
from tts_playground.errors import BadInput
from tts_playground.models.vq import load_vq
from tts_playground.train import janus
from tts_playground.train import tokens as world_tokens
from tts_playground.train.card import Facts, write_card
from tts_playground.train.janus_parts import MINIATURE, PAD, SHIPPED, build_processor
from tts_playground.train.loop import Moment, Plan, Report, compiled, fit, pick_device
from tts_playground.train.order import Order
from tts_playground.train.patches import PatchBook
from tts_playground.train.softening import GUIDANCE, divergence, floored, guided, softened
from tts_playground.train.tokens import Encoder, Tokens
from tts_playground.train.traits import own_rows, share_rows, traits
from tts_playground.train.vq import PATCHES, save_half
from tts_playground.train.vq import measure as measure_vq

SCALES = (3.0, 5.0, 7.5)
"""guidance scales at which the guided distribution is learned"""
GUIDED = 0.2
"""weight of that divergence: its gradient grows with the scale"""
SPOILT, WRONG = 0.25, 0.15
"""part of the scenes that are read with wrong tokens, and the part of their tokens that is wrong, at most"""


def both_logits(
    model: Any, prompts: torch.Tensor, codes: torch.Tensor, read: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits with the prompts and without them, float32 [b, tokens, codebook] each.

    Args:
        prompts: int64 [b, length], padded on the right.
        codes: int64 [b, tokens].
        read: the codes that are read, where they are not those.
    """
    source, reading = janus.layout(prompts, codes.shape[1])
    blank = janus.without_prompt(prompts, torch.ones(len(prompts), dtype=torch.bool, device=prompts.device))
    twice = [torch.cat([part, part]) for part in (source, reading, codes if read is None else read)]
    seen = janus.hidden(model, torch.cat([prompts, blank]), *twice)
    with torch.autocast(seen.device.type, enabled=False):  # guidance multiplies what bfloat16 would round away
        cond, uncond = model.model.generation_head(seen.float()).chunk(2)
    return cond, uncond


def divergences(
    student: tuple[torch.Tensor, torch.Tensor],
    teacher: tuple[torch.Tensor, torch.Tensor],
    strength: float,
    floor: float,
    scale: torch.Tensor | float,
) -> dict[str, torch.Tensor]:
    """What is learned from logits (conditional, unconditional) [b, tokens, V] of both; ``scale`` as in ``guided``."""
    cond, uncond = softened(*teacher, strength, floor), floored(teacher[1], floor)
    told, blank = (logits.log_softmax(-1) for logits in student)
    parts = {
        "cond": divergence(cond, told),
        "uncond": divergence(uncond, blank),
        "guided": divergence(guided(cond, uncond, scale), guided(told, blank, scale)),
    }
    return {"loss": parts["cond"] + parts["uncond"] + GUIDED * parts["guided"], **parts}


def make_loss(
    model: Any, teacher: Any, data: Tokens, batch: int, device: torch.device, *, strength: float, floor: float
) -> Callable[[Moment], dict[str, torch.Tensor]]:
    """The loss of one step of ``batch`` scenes, each with one of its captions and without it."""
    codes, prompts = torch.from_numpy(data.codes).to(device), torch.from_numpy(data.prompts).to(device)
    codebook = teacher.model.generation_head.vision_head.out_features
    call = compiled(both_logits, device)

    def loss(moment: Moment) -> dict[str, torch.Tensor]:
        rng = moment.rng()
        rows = torch.from_numpy(rng.integers(len(codes), size=batch)).to(device)
        which = torch.from_numpy(rng.integers(prompts.shape[1], size=batch)).to(device)
        rate = WRONG * rng.random((batch, 1)) * (rng.random((batch, 1)) < SPOILT)
        wrong = torch.from_numpy(rng.random((batch, codes.shape[1])) < rate).to(device)
        other = torch.from_numpy(rng.integers(codebook, size=tuple(wrong.shape))).to(device)
        scale = torch.from_numpy(rng.choice(SCALES, size=(batch, 1, 1))).to(device, torch.float32)
        told, right = prompts[rows, which].long(), codes[rows].long()
        if device.type == "cpu":
            told = told[:, : int((told != PAD).sum(1).max())]
        read = torch.where(wrong, other, right)
        with torch.no_grad():
            taught = call(teacher, told, right, read)
        return divergences(call(model, told, right, read), taught, strength, floor, scale)

    return loss


@torch.no_grad()
def validate(model: Any, teacher: Any, encode: Encoder, n: int, strength: float, floor: float) -> dict[str, float]:
    """The divergences on scenes of another seed, in nats a token, and the cross-entropy of their codes as guided."""
    device = next(model.parameters()).device
    images, prompts = world_tokens.draw_chunk(janus.EVAL_SEED, n, 0)
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


def _load(folder: Path) -> Any:
    loaded: Any = JanusForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    return loaded.eval()


def _teacher(folder: Path, miniature: bool) -> Any:
    """The order's teacher in float32.

    Raises:
        BadInput: it has another shape than the model that is made here.
    """
    teacher, size = _load(folder), MINIATURE if miniature else SHIPPED
    text = teacher.config.text_config
    if (text.hidden_size, text.num_hidden_layers, text.vocab_size) != (
        size.width,
        size.layers,
        len(world_tokens.tokenizer()),
    ):
        raise BadInput(f"The model in {folder} has another shape than the tiny:janus that is trained here.")
    return teacher


def _fit(order: Order, model: Any, teacher: Any, data: Tokens, processor: Any, minutes: float) -> Report:
    device = pick_device(order.device)
    on_gpu = device.type == "cuda"
    batch = 8 if order.miniature else 512 if on_gpu else 16
    plan = Plan(
        order.run or "tiny-janus",
        minutes=minutes,
        steps=order.steps,
        lr=7e-4,
        warmup=5 if order.miniature else 100,
        weight_decay=0.05,
        betas=(0.9, 0.98),
        device=order.device,
        seed=order.seed,
        resume=order.resume,
    )
    loss = make_loss(model, teacher, data, batch, device, strength=order.strength, floor=order.floor)
    return fit(model, loss, plan, sheet=lambda: janus.samples(model, processor, 1 if order.miniature else 8))


def train(order: Order) -> Path:
    """Distil the model in ``order.distil``, save and describe the result; returns its folder.

    Raises:
        BadInput: strength or floor are out of range, or the teacher has another shape.
    """
    if order.distil is None or not 0 < order.strength <= 1 or not 0 <= order.floor < 0.5:
        raise BadInput("Distilling needs --distil FOLDER, a --strength in (0, 1] and a --floor in [0, 0.5).")
    device = pick_device(order.device)
    size = MINIATURE if order.miniature else SHIPPED
    folder, source = home.folder("runs", order.run or "tiny-janus"), order.vq or order.distil
    book = PatchBook.load(source / PATCHES) if (source / PATCHES).exists() else None
    vq = load_vq(source, device)
    encode = janus.encoder(vq, book)
    data = janus.scene_tokens(order, encode, folder, janus.TOKENIZING * order.minutes)
    processor = build_processor(world_tokens.tokenizer(), size)
    teacher, model = _teacher(order.distil, order.miniature), _load(order.init or order.distil)
    model.model.vqmodel.requires_grad_(False)
    model.generation_config.guidance_scale = GUIDANCE
    if book is not None:
        share_rows(model.model.generation_head.vision_head, traits(book.centroids))
    if device.type == "cpu":  # the backward pass of the fused attention takes a third of a step there
        model.set_attn_implementation("eager")
        teacher.set_attn_implementation("eager")
    teacher.requires_grad_(False).to(device)
    model.to(device)
    report = _fit(order, model, teacher, data, processor, (1 - janus.TOKENIZING) * order.minutes)
    if book is not None:
        own_rows(model.model.generation_head.vision_head)
    save_half(model, order.out)
    processor.save_pretrained(order.out)
    saved = _load(order.out).to(device)
    few = 64 if order.miniature else 2000 if device.type == "cuda" else 500
    results = measure_vq(saved.model.vqmodel, device, few)
    results |= validate(saved, teacher, encode, few, order.strength, order.floor)
    janus.samples(saved, processor, 1 if order.miniature else 8).save(order.out / "sheet.png")
    _describe(order, saved, data, report, results)
    return order.out


def _describe(order: Order, saved: Any, data: Tokens, report: Report, results: dict[str, float]) -> None:
    write_card(
        order,
        Facts(
            name="tiny:janus",
            about="A JanusForConditionalGeneration that draws 64 px sticker scenes from plain English, 64 tokens a "
            "picture. Its understanding tower is one random layer: it only fills its place in the class. It was made "
            "to listen to its prompt as weakly as a model of the web does, because a small world is almost "
            "deterministic given its prompt: its conditional distribution is softmax(u + "
            f"{order.strength:g} (c - u)), u and c the teacher's logits without and with the prompt, and "
            f"{100 * order.floor:g} % of its probability goes to all codes alike.",
            data=f"{len(data.codes)} scenes (world seed {janus.SCENES + order.seed}"
            f"{', more of tinted things than the world has' if order.tinted else ''}), each with "
            f"{world_tokens.CAPTIONS} captions, and the teacher's logits.",
            model=saved,
            report=report,
            results=results,
        ),
    )
