"""Train tiny:janus: a small Janus that draws sticker scenes from plain English, token by token.

Two phases: the VQ (unless ``--vq`` names a trained one), then the language model on scenes tokenized once. Guidance
works as in Janus: the unconditional row is the prompt with every token between the first and the last replaced by
padding, so that is what a tenth of the training prompts look like.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from tts_playground import home
from tts_playground.errors import BadInput
from tts_playground.models.hub.locator import ready_folder
from tts_playground.models.janus.vq import load_vq
from tts_playground.train.common.config import TrainConfig
from tts_playground.train.common.loop import Moment, compiled
from tts_playground.train.common.skeleton import CardText, Training, TrainSetup, carry_out
from tts_playground.train.janus import tokens as world_tokens
from tts_playground.train.janus.material import EVAL_SEED, TOKENIZING, Material, load_janus
from tts_playground.train.janus.parts import BOI, BOS, MINIATURE, PAD, SHIPPED, build_model
from tts_playground.train.janus.samples import draw as draw
from tts_playground.train.janus.samples import samples as samples
from tts_playground.train.janus.tokens import Encoder, Tokens
from tts_playground.train.janus.vq import train_vq

DROPPED = 0.1
"""part of the prompts that are made unconditional"""


def layout(prompts: torch.Tensor, image_tokens: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Where things stand when prompts of different length are followed by image tokens without a gap.

    Padding goes to the right end, so that plain causal attention is right and no mask is needed.

    Args:
        prompts: int64 [b, length], padded on the right.

    Returns:
        source: [b, length + image_tokens - 1], which of the prompt's embeddings, then the image's, stands here.
        reading: [b, image_tokens], the positions from whose output each image token is predicted.
    """
    b, length = prompts.shape
    ends = (prompts != PAD).sum(1, keepdim=True)
    total = length + image_tokens - 1
    at = torch.arange(total, device=prompts.device).expand(b, -1)
    source = torch.where(at < ends, at, (at - ends + length).clamp(max=total - 1))
    reading = ends - 1 + torch.arange(image_tokens, device=prompts.device)
    return source, reading


def without_prompt(prompts: torch.Tensor, drop: torch.Tensor) -> torch.Tensor:
    """Rows ``drop`` [b] of ``prompts`` [b, length] as Janus's ``generate`` makes its unconditional rows."""
    kept = (prompts == BOS) | (prompts == BOI)
    return torch.where(drop[:, None] & ~kept, PAD, prompts)


def hidden(
    model: Any, prompts: torch.Tensor, source: torch.Tensor, reading: torch.Tensor, codes: torch.Tensor
) -> torch.Tensor:
    """Hidden states [b, 64, width] from which ``codes`` [b, 64] are predicted; ``source``, ``reading``: ``layout``."""
    text = model.get_input_embeddings()(prompts)
    image = model.prepare_embeddings_for_image_generation(codes[:, :-1])
    both = torch.cat([text, image.to(text.dtype)], 1)
    embedded = both.gather(1, source[..., None].expand(-1, -1, both.shape[-1]))
    states = model.model.language_model(inputs_embeds=embedded, use_cache=False).last_hidden_state
    return states.gather(1, reading[..., None].expand(-1, -1, states.shape[-1]))


def forward(
    model: Any, prompts: torch.Tensor, source: torch.Tensor, reading: torch.Tensor, codes: torch.Tensor
) -> torch.Tensor:
    """Logits [b, 64, codebook] of ``codes`` [b, 64] after ``prompts``, by the modules that ``generate`` uses."""
    return model.model.generation_head(hidden(model, prompts, source, reading, codes))


def code_losses(
    logits: torch.Tensor,
    prompts: torch.Tensor,
    codes: torch.Tensor,
    drop: torch.Tensor,
    grounds: torch.Tensor | None = None,
) -> torch.Tensor:
    """Cross-entropy in nats [b, tokens] of ``codes`` under ``logits`` [b, tokens, codebook].

    Args:
        grounds: codes [backgrounds] of the empty backgrounds. When they are given, a prompt that leaves the background
            open wants any of them alike as its first token, not the one that the scene happens to have: else the
            model learns which noun never stood on which background, and keeps to it when the prompt asks for it.
    """
    losses = functional.cross_entropy(logits.flatten(0, 1), codes.flatten(), reduction="none").view(codes.shape)
    if grounds is not None:
        told = (prompts == world_tokens.background_id()).any(1) & ~drop
        open_to_all = ~told & torch.isin(codes[:, 0], grounds)
        any_ground = -logits[:, 0].log_softmax(-1)[:, grounds].mean(-1)
        losses = torch.cat([torch.where(open_to_all, any_ground, losses[:, 0])[:, None], losses[:, 1:]], 1)
    return losses


def token_loss(
    model: Any, prompts: torch.Tensor, codes: torch.Tensor, drop: torch.Tensor, grounds: torch.Tensor | None = None
) -> torch.Tensor:
    """Mean cross-entropy in nats a token; ``grounds`` as in ``code_losses``."""
    source, reading = layout(prompts, codes.shape[1])
    logits = forward(model, without_prompt(prompts, drop), source, reading, codes).float()
    return code_losses(logits, prompts, codes, drop, grounds).mean()


def make_loss(
    model: Any, data: Tokens, batch: int, device: torch.device, grounds: torch.Tensor | None = None
) -> Callable[[Moment], dict[str, torch.Tensor]]:
    """The loss of one step; each scene comes with one of its captions. ``grounds`` as in ``token_loss``."""
    grounds = None if grounds is None else grounds.to(device)
    codes, prompts = torch.from_numpy(data.codes).to(device), torch.from_numpy(data.prompts).to(device)
    call = compiled(token_loss, device)

    def loss(moment: Moment) -> dict[str, torch.Tensor]:
        rng = moment.rng()
        rows = torch.from_numpy(rng.integers(len(codes), size=batch)).to(device)
        which = torch.from_numpy(rng.integers(prompts.shape[1], size=batch)).to(device)
        drop = torch.from_numpy(rng.random(batch) < DROPPED).to(device)
        told = prompts[rows, which].long()
        if device.type == "cpu":  # columns of padding cost time; on CUDA a new shape costs a compilation
            told = told[:, : int((told != PAD).sum(1).max())]
        return {"loss": call(model, told, codes[rows].long(), drop, grounds)}

    return loss


@torch.no_grad()
def validate(model: Any, encode: Encoder, n: int, batch: int = 100) -> float:
    """Cross-entropy on scenes of another seed, in nats a token."""
    device = next(model.parameters()).device
    images, prompts = world_tokens.draw_chunk(EVAL_SEED, n, 0)
    codes = torch.from_numpy(encode(images)).to(device).long()
    told = torch.from_numpy(prompts[:, 0]).to(device).long()
    drop = torch.zeros(n, dtype=torch.bool, device=device)
    parts = zip(told.split(batch), codes.split(batch), drop.split(batch), strict=True)
    return float(torch.stack([token_loss(model, *part) for part in parts]).mean())


def _with_vq(setup: TrainSetup) -> tuple[Any, Path, float]:
    """The VQ on the device in float32, given or trained now; its folder; the minutes left for the language model."""
    order = setup.order
    if order.vq is not None:
        return load_vq(order.vq, setup.device), order.vq, order.minutes
    size = MINIATURE if order.miniature else SHIPPED
    run = f"{order.run or 'tiny-janus'}-vq"
    folder = home.folder("runs", run)
    vq, _ = train_vq(replace(order, run=run, out=folder), size, 0.4 * order.minutes)
    return vq.eval(), folder, 0.6 * order.minutes


def take_vq(model: Any, vq: Any) -> None:
    """Give ``model`` the weights of ``vq``, which stay as they are from now on."""
    model.model.vqmodel.load_state_dict(vq.state_dict())
    model.model.vqmodel.requires_grad_(False)


def _start(order: TrainConfig) -> Any:
    """A new model, or the one in the order's ``init`` folder.

    Raises:
        BadInput: that one has another shape.
    """
    size = MINIATURE if order.miniature else SHIPPED
    model: Any = build_model(size, len(world_tokens.tokenizer()))
    if order.init is None:
        return model
    folder = ready_folder(order.init, "janus")
    given = load_janus(folder)
    if {k: v.shape for k, v in given.state_dict().items()} != {k: v.shape for k, v in model.state_dict().items()}:
        raise BadInput(f"The model in {order.init} has another shape than the tiny:janus that is trained here.")
    return given


def _build(setup: TrainSetup, vq: Any, seen: Material) -> Any:
    with torch.random.fork_rng([setup.device] if setup.on_gpu else []):
        torch.manual_seed(setup.order.seed)
        model = _start(setup.order)
    take_vq(model, vq)
    if setup.order.init is None:
        with torch.no_grad():  # codes that look alike start alike
            model.model.generation_embeddings.weight.copy_(functional.normalize(vq.quantize.embedding.weight, dim=-1))
    seen.prepare(setup, model)
    return model.to(setup.device)


def prepare(setup: TrainSetup) -> Training:
    """Model, scenes and loss of tiny:janus, and what becomes of it."""
    order = setup.order
    vq, vq_folder, minutes = _with_vq(setup)
    seen = Material.of(setup, vq, vq_folder, minutes)
    model = _build(setup, vq, seen)

    def finish() -> tuple[Any, dict[str, float]]:
        seen.own_rows(model)
        if order.vq is not None:  # its halves may have gone on learning meanwhile; its codes stay what they are
            take_vq(model, load_vq(order.vq, setup.device))
        return seen.finish(setup, model, lambda saved, few: {"token_loss": validate(saved, seen.encode, few)})

    return Training(
        model,
        make_loss(model, seen.data, setup.sized(16, 1024, 32), setup.device, seen.grounds),
        setup.plan(
            "tiny-janus",
            (1 - TOKENIZING) * minutes,
            lr=1.5e-3 if order.init is None else 7e-4,
            warmup=setup.sized(5, 300, 100),
            weight_decay=0.05,
            betas=(0.9, 0.98),
        ),
        finish,
        CardText(
            "tiny:janus",
            "A JanusForConditionalGeneration that draws 64 px sticker scenes from plain English, 64 tokens a "
            "picture. Its understanding tower is one random layer: it only fills its place in the class.",
            f"{seen.told(setup)}), tokenized by its VQ, each with "
            f"{world_tokens.CAPTIONS} captions; a tenth of the prompts are blanked for guidance. A prompt that leaves "
            "the background open wants all of them alike. The rows of the head share what their codes show.",
        ),
        sheet=lambda: seen.sheet(setup, model),
    )


def train(order: TrainConfig) -> Path:
    """Train, save and describe tiny:janus from scenes; returns its folder."""
    return carry_out(order, prepare)
