"""Train tiny-vq, the tokenizer of images inside tiny:janus: 64 px to 8 x 8 codes and back.

A VQ trained with its quantizer from the first step collapses to a handful of codes, and one that starts as an
autoencoder needs hours on a CPU. Here the codes exist beforehand (``patches``): the encoder learns to read them, the
decoder to draw them, and the codebook's directions move to where the decoder wants them. ``--init`` goes on from a VQ
and keeps what its codes are, so that a language model which knows them stays right.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from transformers import JanusVQVAE

from tts_playground import files
from tts_playground.models.janus.vq import load_vq, psnr, reconstruct, to_float
from tts_playground.train.common.config import TrainConfig
from tts_playground.train.common.loop import Loss, Moment, TrainPlan, TrainReport, compiled, fit, pick_device
from tts_playground.train.common.pictures import draw_pictures
from tts_playground.train.common.skeleton import CardText, Training, TrainSetup, carry_out
from tts_playground.train.janus import tinted
from tts_playground.train.janus.parts import MINIATURE, SHIPPED, JanusSize, vq_config
from tts_playground.train.janus.patches import PatchBook, fit_book
from tts_playground.worlds import stickers
from tts_playground.worlds.contact import contact_sheet

SCENES, EVAL_SEED = 12_000, 12_999
"""seeds of the world for training (plus the order's seed) and for the numbers in the card"""
SHARPNESS = 16.0
"""inverse temperature of the cosine by which the encoder chooses among the codes"""
READING = 0.02
"""weight of the encoder's loss; it shares no weights with the decoder, so this only balances the clipping"""
PATCHES = "patches.safetensors"


class VQTraining(nn.Module):
    """A ``JanusVQVAE`` whose two halves learn from given codes; transformers' own forward has no gradients."""

    def __init__(self, vq: JanusVQVAE, directions: torch.Tensor, device: torch.device) -> None:
        super().__init__()
        self.vq = vq
        with torch.no_grad():
            self.book.copy_(directions)
        self._halves = compiled(self._encode, device), compiled(self._decode, device)
        """encoder and decoder, in a tuple: a compiled function is a module, which this one must not hold as its part"""

    def _encode(self, pixels: torch.Tensor) -> torch.Tensor:
        return functional.normalize(self.vq.quant_conv(self.vq.encoder(pixels)).float(), dim=1)

    def _decode(self, latents: torch.Tensor) -> torch.Tensor:
        return self.vq.decoder(self.vq.post_quant_conv(latents)).float()

    @property
    def book(self) -> torch.Tensor:
        """Codes [n, d]; only their directions count."""
        return self.vq.quantize.embedding.weight

    def learnt(self) -> JanusVQVAE:
        """The VQ as it ships: of the codes only their directions are left."""
        with torch.no_grad():
            self.book.copy_(functional.normalize(self.book, dim=-1))
        return self.vq

    def forward(self, pixels: torch.Tensor, codes: torch.Tensor) -> dict[str, torch.Tensor]:
        """Losses on float pixels [b, 3, h, w] in [-1, 1] whose codes are int64 [b, h / 8, w / 8]."""
        book = functional.normalize(self.book.float(), dim=-1)
        encode, decode = self._halves
        seen = decode(book[codes].permute(0, 3, 1, 2))
        latents = encode(pixels).permute(0, 2, 3, 1)
        logits = (SHARPNESS * latents @ book.detach().T).flatten(0, 2)
        read = functional.cross_entropy(logits, codes.flatten())
        squared = (seen - pixels).square().mean()
        return {
            "loss": squared + READING * read,
            "psnr": 10 * torch.log10(4 / squared.detach().clamp(min=1e-9)),
            "read": (logits.detach().argmax(1) == codes.flatten()).float().mean(),
        }


def make_loss(
    training: VQTraining, pool: torch.Tensor, codes: torch.Tensor, batch: int
) -> Callable[[Moment], dict[str, torch.Tensor]]:
    """The loss of one step on pictures of ``pool``, uint8 [n, 64, 64, 3], and their ``codes`` [n, 8, 8]."""

    def loss(moment: Moment) -> dict[str, torch.Tensor]:
        places = torch.from_numpy(moment.rng().integers(len(pool), size=batch)).to(pool.device)
        pixels = to_float(pool[places])
        # bf16 convolutions: channels last is the fast layout on CUDA and costs twice the time on a CPU
        fast = torch.channels_last if pixels.is_cuda else torch.contiguous_format
        return training(pixels.contiguous(memory_format=fast), codes[places].long())

    return loss


@torch.no_grad()
def measure(vq: Any, device: torch.device, n: int) -> dict[str, float]:
    """PSNR in dB and the part of codes used on ``n`` held-out scenes, through the model as it ships."""
    images = torch.from_numpy(draw_pictures(EVAL_SEED, n)).to(device)
    vq = vq.to(device).eval()
    seen = torch.cat([reconstruct(vq, part) for part in images.split(256)])
    squared = (seen.float() - images.float()).square().mean()
    codes = torch.cat([vq.encode(to_float(part)).image_tokens for part in images.split(256)])
    return {
        "vq_psnr": psnr(images, seen).mean().item(),
        "vq_psnr_pooled": (10 * torch.log10(255**2 / squared)).item(),
        "vq_codes": codes.unique().numel() / vq.quantize.num_embeddings,
    }


def _book(order: TrainConfig, size: JanusSize, pool: torch.Tensor) -> PatchBook:
    """The order's codes: those in its folder when it goes on, those of the VQ that it starts from, else new ones.

    Raises:
        BadInput: the VQ to start from has no book of patches.
    """
    path = order.out / PATCHES
    if order.resume and path.exists():
        return PatchBook.load(path)
    if order.init is not None:
        book = PatchBook.load(order.init / PATCHES)
        files.make_folder(order.out)
        book.save(path)
        return book
    book = fit_book(pool[:5000].numpy(), size.codes, size.code_dim, seed=order.seed)
    files.make_folder(order.out)
    book.save(path)
    return book


def lesson(setup: TrainSetup, size: JanusSize, minutes: float) -> tuple[VQTraining, Loss, TrainPlan, Callable[[], Any]]:
    """The VQ, its loss, its plan and its sheet; the patches stand in the order's folder."""
    order, device = setup.order, setup.device
    scenes, batch = setup.sized((96, 4), (100_000, 256), (20_000, 8))
    chosen = tinted.scenes if order.tinted else stickers.scenes
    pool = torch.from_numpy(draw_pictures(SCENES + order.seed, scenes, workers=setup.workers, scenes=chosen))
    book = _book(order, size, pool)
    codes = torch.from_numpy(book.codes(pool.numpy())).view(len(pool), size.grid, size.grid).to(device)
    with torch.random.fork_rng([device] if setup.on_gpu else []):
        torch.manual_seed(order.seed)
        vq = JanusVQVAE(vq_config(size)) if order.init is None else load_vq(order.init, device)
    directions = book.directions if order.init is None else vq.quantize.embedding.weight.detach().clone()
    if setup.on_gpu:
        vq.to(memory_format=torch.channels_last)  # type: ignore[call-overload] - transformers' stub knows no formats
    training = VQTraining(vq, directions, device)
    training.to(device)
    pool = pool.to(device)
    plan = setup.plan(
        "tiny-vq",
        minutes,
        lr=1e-3 if order.init is None else 5e-4,
        warmup=200 if setup.on_gpu else 50,
        weight_decay=1e-4,
        betas=(0.9, 0.99),
        ema=0.998,
    )
    shown = pool[:16]

    def sheet() -> Any:
        return contact_sheet(torch.cat([to_float(shown), to_float(reconstruct(training.vq, shown))]))

    return training, make_loss(training, pool, codes, batch), plan, sheet


def train_vq(order: TrainConfig, size: JanusSize, minutes: float) -> tuple[JanusVQVAE, TrainReport]:
    """Train the VQ alone; returns it in float32 on the order's device. Its patches stand in the order's folder."""
    training, loss, plan, sheet = lesson(TrainSetup(order, pick_device(order.device)), size, minutes)
    report = fit(training, loss, plan, sheet=sheet)
    return training.learnt(), report


def save_half(model: Any, out: Path) -> None:
    """Save in bfloat16, in files that stay under 9.5 MB."""
    with files.filling(out, "The checkpoint") as partial:
        model.to("cpu", torch.bfloat16).save_pretrained(partial, max_shard_size="9MB")


def prepare(setup: TrainSetup) -> Training:
    """The VQ, pictures and loss, and what becomes of it."""
    order = setup.order
    training, loss, plan, sheet = lesson(setup, MINIATURE if order.miniature else SHIPPED, order.minutes)

    def finish() -> tuple[Any, dict[str, float]]:
        save_half(training.learnt(), order.out)
        saved = JanusVQVAE.from_pretrained(order.out, dtype=torch.float32)
        return saved, measure(saved, setup.device, 24 if order.miniature else 2000)

    card = CardText(
        "tiny-vq",
        "A JanusVQVAE that turns 64 px sticker scenes into 8 x 8 codes and back.",
        f"rendered scenes (world seed {SCENES + order.seed}{', ' + tinted.TOLD if order.tinted else ''}).",
    )
    return Training(training, loss, plan, finish, card, sheet=sheet)


def train(order: TrainConfig) -> Path:
    """Train, save and describe the VQ on its own; ``train tiny-janus --vq FOLDER`` goes on from it."""
    return carry_out(order, prepare)
