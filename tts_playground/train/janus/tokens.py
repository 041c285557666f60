"""Scenes as tokens: every scene's codes by the VQ and several captions of it, made once and kept on disk."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from tts_playground import files, randomness
from tts_playground.errors import CannotDo
from tts_playground.models.janus.vq import to_float
from tts_playground.train.common.data_workers import data_workers
from tts_playground.train.common.pictures import Scenes
from tts_playground.train.janus.parts import SPECIALS, build_tokenizer
from tts_playground.train.janus.patches import nearest
from tts_playground.worlds import stickers
from tts_playground.worlds.captions import caption
from tts_playground.worlds.layout import Draw
from tts_playground.worlds.scene import render_batch
from tts_playground.worlds.vocabulary import PLURALS

CAPTIONS = 4
"""captions of each scene"""
LONGEST = 28
"""tokens of a prompt with its markers, at most"""
CHUNK = 2000
USER, ASSISTANT, START = SPECIALS[6], SPECIALS[7], SPECIALS[3]


Encoder = Callable[[np.ndarray], np.ndarray]
"""uint8 pictures [n, 64, 64, 3] to codes, int16 [n, 64]"""


@dataclass(frozen=True, eq=False)
class Tokens:
    """``n`` scenes, ready for the language model."""

    codes: np.ndarray
    """int16 [n, 64], row by row from the top left"""
    prompts: np.ndarray
    """int16 [n, CAPTIONS, LONGEST], padded on the right"""

    def save(self, path: Path) -> None:
        """Write ``path`` whole or not at all."""
        with files.whole(path, "The tokens") as partial, partial.open("wb") as stream:  # a path gets an ending
            np.savez(stream, **{field.name: getattr(self, field.name) for field in fields(self)})

    @staticmethod
    def load(path: Path) -> Tokens:
        """Read what ``save`` wrote."""
        with np.load(path) as file:
            return Tokens(file["codes"], file["prompts"])


@cache
def words() -> tuple[str, ...]:
    """The world's English: every word of many captions, every noun and plural, every mark."""
    texts = stickers.batch(0, 0, 4000).captions
    found = {word for text in texts for word in text.replace(",", " , ").split()}
    return tuple(sorted(found | set(PLURALS) | set(PLURALS.values()) | {",", ".", "1"}))


@cache
def tokenizer() -> Any:
    """The tokenizer of tiny:janus."""
    return build_tokenizer(words())


@cache
@torch.compiler.assume_constant_result  # a compiler would follow it into the drawing of the world's words
def background_id() -> int:
    """The token of the word "background": without it a prompt leaves the background open."""
    return int(tokenizer().convert_tokens_to_ids("▁background"))


def prompt_ids(texts: list[str]) -> np.ndarray:
    """Prompts as ``processor(text=prompt_text(...), generation_mode="image")`` makes them: int16 [n, LONGEST]."""
    told = tokenizer()([f"{USER}{text}{ASSISTANT}{START}" for text in texts])["input_ids"]
    out = np.zeros((len(texts), LONGEST), dtype=np.int16)
    for row, ids in zip(out, told, strict=True):
        row[: len(ids)] = ids
    return out


def draw_chunk(seed: int, size: int, number: int, scenes: Scenes = stickers.scenes) -> tuple[np.ndarray, np.ndarray]:
    """Scenes ``number * size`` to ``(number + 1) * size`` of ``seed``: pictures and prompts."""
    start = number * size
    chosen = scenes(seed, start, size)
    texts = []
    for index, one in enumerate(chosen, start):
        draw = Draw(randomness.generator("captions", seed, index).random(96).tolist())
        texts += [caption(one.composition, draw) for _ in range(CAPTIONS)]
    return render_batch(chosen), prompt_ids(texts).reshape(size, CAPTIONS, LONGEST)


@torch.no_grad()
def encode(vq: Any, images: np.ndarray, device: torch.device) -> np.ndarray:
    """Codes int16 [n, 64] of uint8 pictures [n, 64, 64, 3]: convolutions in bfloat16, choice of codes in float32."""
    out = []
    book = functional.normalize(vq.quantize.embedding.weight.float(), dim=-1)
    for start in range(0, len(images), 500):
        pixels = to_float(torch.from_numpy(images[start : start + 500]).to(device)).contiguous()
        with torch.autocast(device.type, dtype=torch.bfloat16):
            latents = vq.quant_conv(vq.encoder(pixels))
        flat = functional.normalize(latents.float(), dim=1).permute(0, 2, 3, 1).flatten(0, 2)
        out.append(nearest(flat, book).view(len(pixels), -1).to(torch.int16).cpu().numpy())
    return np.concatenate(out)


def tokenize(
    encode: Encoder,
    seed: int,
    most: int,
    seconds: float,
    *,
    workers: int,
    say: Callable[[str], None] = print,
    scenes: Scenes = stickers.scenes,
) -> Tokens:
    """As many scenes of ``seed`` as fit into ``seconds``, ``most`` at most.

    Raises:
        CannotDo: not even one chunk was made.
    """
    size = min(CHUNK, most)
    source = data_workers(partial(draw_chunk, seed, size, scenes=scenes), workers=workers)
    codes, prompts, began = [], [], time.monotonic()
    for images, ids in source:
        codes.append(encode(images))
        prompts.append(ids)
        done = len(codes) * size
        if len(codes) % 20 == 0:
            say(f"tokens: {done} scenes, {done / (time.monotonic() - began):.0f} a second")
        if done >= most or time.monotonic() - began > seconds:
            break
    source.close()
    if not codes:
        raise CannotDo("No scene could be tokenized; give more --minutes.")
    return Tokens(np.concatenate(codes)[:most], np.concatenate(prompts)[:most])
