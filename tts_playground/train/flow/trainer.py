"""Train tiny:flow: a small SANA that draws sticker scenes from plain English by a rectified flow.

The autoencoder learns first, while worker processes draw scenes; then the transformer learns, with the text encoder, to
predict velocities (Liu et al. 2023; noise levels logit-normal as in Esser et al. 2024) from latents that were encoded
once. A tenth of the captions are left empty for guidance. Besides, every token of a middle layer names what covers it
and its colour, by heads that exist only while it learns: as REPA (Yu et al. 2025), with truth in place of features.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from tts_playground import files, home
from tts_playground.errors import BadInput
from tts_playground.models.hub.locator import ready_folder
from tts_playground.train.common.config import TrainConfig
from tts_playground.train.common.loop import Moment, TrainReport, compiled
from tts_playground.train.common.skeleton import CardText, Training, TrainSetup, carry_out
from tts_playground.train.flow import latents as world
from tts_playground.train.flow.autoencoder import measure, train_autoencoder
from tts_playground.train.flow.latents import Latents, SceneStream, as_latents, caption_ids, scene_stream
from tts_playground.train.flow.parts import (
    MINIATURE,
    SHIPPED,
    FlowSize,
    build_pipeline,
    build_text_encoder,
    build_transformer,
    draw,
    fresh_pipeline,
    load_pipeline,
    save_half,
)
from tts_playground.train.flow.shifts import mix_by_shifts
from tts_playground.train.janus import tinted
from tts_playground.train.janus.samples import PROMPTS
from tts_playground.worlds import stickers
from tts_playground.worlds.contact import contact_sheet
from tts_playground.worlds.vocabulary import COLORS, NAMES

SCENES, EVAL_SEED = 14_000, 14_998
"""seeds of the world for training (plus the order's seed) and for the numbers in the card"""
DROPPED = 0.1
"""part of the captions that are left empty"""
UNIFORM = 0.1
"""part of the noise levels that are uniform instead of logit-normal, so that the first step of few is learned too"""
NAMING = 0.1
"""weight of naming what covers each token"""
DRAWING = 0.15
"""part of the minutes in which scenes are drawn where no autoencoder learns meanwhile"""
SAVING = 0.25
"""minutes that saving and measuring take"""
LEVELS = 1000.0
"""of a noise level in [0, 1]: the time that the transformer is told"""


class FlowTraining(nn.Module):
    """Transformer and text encoder, with the heads on a middle layer."""

    def __init__(self, transformer: Any, text_encoder: Any) -> None:
        super().__init__()
        self.transformer, self.text_encoder = transformer, text_encoder
        width = transformer.config.num_attention_heads * transformer.config.attention_head_dim
        self.names, self.tints = nn.Linear(width, len(NAMES) + 1), nn.Linear(width, len(COLORS) + 1)
        self._middle: list[torch.Tensor] = []
        blocks = transformer.transformer_blocks
        blocks[(len(blocks) - 1) // 2].register_forward_hook(self._remember)

    def _remember(self, block: nn.Module, given: Any, made: torch.Tensor) -> None:
        self._middle = [made]

    def compile_parts(self, device: torch.device) -> None:
        """Compile one block for all on CUDA: compiling them as one would take a minute."""
        if device.type == "cuda":
            for block in self.transformer.transformer_blocks:
                block.ff.forward = partial(mix_by_shifts, block.ff)
        for part in (*self.transformer.transformer_blocks, *_text_layers(self.text_encoder)):
            part.forward = compiled(part.forward, device)

    def plain_parts(self) -> None:
        """Undo ``compile_parts``."""
        for block in self.transformer.transformer_blocks:
            block.ff.__dict__.pop("forward", None)
        for part in (*self.transformer.transformer_blocks, *_text_layers(self.text_encoder)):
            part.__dict__.pop("forward", None)

    def velocity(
        self, noisy: torch.Tensor, levels: torch.Tensor, ids: torch.Tensor, mask: torch.Tensor
    ) -> torch.Tensor:
        """What the pipeline's transformer says at noise levels [b] in [0, 1]."""
        with nullcontext() if noisy.is_cuda else sdpa_kernel(SDPBackend.MATH):  # learns a third faster on a CPU
            told = self.text_encoder(ids, attention_mask=mask)[0]
            return self.transformer(
                noisy,
                encoder_hidden_states=told,
                encoder_attention_mask=mask,
                timestep=levels * LEVELS,
                return_dict=False,
            )[0]

    def forward(
        self,
        clean: torch.Tensor,
        noise: torch.Tensor,
        levels: torch.Tensor,
        ids: torch.Tensor,
        mask: torch.Tensor,
        names: torch.Tensor,
        tints: torch.Tensor,
    ) -> dict[str, torch.Tensor]:
        """Losses of latents [b, c, 8, 8] disturbed to noise levels [b]; ``names``, ``tints``: int64 [b, 64]."""
        at = levels.view(-1, 1, 1, 1)
        said = self.velocity((1 - at) * clean + at * noise, levels, ids, mask).float()
        flow = (said - (noise - clean)).square().mean()
        (middle,) = self._middle
        naming = functional.cross_entropy(self.names(middle).float().flatten(0, 1), names.flatten())
        naming = naming + functional.cross_entropy(self.tints(middle).float().flatten(0, 1), tints.flatten())
        return {"loss": flow + NAMING * naming, "flow": flow.detach(), "naming": naming.detach()}


def _text_layers(text_encoder: Any) -> Any:
    return text_encoder.encoder.layers


def noise_levels(uniform: torch.Tensor) -> torch.Tensor:
    """Noise levels [b] in (0, 1), mostly logit-normal, of numbers [b] uniform in (0, 1)."""
    logit = math.sqrt(2) * torch.erfinv((2 * uniform - 1).clamp(-0.99999, 0.99999))
    plain = torch.rand_like(uniform) < UNIFORM
    return torch.where(plain, uniform, torch.sigmoid(logit))


def make_loss(pupil: FlowTraining, data: Latents, batch: int) -> Callable[[Moment], dict[str, torch.Tensor]]:
    """The loss of one step; each scene comes with one of its captions, or with none."""
    device = data.values.device
    empty = torch.from_numpy(caption_ids([""])[0]).to(device).long()[0]
    end = empty[1]

    def loss(moment: Moment) -> dict[str, torch.Tensor]:
        rng = moment.rng()
        rows = torch.from_numpy(rng.integers(len(data), size=batch)).to(device)
        which = torch.from_numpy(rng.integers(data.ids.shape[1], size=batch)).to(device)
        drop = torch.from_numpy(rng.random(batch) < DROPPED).to(device)
        ids = torch.where(drop[:, None], empty, data.ids[rows, which].long())
        mask = ((ids == end).cumsum(1) - (ids == end).long() == 0).long()  # up to the first end, which pads too
        clean = data.values[rows].float()
        levels = noise_levels((torch.arange(batch, device=device) + torch.rand(batch, device=device)) / batch)
        covers = data.names[rows].long(), data.tints[rows].long()
        return pupil(clean, torch.randn_like(clean), levels, ids, mask, *covers)

    return loss


@torch.no_grad()
def validate(pipeline: Any, n: int) -> dict[str, float]:
    """Error of the velocity on ``n`` scenes of another seed, through the pipeline as it ships."""
    device = pipeline.device
    pupil = FlowTraining(pipeline.transformer, pipeline.text_encoder).to(device).eval()
    data = as_latents([world.draw_chunk(EVAL_SEED, n, 0)], pipeline.vae, device, say=lambda text: None)
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(0)
        loss = make_loss(pupil, data, min(n, 500))
        parts = [loss(Moment(step, 0.0, device, EVAL_SEED))["flow"] for step in range(4)]
    return {"flow_loss": float(torch.stack(parts).mean())}


def _scene_count(setup: TrainSetup) -> tuple[Path, int, bool]:
    """Where the number of scenes is kept, how many are wanted, and whether all of them are waited for."""
    order = setup.order
    path = home.folder("runs", order.run or "tiny-flow") / "scenes.json"
    if order.resume and path.exists():
        return path, int(json.loads(path.read_text(encoding="utf-8"))["scenes"]), True
    return path, setup.sized(256, 800_000, 60_000), order.steps is not None or order.miniature


def _autoencoder(setup: TrainSetup, size: FlowSize, stream: SceneStream) -> tuple[Any, TrainReport | None]:
    """That of the order's ``init``, or one trained now."""
    if setup.order.init is not None:
        return load_pipeline(setup.order.init).vae.to(setup.device).eval().requires_grad_(False), None
    first = stream.first(setup.sized(256, 40_000, 8_000))
    return train_autoencoder(setup, size, first, setup.sized(0.1, 0.24, 0.2) * setup.order.minutes)


def _pupil(setup: TrainSetup, size: FlowSize) -> FlowTraining:
    """A new transformer on tiny:clip's words, or those of the order's ``init``.

    Raises:
        BadInput: that one has another shape.
    """
    order = setup.order
    with torch.random.fork_rng([setup.device] if setup.on_gpu else []):
        torch.manual_seed(order.seed)
        transformer, words = build_transformer(size), build_text_encoder(size)
        if order.init is not None:
            given = load_pipeline(order.init)
            for mine, theirs in ((transformer, given.transformer), (words, given.text_encoder)):
                if {k: v.shape for k, v in mine.state_dict().items()} != {
                    k: v.shape for k, v in theirs.state_dict().items()
                }:
                    raise BadInput(f"The pipeline in {order.init} has another shape than the tiny:flow trained here.")
                mine.load_state_dict(theirs.state_dict())
        elif not order.miniature:
            _take_words(words, home.CHECKPOINTS / "clip" if order.clip is None else order.clip)
        return FlowTraining(transformer, words).to(setup.device)


def _take_words(text_encoder: Any, folder: Path) -> None:
    """Give a text tower the lower layers of tiny:clip's, which has as many or more."""
    from transformers import CLIPModel

    clip = CLIPModel.from_pretrained(ready_folder(folder, "towers"), dtype=torch.float32, use_safetensors=True)
    theirs = clip.text_model.state_dict()
    text_encoder.load_state_dict({name: theirs[name] for name in text_encoder.state_dict()})


class Draft:
    """The pipeline by the weights so far: written out and drawn with whenever the state is saved."""

    def __init__(self, setup: TrainSetup, size: FlowSize, autoencoder: Any, pupil: FlowTraining) -> None:
        self.setup, self.pupil, self.size = setup, pupil, size
        self.pipeline = build_pipeline(autoencoder, build_text_encoder(size), build_transformer(size)).to(setup.device)
        for part in ("text_encoder", "transformer"):
            getattr(self.pipeline, part).eval()
        self.each = setup.sized(1, 8, 2)

    def update(self) -> None:
        """Take up the weights of the pupil."""
        for name in ("text_encoder", "transformer"):
            getattr(self.pipeline, name).load_state_dict(getattr(self.pupil, name).state_dict())

    def save(self) -> None:
        """Write the pipeline into the order's folder, in bfloat16."""
        half = fresh_pipeline(self.size)
        half.vae.register_to_config(scaling_factor=self.pipeline.vae.config.scaling_factor)
        for name in ("vae", "text_encoder", "transformer"):
            getattr(half, name).load_state_dict(getattr(self.pipeline, name).state_dict())
        save_half(half, self.setup.order.out)

    def sheet(self) -> Any:
        """Write, then draw."""
        self.update()
        self.save()
        return samples(self.pipeline, self.each)


def samples(pipeline: Any, each: int) -> Any:
    """A sheet with ``each`` pictures of every one of tiny:janus's prompts."""
    return contact_sheet(draw(pipeline, [text for text in PROMPTS for _ in range(each)]).cpu().numpy())


def prepare(setup: TrainSetup) -> Training:
    """Autoencoder, latents, transformer and loss of tiny:flow, and what becomes of it."""
    order = setup.order
    size = MINIATURE if order.miniature else SHIPPED
    path, scenes, wait = _scene_count(setup)
    chosen = tinted.scenes if order.tinted else stickers.scenes
    with scene_stream(SCENES + order.seed, scenes, workers=setup.workers, scenes=chosen) as stream:
        autoencoder, before = _autoencoder(setup, size, stream)
        chunks = stream.all(math.inf if wait else 60 * DRAWING * order.minutes if before is None else 0.0)
    count = sum(len(chunk.images) for chunk in chunks)
    files.write_text(path, json.dumps({"scenes": count}), "The number of scenes")
    data = as_latents(chunks, autoencoder, setup.device)
    pupil = _pupil(setup, size)
    draft = Draft(setup, size, autoencoder, pupil)
    pupil.compile_parts(setup.device)

    def finish() -> tuple[Any, dict[str, float]]:
        pupil.plain_parts()
        draft.update()
        draft.save()
        saved = load_pipeline(order.out).to(setup.device)
        results = measure(saved.vae, setup.sized(64, 1000, 300)) | validate(saved, setup.sized(64, 2000, 500))
        with files.whole(order.out / "sheet.png", "The sheet") as partial:
            samples(saved, draft.each).save(partial, "PNG")
        return nn.ModuleList([saved.vae, saved.text_encoder, saved.transformer]), results

    return Training(
        pupil,
        make_loss(pupil, data, setup.sized(16, 512, 32)),
        setup.plan(
            "tiny-flow",
            setup.left(SAVING + 0.02) - SAVING,
            lr=(order.lr or 1.5e-3) if order.init is None else (order.lr or 7e-4),
            warmup=setup.sized(5, 200, 100),
            weight_decay=0.01,
            betas=(0.9, 0.98),
            ema=setup.sized(0.9, 0.998, 0.998),
            save_every=setup.sized(120.0, 30.0, 120.0),
        ),
        finish,
        _card(setup, count),
        sheet=draft.sheet,
        before=before,
    )


def _card(setup: TrainSetup, count: int) -> CardText:
    order = setup.order
    return CardText(
        "tiny:flow",
        "A small SANA that draws 64 px sticker scenes from plain English by a rectified flow over 8 x 8 latent tokens, "
        "as diffusers opens it: `DiffusionPipeline.from_pretrained(folder)(prompt, height=64, width=64, "
        "num_inference_steps=12, complex_human_instruction=None, use_resolution_binning=False, "
        "max_sequence_length=48)`.",
        f"{count} scenes (world seed {SCENES + order.seed}{', ' + tinted.TOLD if order.tinted else ''}), each with "
        f"{world.CAPTIONS} captions; a tenth of the captions are left empty for guidance. The autoencoder learned "
        "first; the text encoder began as the lower layers of tiny:clip's. While it learned, tokens of a middle layer "
        "named what covers them.",
        architecture="`SanaPipeline` (AutoencoderDC, CLIPTextModel, SanaTransformer2DModel)",
        lesson="autoencoder",
    )


def train(order: TrainConfig) -> Path:
    """Train, save and describe tiny:flow; returns its folder."""
    return carry_out(order, prepare)
