"""What tiny:vlm and tiny:sketch are made of: LLaVA's own class with a LeViT eye and a Llama mouth, and its processor.

LeViT (Graham et al. 2021) looks through four convolutions and joins their 64 places by attention, which costs a CPU two
thirds of a Swin of this size; the language model gets exactly these 64 visual tokens, all of which it needs to prefill
once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from transformers import (
    GenerationConfig,
    LevitConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaImageProcessor,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

from tts_playground.train.common.freeze_batchnorm import freeze_batchnorm, frozen
from tts_playground.train.vlm.tokens import ASSISTANT, BOS, CHAT_TEMPLATE, EOS, IMAGE, PAD, SPECIALS, USER

PATCH = 16
"""pixels of a visual token: four strided convolutions"""


@dataclass(frozen=True)
class VlmSize:
    """Shape of a model; the image becomes (image / 16)^2 visual tokens."""

    image: int = 128
    """pixels a side"""
    eye: int = 256
    """channels of the eye's places; its four convolutions have an eighth, a quarter, half and all of them"""
    blocks: int = 4
    """of attention and feed-forward over the places"""
    eye_heads: int = 8
    width: int = 256
    """of the language model"""
    layers: int = 4
    inner: int = 640
    """width of the gated feed-forward"""
    text_heads: int = 4
    key_heads: int = 2
    positions: int = 1024
    """longest text, in tokens, the visual ones included"""

    @property
    def visual_tokens(self) -> int:
        """Visual tokens a picture."""
        return (self.image // PATCH) ** 2


def config_of(size: VlmSize, vocabulary: int) -> LlavaConfig:
    """Configuration of the whole model."""
    vision = LevitConfig(
        image_size=size.image,
        patch_size=PATCH,
        hidden_sizes=[size.eye, size.eye],
        depths=[size.blocks],
        num_attention_heads=[size.eye_heads],
        key_dim=[size.eye // size.eye_heads],
        attention_ratio=[1],
        mlp_ratio=[2],
    )
    vision.down_ops = [[""]]  # one stage, no subsampling
    vision.hidden_size = size.eye  # where LLaVA's projector looks for it
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
        initializer_range=0.05,  # 0.02 suits widths of thousands
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


def build_model(size: VlmSize, vocabulary: int) -> LlavaForConditionalGeneration:
    """A freshly initialised model whose ``generate`` is greedy until asked for samples."""
    model = LlavaForConditionalGeneration(config_of(size, vocabulary))
    for layer in model.model.multi_modal_projector.modules():
        if isinstance(layer, nn.Linear):  # LLaVA's 0.02 all but closes a projector as narrow as this one
            nn.init.normal_(layer.weight, std=layer.in_features**-0.5)
    for layer in model.model.vision_tower.modules():
        if isinstance(layer, nn.Conv2d):  # before its norms have met a picture, 0.02 would make the eye blind
            nn.init.kaiming_normal_(layer.weight)
    model.generation_config = GenerationConfig(bos_token_id=BOS, eos_token_id=EOS, pad_token_id=PAD, max_new_tokens=96)
    return model


def build_processor(tokenizer: PreTrainedTokenizerFast, size: VlmSize) -> LlavaProcessor:
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
        patch_size=PATCH,
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
    hidden = model.model.vision_tower(pixel_values).last_hidden_state
    return model.model.multi_modal_projector(hidden)


@contextmanager
def open_eye(model: LlavaForConditionalGeneration) -> Iterator[None]:
    """Within it the eye sees as it does, and only the mouth learns: what a mouth that knows nothing yet asks of the eye
    would undo its lesson (after ten minutes it named 14 % of the words instead of 87 %)."""
    eye = (model.model.vision_tower, model.model.multi_modal_projector)
    with frozen(p for part in eye for p in part.parameters()), freeze_batchnorm(eye[0]):
        yield


def packed_loss(
    model: LlavaForConditionalGeneration,
    images: torch.Tensor,
    ids: torch.Tensor,
    segments: torch.Tensor,
    positions: torch.Tensor,
    weights: torch.Tensor,
    *,
    single: bool = False,
) -> torch.Tensor:
    """Mean cross-entropy of the answers in a packed batch (see ``vlm_tokens.Packer``).

    Args:
        images: uint8 [n, side, side, 3]; [n, 0] when the rows have no picture.
        ids, segments, positions: int64 [n, length]; segment 0 is the shared prefix with the picture, -1 padding.
        weights: float32 [n, length], of each token as a target; 0 outside answers.
        single: no row holds more than one turn, so that plain causal attention, which needs no mask, is the same.
    """
    embeddings = model.get_input_embeddings()(ids)
    if images.shape[1]:
        seen = visual_embeddings(model, pixels(images)).to(embeddings.dtype)
        # the prefix is <bos><user><image>..., so the picture always stands at the same place
        embeddings = torch.cat([embeddings[:, :2], seen, embeddings[:, 2 + seen.shape[1] :]], dim=1)
    spoken = model.model.language_model
    if single:
        hidden = spoken(inputs_embeds=embeddings, use_cache=False).last_hidden_state
    else:
        allowed = _allowed(model, segments)
        hidden = spoken(
            inputs_embeds=embeddings, attention_mask=allowed, position_ids=positions, use_cache=False
        ).last_hidden_state
    hidden, aims, targets = hidden[:, :-1].flatten(0, 1), ids[:, 1:].flatten(), weights[:, 1:].flatten()
    if not hidden.is_cuda:  # most places are no targets; on CUDA a new shape costs a compilation
        hidden, aims, targets = (part[targets > 0] for part in (hidden, aims, targets))
    losses = nn.functional.cross_entropy(model.lm_head(hidden).float(), aims, reduction="none")
    return (losses * targets).sum() / targets.sum().clamp(min=1.0)


def _allowed(model: LlavaForConditionalGeneration, segments: torch.Tensor) -> torch.Tensor:
    """Who may look at whom [n, 1, length, length]: a turn at the prefix and at what it has said itself."""
    length = segments.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool, device=segments.device).tril()
    own = (segments[:, None, :] == segments[:, :, None]) | (segments[:, None, :] == 0)
    allowed = (causal & own)[:, None]
    if (
        getattr(model.config.text_config, "_attn_implementation", None) == "eager"
    ):  # which adds its mask, also one of truth values
        return torch.zeros_like(allowed, dtype=torch.float32).masked_fill_(~allowed, -1e9)
    return allowed
