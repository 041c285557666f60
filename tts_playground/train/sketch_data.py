"""Batches for tiny:sketch: drawings and their programs as tokens. No torch in here."""

from __future__ import annotations

from functools import cache
from typing import Any

from tts_playground.train.vlm_tokens import Packed, Packer, Turn, code_tokenizer
from tts_playground.worlds.programs import PROMPT, batch

LENGTH = 136
"""tokens a row: the picture's 66, the prompt and the program"""
ANGLES = tuple(range(0, 360, 45))
_SHAPES = ("(+", "(-", "(Circle", "(Quad")


@cache
def tokenizer() -> Any:
    """One token a bracket with its word, one a number; everything else letter by letter, so that any text survives."""
    numbers = [f" {n}" for n in sorted({*range(16), *ANGLES})]
    return code_tokenizer([*_SHAPES, *(f" {shape}" for shape in _SHAPES), ")", *numbers], [PROMPT])


@cache
def _packer(visual_tokens: int) -> Packer:
    return Packer(tokenizer(), visual_tokens, LENGTH)


def make(index: int, *, seed: int, rows: int, visual_tokens: int) -> list[Packed]:
    """Chunk ``index``: ``rows`` drawings in one batch."""
    images, texts = batch(seed, index * rows, rows)
    return [_packer(visual_tokens).pack(images, [[Turn(PROMPT, text)] for text in texts])]
