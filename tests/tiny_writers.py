"""Random checkpoints that could write programs, made in a second: a toy tiny:sketch and a toy Gemma 3."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import tiny_vlms
import torch
from transformers import GenerationConfig

from tts_playground.dsl.instructions import LANGUAGE, describe_picture
from tts_playground.train.sketch import data
from tts_playground.train.sketch.trainer import MINIATURE
from tts_playground.train.vlm.architecture import build_model, build_processor, wrap_tokenizer
from tts_playground.train.vlm.tokens import BOS, EOS, PAD, code_tokenizer
from tts_playground.train.vlm.trainer import save

TURNS = (
    "{% for message in messages %}"
    "<start_of_turn>{{ 'model' if message['role'] == 'assistant' else 'user' }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<boi>{% elif part['type'] == 'text' %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
"""turns marked as Gemma marks them"""


def save_sketch(folder: Path, seed: int = 0) -> Path:
    """An untrained tiny:sketch of toy size."""
    torch.manual_seed(seed)
    tokenizer = wrap_tokenizer(data.tokenizer())
    save(build_model(MINIATURE, len(tokenizer)), build_processor(tokenizer, MINIATURE), folder)
    return folder


@cache
def gemma3():
    """A Gemma 3 of toy size that was never told the short request: (model, processor)."""
    torch.manual_seed(0)
    shapes = ["(+", "(-", "(Circle", "(Quad", " (Circle", " (Quad", ")", *(f" {n}" for n in range(16))]
    core = code_tokenizer(shapes, [describe_picture(), LANGUAGE])  # one token each, or prompts would take seconds
    words = tiny_vlms.wrapped(core, boi_token="<boi>", eoi_token="<eoi>")
    text = {"max_position_embeddings": 8192, "initializer_range": 0.1}
    model, processor = tiny_vlms.gemma(words, window=64, chat_template=TURNS, tied=True, **text)
    model.generation_config = GenerationConfig(bos_token_id=BOS, eos_token_id=EOS, pad_token_id=PAD)
    return model, processor


def save_gemma3(folder: Path) -> Path:
    """The same as a folder that ``models.loading`` reads."""
    for part in gemma3():
        part.save_pretrained(folder)
    return folder
