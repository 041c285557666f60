"""Train tiny:clip: pictures and captions by contrast, with captions that are wrong in one point as hard negatives.

Contrastive learning as in CLIP (Radford et al. 2021); hard negatives as in NegCLIP (Yuksekgonul et al. 2023): they
compete for the picture in the image-to-text direction only. Besides, every patch names the thing that covers it and its
colour, by heads that exist only while it learns: contrast alone takes many more pictures to teach the same features.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from tts_playground import files
from tts_playground.models.janus.vq import load_vq, reconstruct, to_float
from tts_playground.rewards.measures import hard_pairs, recall_at_1
from tts_playground.train.clip.parts import LONGEST, MINIATURE, SHIPPED, build_model, build_processor, build_tokenizer
from tts_playground.train.common.config import TrainConfig
from tts_playground.train.common.dense import boxes_in_parts, naming_loss, owners
from tts_playground.train.common.loop import Moment, compiled
from tts_playground.train.common.scenes import Conditions, draw_pool
from tts_playground.train.common.skeleton import CardText, Training, TrainSetup, carry_out
from tts_playground.worlds.contact import contact_sheet
from tts_playground.worlds.pool import FALSE, ScenePool
from tts_playground.worlds.vocabulary import COLORS, NAMES, SIZE

SCENES, EVAL_SEED = 11_000, 11_999
"""seeds of the world for training (plus the order's seed) and for the numbers in the card"""
NEGATIVES = 2
"""wrong captions a picture in one batch"""


@dataclass(frozen=True)
class Texts:
    """Captions as token ids on the device."""

    true: torch.Tensor
    """int64 [n, 2, length]"""
    wrong: torch.Tensor
    """int64 [n, FALSE, length]"""


def tokenize(tokenizer: Any, pool: ScenePool, device: torch.device) -> Texts:
    """Every caption of ``pool``, padded to the longest."""
    flat = [text for texts in pool.captions for text in texts] + [text for texts in pool.wrong for text in texts]
    ids = tokenizer(flat, padding=True, truncation=True, max_length=LONGEST, return_tensors="np")["input_ids"]
    tokens = torch.from_numpy(ids.astype(np.int32)).to(device)
    n = len(pool)
    return Texts(tokens[: 2 * n].view(n, 2, -1), tokens[2 * n :].view(n, FALSE, -1))


def embed_images(model: Any, pixels: torch.Tensor) -> torch.Tensor:
    """Unit embeddings [b, d] of float pixels [b, 3, 64, 64] in [-1, 1]."""
    return functional.normalize(model.visual_projection(model.vision_model(pixels).pooler_output).float(), dim=-1)


def embed_texts(model: Any, ids: torch.Tensor) -> torch.Tensor:
    """Unit embeddings [b, d] of token ids [b, length], right-padded (the causal mask hides the padding)."""
    pooled = model.text_model(input_ids=ids).pooler_output
    return functional.normalize(model.text_projection(pooled).float(), dim=-1)


def contrast(image: torch.Tensor, text: torch.Tensor, ids: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """The symmetric loss; a caption that equals the picture's own by chance does not count against it.

    Args:
        image: [b, d] unit embeddings.
        text: [b + k, d] unit embeddings, the first b those of the pictures, the rest wrong captions.
        ids: [b + k, length] tokens of ``text``.
        scale: logarithm of the inverse temperature.
    """
    b = len(image)
    logits = scale.exp().clamp(max=100) * image @ text.T
    digits = torch.arange(1, ids.shape[1] + 1, device=ids.device) * 7919 % 10007
    marks = (ids.long() ** 2 * digits).sum(1)
    same = (marks[:b, None] == marks[None]) & ~torch.eye(b, len(text), dtype=torch.bool, device=ids.device)
    logits = logits.masked_fill(same, -1e4)
    aim = torch.arange(b, device=image.device)
    return (functional.cross_entropy(logits, aim) + functional.cross_entropy(logits[:, :b].T, aim)) / 2


class ClipTraining(nn.Module):
    """The model with the heads on its patches."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        width = model.config.vision_config.hidden_size
        self.names, self.tints = nn.Linear(width, len(NAMES) + 1), nn.Linear(width, len(COLORS) + 1)

    def see(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Unit embeddings [b, d], then what patches say of names [b, places, names + 1] and colours."""
        seen = self.model.vision_model(pixels)
        image = functional.normalize(self.model.visual_projection(seen.pooler_output).float(), dim=-1)
        patches = seen.last_hidden_state[:, 1:]
        return image, self.names(patches), self.tints(patches)


def make_loss(pupil: ClipTraining, conditions: Conditions, pool: ScenePool, texts: Texts, batch: int) -> Any:
    """The loss of one step, on a batch drawn by the step's own stream."""
    device, model = texts.true.device, pupil.model
    see, read = compiled(pupil.see, device), compiled(embed_texts, device)
    side = SIZE // model.config.vision_config.patch_size
    owner = owners(torch.from_numpy(pool.classes), boxes_in_parts(pool.boxes, SIZE), side).to(device)
    classes, colors = torch.from_numpy(pool.classes).to(device), torch.from_numpy(pool.colors).to(device)

    def loss(moment: Moment) -> dict[str, torch.Tensor]:
        rng = moment.rng()
        places = torch.from_numpy(rng.choice(len(texts.true), batch, replace=False)).to(device)
        style = torch.from_numpy(rng.integers(2, size=batch)).to(device)
        lies = torch.from_numpy(rng.integers(FALSE, size=batch * NEGATIVES)).to(device)
        ids = torch.cat([texts.true[places, style], texts.wrong[places.repeat(NEGATIVES), lies]])
        (image, names, tints), text = see(conditions.pixels(places)), read(model, ids)
        match = contrast(image, text, ids, model.logit_scale)
        patches = naming_loss(names, classes[places], owner[places]) + naming_loss(tints, colors[places], owner[places])
        return {"loss": match + patches, "match": match, "patches": patches}

    return loss


@torch.no_grad()
def measure(model: Any, tokenizer: Any, device: torch.device, vq: Any, n: int) -> dict[str, float]:
    """Retrieval and hard pairs on ``n`` fresh scenes, rendered and (with a VQ) reconstructed."""
    pool = draw_pool(EVAL_SEED, n)
    model.to(device).eval()
    texts = tokenize(tokenizer, pool, device)
    true = embed_texts(model, texts.true[:, 0])
    wrong = embed_texts(model, texts.wrong.flatten(0, 1)).view(n, FALSE, -1)
    images = torch.from_numpy(pool.images).to(device)
    views = {"": images} | ({"_vq": reconstruct(vq, images)} if vq is not None else {})
    found = {}
    for name, view in views.items():
        image = torch.cat([embed_images(model, to_float(part)) for part in view.split(256)])
        told = [caption for caption, _ in pool.captions]
        found[f"clip_r1{name}"] = recall_at_1((true @ image.T).cpu().numpy(), told, min(100, n))
        found[f"clip_hard{name}"] = hard_pairs(
            (true * image).sum(-1).cpu().numpy(), (wrong * image[:, None]).sum(-1).cpu().numpy()
        )
    return found


def prepare(setup: TrainSetup) -> Training:
    """Model, scenes and loss of tiny:clip, and what becomes of it."""
    order, device = setup.order, setup.device
    size, scenes, batch = (MINIATURE, 256, 16) if order.miniature else (SHIPPED, 160_000, 1024)
    if device.type == "cpu" and not order.miniature:  # a scene through the VQ costs a CPU as much as three steps on it
        scenes, batch = 40_000 if order.vq is None else 4_000, 64
    pool = draw_pool(SCENES + order.seed, scenes, workers=setup.workers)
    tokenizer = build_tokenizer()
    model: Any = setup.started(build_model(size, tokenizer), "clip").to(device)
    vq = None if order.vq is None else load_vq(order.vq, device)
    conditions, texts = Conditions(pool, device, vq), tokenize(tokenizer, pool, device)
    plan = setup.plan(
        "tiny-clip",
        setup.left(0.2),
        lr=1e-3 if order.init is None else 6e-4,
        warmup=200 if setup.on_gpu else 50,
        weight_decay=0.1,
        betas=(0.9, 0.98),
        ema=0.999,
        bf16=not order.miniature,
    )
    shown = torch.arange(64, device=device) % len(pool)
    setup.plain_attention(model)
    pupil = ClipTraining(model).to(device)

    def finish() -> tuple[Any, dict[str, float]]:
        results = measure(model, tokenizer, device, vq, 120 if order.miniature else 1000)
        with files.filling(order.out, "The checkpoint") as partial:
            model.to("cpu", torch.bfloat16).save_pretrained(partial)
            build_processor(tokenizer).save_pretrained(partial)
        return model, results

    return Training(
        pupil,
        make_loss(pupil, conditions, pool, texts, batch),
        plan,
        finish,
        CardText(
            "tiny:clip",
            "A CLIPModel that compares pictures of the sticker world with plain English. It is the reward of the "
            "embedded text-to-image tab, never its judge.",
            f"{scenes} scenes (world seed {SCENES + order.seed}), each rendered"
            + (", VQ-reconstructed and reconstructed from partly wrong tokens" if vq is not None else "")
            + ", lightly corrupted; captions that tell everything and captions without the background; "
            f"{NEGATIVES} wrong captions a picture (count, colour, swapped colours, relation).",
        ),
        sheet=lambda: contact_sheet(conditions.pixels(shown)),
    )


def train(order: TrainConfig) -> Path:
    """Train, save and describe tiny:clip; returns its folder."""
    return carry_out(order, prepare)
