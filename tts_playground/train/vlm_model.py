"""What tiny:vlm and tiny:sketch are made of: LLaVA's own class with a Swin eye and a Llama mouth, and its processor.

Swin (Liu et al. 2021) sees 4 x 4 (or 2 x 2) pixel patches and merges them twice, so that text of ten pixels is read
locally while the language model still gets only 64 visual tokens, all of which it needs to prefill once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from transformers import (
    GenerationConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaImageProcessor,
    LlavaProcessor,
    PreTrainedTokenizerFast,
    SwinConfig,
)

from tts_playground.train.vlm_tokens import ASSISTANT, BOS, CHAT_TEMPLATE, EOS, IMAGE, PAD, SPECIALS, USER

WINDOW = 8


@dataclass(frozen=True)
class Size:
    """Shape of a model; the image becomes (image / patch / 4)^2 visual tokens."""

    image: int = 128
    """pixels a side"""
    patch: int = 4
    embed: int = 64
    """channels of the first of three Swin stages; each following one doubles them"""
    depths: tuple[int, int, int] = (2, 2, 2)
    heads: tuple[int, int, int] = (2, 4, 8)
    width: int = 256
    """of the language model"""
    layers: int = 6
    inner: int = 704
    """width of the gated feed-forward"""
    text_heads: int = 8
    key_heads: int = 4
    positions: int = 1024
    """longest text, in tokens, the visual ones included"""

    @property
    def visual_tokens(self) -> int:
        """Visual tokens a picture."""
        return (self.image // self.patch // 4) ** 2


def config_of(size: Size, vocabulary: int) -> LlavaConfig:
    """Configuration of the whole model."""
    vision = SwinConfig(
        image_size=size.image,
        patch_size=size.patch,
        embed_dim=size.embed,
        depths=list(size.depths),
        num_heads=list(size.heads),
        window_size=WINDOW,
        drop_path_rate=0.0,
        use_absolute_embeddings=True,
    )
    text = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=size.width,
        intermediate_size=size.inner,
        num_hidden_layers=size.layers,
        num_attention_heads=size.text_heads,
        num_key_value_heads=size.key_heads,
        max_position_embeddings=size.positions,
        bos_token_id=BOS,
        eos_token_id=EOS,
        pad_token_id=PAD,
        tie_word_embeddings=True,
    )
    return LlavaConfig(
        vision_config=vision.to_dict(),
        text_config=text.to_dict(),
        image_token_index=IMAGE,
        image_seq_length=size.visual_tokens,
        vision_feature_select_strategy="full",
        vision_feature_layer=-1,
        tie_word_embeddings=True,
    )


def build_model(size: Size, vocabulary: int) -> LlavaForConditionalGeneration:
    """A freshly initialised model whose ``generate`` is greedy until asked for samples."""
    model = LlavaForConditionalGeneration(config_of(size, vocabulary))
    model.generation_config = GenerationConfig(bos_token_id=BOS, eos_token_id=EOS, pad_token_id=PAD, max_new_tokens=96)
    return model


def build_processor(tokenizer: PreTrainedTokenizerFast, size: Size) -> LlavaProcessor:
    """Text and images in: pictures are padded to a square with their mean colour and scaled to the model's side."""
    images = LlavaImageProcessor(
        do_pad=True,
        size={"shortest_edge": size.image},
        crop_size={"height": size.image, "width": size.image},
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
    )
    return LlavaProcessor(
        images,
        tokenizer,
        patch_size=size.patch * 4,
        vision_feature_select_strategy="full",
        chat_template=CHAT_TEMPLATE,
        image_token=SPECIALS[IMAGE],
    )


def wrap_tokenizer(tokenizer: Any) -> PreTrainedTokenizerFast:
    """A ``tokenizers.Tokenizer`` as transformers wants it."""
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=SPECIALS[PAD],
        bos_token=SPECIALS[BOS],
        eos_token=SPECIALS[EOS],
        extra_special_tokens={
            "image_token": SPECIALS[IMAGE],
            "user_token": SPECIALS[USER],
            "assistant_token": SPECIALS[ASSISTANT],
        },
        padding_side="left",
        model_max_length=1024,
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
    )


def pixels(images: torch.Tensor) -> torch.Tensor:
    """uint8 [n, side, side, 3] to what the processor makes of it: [n, 3, side, side] in [-1, 1]."""
    return images.permute(0, 3, 1, 2).float() / 127.5 - 1.0


def visual_embeddings(model: LlavaForConditionalGeneration, pixel_values: torch.Tensor) -> torch.Tensor:
    """The visual tokens [n, tokens, width]: as ``get_image_features``, without the hooks that bar compiling."""
    tower: Any = model.model.vision_tower
    hidden, grid = tower.embeddings(pixel_values)
    for stage in tower.encoder.layers:
        hidden = stage(hidden, grid)[0]
        if stage.downsample is not None:
            grid = (grid[0] // 2, grid[1] // 2)
    return model.model.multi_modal_projector(hidden)


def packed_loss(
    model: LlavaForConditionalGeneration,
    images: torch.Tensor,
    ids: torch.Tensor,
    segments: torch.Tensor,
    positions: torch.Tensor,
    weights: torch.Tensor,
) -> torch.Tensor:
    """Mean cross-entropy of the answers in a packed batch (see ``vlm_tokens.Packer``).

    Args:
        images: uint8 [n, side, side, 3].
        ids, segments, positions: int64 [n, length]; segment 0 is the shared prefix with the picture, -1 padding.
        weights: float32 [n, length], of each token as a target; 0 outside answers.
    """
    seen = visual_embeddings(model, pixels(images))
    words = model.get_input_embeddings()(ids)
    # the prefix is <bos><user><image>..., so the picture always stands at the same place
    embeddings = torch.cat([words[:, :2], seen.to(words.dtype), words[:, 2 + seen.shape[1] :]], dim=1)
    length = ids.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool, device=ids.device).tril()
    own = (segments[:, None, :] == segments[:, :, None]) | (segments[:, None, :] == 0)
    allowed = (causal & own)[:, None]
    hidden = model.model.language_model(
        inputs_embeds=embeddings, attention_mask=allowed, position_ids=positions, use_cache=False
    ).last_hidden_state
    logits = model.lm_head(hidden[:, :-1]).float()
    losses = nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
    targets = weights[:, 1:].flatten()
    return (losses * targets).sum() / targets.sum().clamp(min=1.0)
