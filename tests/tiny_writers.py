"""Random checkpoints that could write programs, made in a second: a toy tiny:sketch and a toy Gemma 3."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import torch
from transformers import (
    Gemma3Config,
    Gemma3ForConditionalGeneration,
    Gemma3ImageProcessor,
    Gemma3Processor,
    GenerationConfig,
    PreTrainedTokenizerFast,
)

from tts_playground.dsl.instructions import LANGUAGE, describe_picture
from tts_playground.train import sketch_data
from tts_playground.train.sketch import MINIATURE
from tts_playground.train.vlm import save
from tts_playground.train.vlm_model import build_model, build_processor, wrap_tokenizer
from tts_playground.train.vlm_tokens import BOS, EOS, IMAGE, PAD, code_tokenizer

TURNS = (
    "{{ bos_token }}{% for message in messages %}"
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
    tokenizer = wrap_tokenizer(sketch_data.tokenizer())
    save(build_model(MINIATURE, len(tokenizer)), build_processor(tokenizer, MINIATURE), folder)
    return folder


@cache
def gemma3():
    """A Gemma 3 of toy size that was never told the short request: (model, processor)."""
    torch.manual_seed(0)
    shapes = ["(+", "(-", "(Circle", "(Quad", " (Circle", " (Quad", ")", *(f" {n}" for n in range(16))]
    core = code_tokenizer(shapes, [describe_picture(), LANGUAGE])  # one token each, or prompts would take seconds
    words = PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token="<pad>",
        bos_token="<bos>",
        eos_token="<eos>",
        extra_special_tokens={"image_token": "<image>", "boi_token": "<boi>", "eoi_token": "<eoi>"},
        padding_side="left",
    )
    text = {"vocab_size": len(words), "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
    text |= {"num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 8192, "head_dim": 8}
    text |= {"sliding_window": 64, "layer_types": ["sliding_attention", "full_attention"], "initializer_range": 0.1}
    text |= {"bos_token_id": BOS, "eos_token_id": EOS, "pad_token_id": PAD}
    vision = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = Gemma3Config(
        text_config=text,
        vision_config=vision | {"image_size": 32, "patch_size": 8},
        image_token_index=IMAGE,
        boi_token_index=words.convert_tokens_to_ids("<boi>"),
        eoi_token_index=words.convert_tokens_to_ids("<eoi>"),
        mm_tokens_per_image=4,
    )
    model = Gemma3ForConditionalGeneration(config).eval()
    torch.nn.init.normal_(model.model.multi_modal_projector.mm_input_projection_weight)  # starts at zero
    model.generation_config = GenerationConfig(bos_token_id=BOS, eos_token_id=EOS, pad_token_id=PAD)
    images = Gemma3ImageProcessor(size={"height": 32, "width": 32})
    return model, Gemma3Processor(images, words, chat_template=TURNS, image_seq_length=4)


def save_gemma3(folder: Path) -> Path:
    """The same as a folder that ``models.loading`` reads."""
    for part in gemma3():
        part.save_pretrained(folder)
    return folder
