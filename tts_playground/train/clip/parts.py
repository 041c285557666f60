"""What tiny:clip is made of: configuration, tokenizer and processor, all in CLIP's own classes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tokenizers import pre_tokenizers
from tokenizers.trainers import BpeTrainer
from transformers import CLIPConfig, CLIPModel, CLIPProcessor, CLIPTextConfig, CLIPTokenizer, CLIPVisionConfig
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from tts_playground.worlds.captions import GROUNDS, PREFIXES, WORDINGS
from tts_playground.worlds.vocabulary import BACKGROUNDS, NUMBERS, PLURALS, SIZE, TINTS

START, END = "<|startoftext|>", "<|endoftext|>"
LONGEST = 48
"""tokens of a caption, start and end included; longer ones are cut"""


@dataclass(frozen=True)
class ClipSize:
    """Shape of the model; the defaults are the one that ships."""

    width: int = 160
    layers: int = 4
    heads: int = 5
    text_width: int = 128
    text_layers: int = 3
    text_heads: int = 4
    joint: int = 128
    """width of the shared embedding"""
    patch: int = 8


SHIPPED = ClipSize()
MINIATURE = ClipSize(width=32, layers=1, heads=2, text_width=32, text_layers=1, text_heads=2, joint=32, patch=16)


def world_words() -> list[str]:
    """Every word that a caption can hold, sorted."""
    phrases = [*PLURALS, *PLURALS.values(), *TINTS, *BACKGROUNDS, *NUMBERS.values(), *map(str, NUMBERS), *PREFIXES]
    phrases += [said for wording in WORDINGS.values() for said in wording]
    phrases += [ground.format("a") for ground in GROUNDS] + ["a", "an", "and", "between", ","]
    return sorted({word for phrase in phrases for word in phrase.split()})


def build_tokenizer() -> CLIPTokenizer:
    """CLIP's byte-level BPE, one token a word of the world; bytes for everything else, so that any text is accepted."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    letters = [*alphabet, *(f"{letter}</w>" for letter in alphabet)]
    draft = CLIPTokenizer(vocab={name: i for i, name in enumerate([*letters, START, END])}, merges=[])
    trainer = BpeTrainer(
        vocab_size=10_000, min_frequency=1, initial_alphabet=alphabet, end_of_word_suffix="</w>", show_progress=False
    )
    draft.backend_tokenizer.train_from_iterator(world_words(), trainer)
    pairs = json.loads(draft.backend_tokenizer.to_str())["model"]["merges"]
    merges: Any = [tuple(pair) for pair in pairs]
    names = dict.fromkeys([*letters, *(a + b for a, b in merges), START, END])
    return CLIPTokenizer(vocab={name: i for i, name in enumerate(names)}, merges=merges, model_max_length=LONGEST)


def build_model(size: ClipSize, tokenizer: Any) -> CLIPModel:
    """A freshly initialised model."""
    text = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=size.text_width,
        intermediate_size=4 * size.text_width,
        num_hidden_layers=size.text_layers,
        num_attention_heads=size.text_heads,
        max_position_embeddings=LONGEST,
        projection_dim=size.joint,
        hidden_act="gelu",
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    vision = CLIPVisionConfig(
        hidden_size=size.width,
        intermediate_size=4 * size.width,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        image_size=SIZE,
        patch_size=size.patch,
        projection_dim=size.joint,
        hidden_act="gelu",
    )
    config = CLIPConfig(text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=size.joint)
    return CLIPModel(config)


def build_processor(tokenizer: CLIPTokenizer) -> CLIPProcessor:
    """Text and images in; pixel values in [-1, 1]."""
    images = CLIPImageProcessorPil(
        size={"height": SIZE, "width": SIZE},
        crop_size={"height": SIZE, "width": SIZE},
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
    )
    return CLIPProcessor(images, tokenizer)
