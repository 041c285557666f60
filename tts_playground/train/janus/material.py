"""What every tiny:janus is made from and ends as: scenes as tokens behind a VQ, and a folder with card numbers.

Training on scenes (``trainer``) and distilling (``distil``) differ in what is learned in between.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers import JanusForConditionalGeneration

from tts_playground import files, home
from tts_playground.train.common.skeleton import TrainSetup
from tts_playground.train.janus import tinted
from tts_playground.train.janus import tokens as world_tokens
from tts_playground.train.janus.parts import MINIATURE, SHIPPED, build_processor
from tts_playground.train.janus.patches import PatchBook
from tts_playground.train.janus.samples import samples
from tts_playground.train.janus.tokens import Encoder, Tokens
from tts_playground.train.janus.traits import ground_codes, own_rows, share_rows, traits
from tts_playground.train.janus.vq import PATCHES, save_half
from tts_playground.train.janus.vq import measure as measure_vq
from tts_playground.worlds import stickers

SCENES, EVAL_SEED = 13_000, 13_999
"""seeds of the world for training (plus the order's seed) and for the numbers in the card"""
TOKENIZING = 0.13
"""part of the language model's minutes in which scenes are tokenized"""


@dataclass(frozen=True, eq=False)
class Material:
    """What a language model learns from."""

    book: PatchBook | None
    """the codes that the VQ was taught, where they are known"""
    encode: Encoder
    data: Tokens
    processor: Any
    grounds: torch.Tensor | None
    """codes [backgrounds] of the empty backgrounds, where the codes are known"""

    @classmethod
    def of(cls, setup: TrainSetup, vq: Any, folder: Path, minutes: float) -> Material:
        """Scenes for ``minutes`` of training, by the VQ in ``folder``, tokenized for a part of them."""
        book = PatchBook.load(folder / PATCHES) if (folder / PATCHES).exists() else None
        encode = encoder(vq, book)
        data = scene_tokens(setup, encode, TOKENIZING * minutes)
        size = MINIATURE if setup.order.miniature else SHIPPED
        processor = build_processor(world_tokens.tokenizer(), size)
        return cls(book, encode, data, processor, None if book is None else ground_codes(book))

    def prepare(self, setup: TrainSetup, model: Any) -> None:
        """Rows that share what their codes show, and the attention that is quickest to learn by."""
        if self.book is not None:
            share_rows(model.model.generation_head.vision_head, traits(self.book.centroids))
        setup.plain_attention(model)

    def sheet(self, setup: TrainSetup, model: Any) -> Any:
        """A sheet of samples."""
        return samples(model, self.processor, 1 if setup.order.miniature else 8)

    def told(self, setup: TrainSetup) -> str:
        """How many scenes of which seed, for the card."""
        return f"{len(self.data.codes)} scenes (world seed {SCENES + setup.order.seed}"

    def finish(
        self, setup: TrainSetup, model: Any, validate: Callable[[Any, int], dict[str, float]]
    ) -> tuple[Any, dict[str, float]]:
        """Save the model with its processor and sheet; returns what was saved, in float32, and its numbers.

        Args:
            validate: numbers of the saved model on so many scenes, beside those of its VQ.
        """
        out = setup.order.out
        save_half(model, out)
        with files.filling(out, "The processor") as partial:
            self.processor.save_pretrained(partial)
        saved = load_janus(out).to(setup.device)
        few = setup.sized(24, 2000, 500)
        results = measure_vq(saved.model.vqmodel, setup.device, few) | validate(saved, few)
        with files.whole(out / "sheet.png", "The sheet") as partial:
            self.sheet(setup, saved).save(partial, "PNG")
        return saved, results

    def own_rows(self, model: Any) -> None:
        """Undo what ``prepare`` shared: the head is an ordinary linear layer again."""
        if self.book is not None:
            own_rows(model.model.generation_head.vision_head)


def load_janus(folder: Path) -> Any:
    """The model in a folder, in float32, ready to draw."""
    loaded: Any = JanusForConditionalGeneration.from_pretrained(folder, dtype=torch.float32, use_safetensors=True)
    return loaded.eval()


def encoder(vq: Any, book: PatchBook | None) -> Encoder:
    """The codes that the VQ was taught, where they are known, else what its encoder says."""
    if book is not None:
        return book.codes
    return partial(world_tokens.encode, vq, device=next(vq.parameters()).device)


def scene_tokens(setup: TrainSetup, encode: Encoder, minutes: float) -> Tokens:
    """The order's scenes as tokens, kept in the folder of its state for a resumed run."""
    order = setup.order
    path = home.folder("runs", order.run or "tiny-janus") / "tokens.npz"
    if order.resume and path.exists():
        return Tokens.load(path)
    data = world_tokens.tokenize(
        encode,
        SCENES + order.seed,
        setup.sized(96, 1_600_000, 80_000),
        minutes * 60,
        workers=setup.workers,
        scenes=tinted.scenes if order.tinted else stickers.scenes,
    )
    data.save(path)
    return data
