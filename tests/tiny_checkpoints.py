"""Random checkpoints of the real classes, made in a second: for tests that need no trained model."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    CLIPProcessor,
    GenerationConfig,
    JanusConfig,
    JanusForConditionalGeneration,
    JanusImageProcessor,
    JanusProcessor,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

SPECIALS = ["<pad>", "<bos>", "<eos>", "<boi>", "<eoi>", "<image>", "<unk>"]
WORDS = [
    "a",
    "an",
    "the",
    "photo",
    "of",
    "two",
    "three",
    "red",
    "blue",
    "green",
    "apple",
    "apples",
    "cat",
    "dog",
    "plate",
    "on",
    "left",
    "right",
    "croissant",
    ",",
    ".",
]
TEMPLATE = (
    "{% for message in messages %}{% for part in message['content'] %}{{ part['text'] }} {% endfor %}{% endfor %}"
)


def tokenizer() -> PreTrainedTokenizerFast:
    words = {word: number for number, word in enumerate([*SPECIALS, *WORDS])}
    core = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    core.add_special_tokens(SPECIALS)
    core.post_processor = processors.TemplateProcessing(single="<bos> $A", special_tokens=[("<bos>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token="<pad>",
        bos_token="<bos>",
        eos_token="<eos>",
        unk_token="<unk>",
        extra_special_tokens={"boi_token": "<boi>", "eoi_token": "<eoi>", "image_token": "<image>"},
        padding_side="left",
        chat_template=TEMPLATE,
    )


def janus(
    *, width=64, layers=2, heads=4, kv_heads=4, codes=128, grid=4, sharpness=12.0, seed=0
) -> JanusForConditionalGeneration:
    """A random Janus of 8 * grid pixels. ``sharpness`` spreads the logits, so that greedy has no near ties."""
    text = {
        "model_type": "llama",
        "vocab_size": len(SPECIALS) + len(WORDS),
        "hidden_size": width,
        "intermediate_size": 2 * width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "max_position_embeddings": 256,
        "initializer_range": 0.2,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": None,
    }
    vision = {
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "image_size": 8 * grid,
        "patch_size": 8,
        "mlp_ratio": 1.0,
        "projection_dim": width,
        "depth": 1,
        "num_image_tokens": grid * grid,
    }
    vq = {
        "embed_dim": 8,
        "num_embeddings": codes,
        "latent_channels": 32,
        "base_channels": 32,
        "channel_multiplier": [1, 1, 1, 1],
        "num_res_blocks": 1,
        "projection_dim": width,
        "image_token_embed_dim": width,
        "num_patches": grid,
    }
    torch.manual_seed(seed)
    config = JanusConfig(text_config=text, vision_config=vision, vq_config=vq, image_token_id=5)
    model = JanusForConditionalGeneration(config).eval()
    with torch.no_grad():
        # Random heads are almost uniform: stretch the logits and the embeddings, as training does.
        last = model.model.generation_head.vision_head
        last.weight.normal_(0, sharpness / width**0.5)
        model.model.generation_embeddings.weight.normal_(0, 3.0)
    model.generation_config = GenerationConfig(
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
        guidance_scale=5.0,
        max_length=16 + grid * grid,
        generation_kwargs={"boi_token_id": 3},
    )
    return model


def janus_processor(grid=4) -> JanusProcessor:
    images = JanusImageProcessor(
        size={"height": 8 * grid, "width": 8 * grid}, image_mean=[0.5] * 3, image_std=[0.5] * 3
    )
    return JanusProcessor(images, tokenizer(), chat_template=TEMPLATE, num_image_tokens=grid * grid)


def save_janus(folder: Path, **sizes) -> Path:
    janus(**sizes).save_pretrained(folder)
    janus_processor(sizes.get("grid", 4)).save_pretrained(folder)
    return folder


def save_clip(folder: Path, *, width=32, pixels=32, seed=0) -> Path:
    """A random CLIPModel with its processor over the same words."""
    torch.manual_seed(seed)
    text = {"vocab_size": 64, "hidden_size": width, "intermediate_size": 2 * width, "num_hidden_layers": 2}
    text |= {"num_attention_heads": 2, "max_position_embeddings": 32, "bos_token_id": 1, "eos_token_id": 2}
    vision = {"hidden_size": width, "intermediate_size": 2 * width, "num_hidden_layers": 2, "num_attention_heads": 2}
    vision |= {"image_size": pixels, "patch_size": 8}
    CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=16)).save_pretrained(folder)
    images = CLIPImageProcessor(
        size={"shortest_edge": pixels}, crop_size={"height": pixels, "width": pixels}, do_resize=True
    )
    CLIPProcessor(images, tokenizer()).save_pretrained(folder)
    return folder


def save_vlm(folder: Path, *, width=32, pixels=32, seed=0) -> Path:
    """A random LLaVA (CLIP vision tower, Llama) with its processor, knowing yes and no."""
    torch.manual_seed(seed)
    words = tokenizer()
    words.add_tokens(["yes", "no", "Yes", "No"])
    vision = {"model_type": "clip_vision_model", "hidden_size": width, "intermediate_size": 2 * width}
    vision |= {"num_hidden_layers": 2, "num_attention_heads": 2, "image_size": pixels, "patch_size": 8}
    text = {"model_type": "llama", "vocab_size": len(words), "hidden_size": width, "intermediate_size": 2 * width}
    text |= {"num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2, "initializer_range": 0.3}
    config = LlavaConfig(vision_config=vision, text_config=text, image_token_index=5, image_seq_length=16)
    LlavaForConditionalGeneration(config).save_pretrained(folder)
    template = (
        "{% for message in messages %}{% for part in message['content'] %}"
        "{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %} {% endfor %}{% endfor %}"
    )
    images = CLIPImageProcessor(size={"shortest_edge": pixels}, crop_size={"height": pixels, "width": pixels})
    processor = LlavaProcessor(
        images,
        words,
        patch_size=8,
        vision_feature_select_strategy="default",
        chat_template=template,
        image_token="<image>",
        num_additional_image_tokens=1,
    )
    processor.save_pretrained(folder)
    return folder
