"""What tiny:janus is made of: configuration, tokenizer, processor and chat template, all in Janus's own classes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import Unigram
from tokenizers.processors import TemplateProcessing
from transformers import (
    GenerationConfig,
    JanusConfig,
    JanusForConditionalGeneration,
    JanusImageProcessor,
    JanusProcessor,
    JanusVisionConfig,
    JanusVQVAEConfig,
    LlamaConfig,
    PreTrainedTokenizerFast,
)

PAD, BOS, EOS, BOI, EOI, IMAGE = range(6)
SPECIALS = (
    "<pad>",
    "<|begin_of_sentence|>",
    "<|end_of_sentence|>",
    "<begin_of_image>",
    "<end_of_image>",
    "<image_placeholder>",
    "<|User|>",
    "<|Assistant|>",
)
SPECIAL_NAMES = ("boi_token", "eoi_token", "image_token", "user_token", "assistant_token")
"""what ``JanusProcessor`` calls the special tokens from BOI on, and our two turn markers"""
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|User|>' if message['role'] == 'user' else '<|Assistant|>' }}"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}{{ '<image_placeholder>' }}"
    "{% elif part['type'] == 'text' %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|Assistant|>' }}{% endif %}"
)
"""Janus's own turn structure with one token a marker, so that the prefill stays short"""


@dataclass(frozen=True)
class JanusSize:
    """Shape of the model; the defaults are the one that ships."""

    width: int = 256
    layers: int = 6
    heads: int = 8
    inner: int = 704
    """width of the gated feed-forward"""
    codes: int = 1024
    code_dim: int = 8
    base: int = 64
    """channels of the VQ at full resolution; two for each of its 32 group norms, because a norm of one channel alone
    takes away what is bright or dark on the whole"""
    multiplier: tuple[int, ...] = (1, 1, 1, 1)
    """channels of the VQ per halving; four levels make one token of 8 x 8 pixels"""
    blocks: int = 0
    """residual blocks of a level in the encoder; the decoder has one more"""
    pixels: int = 64

    @property
    def grid(self) -> int:
        """Number of image tokens a side."""
        return self.pixels >> (len(self.multiplier) - 1)


SHIPPED = JanusSize()
MINIATURE = JanusSize(width=32, layers=1, heads=2, inner=64, codes=32, base=32)


def vq_config(size: JanusSize) -> JanusVQVAEConfig:
    """Configuration of the VQ tokenizer of images."""
    config = JanusVQVAEConfig(
        embed_dim=size.code_dim,
        num_embeddings=size.codes,
        latent_channels=size.base * size.multiplier[-1],
        base_channels=size.base,
        channel_multiplier=list(size.multiplier),
        num_res_blocks=size.blocks,
        projection_dim=size.width,
        image_token_embed_dim=size.width,
    )
    config.num_patches = size.grid
    return config


def janus_config(size: JanusSize, vocabulary: int) -> JanusConfig:
    """Configuration of the whole model; the understanding tower only has to exist, so it is one tiny layer.

    The Llama gets no ``pad_token_id``: that would freeze the padding embedding at zero, and the unconditional row of
    guidance is made of padding.
    """
    text = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=size.width,
        intermediate_size=size.inner,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=size.heads,
        max_position_embeddings=512,
        bos_token_id=BOS,
        eos_token_id=EOS,
        pad_token_id=None,
        tie_word_embeddings=True,
    )
    vision = JanusVisionConfig(
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=1,
        image_size=size.pixels,
        patch_size=size.pixels // size.grid,
        mlp_ratio=1.0,
        projection_dim=size.width,
        depth=1,
        num_image_tokens=size.grid**2,
    )
    return JanusConfig(
        text_config=text.to_dict(),
        vision_config=vision.to_dict(),
        vq_config=vq_config(size).to_dict(),
        image_token_id=IMAGE,
    )


def build_model(size: JanusSize, vocabulary: int) -> JanusForConditionalGeneration:
    """A freshly initialised model with the generation settings that Janus's ``generate`` reads."""
    model = JanusForConditionalGeneration(janus_config(size, vocabulary))
    model.generation_config = GenerationConfig(
        bos_token_id=BOS,
        eos_token_id=EOS,
        pad_token_id=PAD,
        do_sample=True,
        temperature=1.0,
        top_k=0,
        top_p=1.0,
        guidance_scale=1.5,
        max_length=160,
        generation_kwargs={"boi_token_id": BOI},
    )
    return model


def build_tokenizer(words: Iterable[str]) -> PreTrainedTokenizerFast:
    """One token a known word, UTF-8 bytes for everything else, lower case: any text is accepted.

    A word that the model knows is exactly one token; ``tokenizer.tokenize`` shows ``<0x..>`` bytes where it does not.
    """
    names = [*SPECIALS, *(f"<0x{byte:02X}>" for byte in range(256)), *(f"▁{word}" for word in sorted(set(words))), "▁"]
    # one score for every piece: the segmentation with the fewest pieces wins, so a whole word beats its prefix
    pieces = [(name, 0.0 if name in SPECIALS else -10.0) for name in names]
    tokenizer = Tokenizer(Unigram(pieces, unk_id=PAD, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\s+"), "removed"),
            pre_tokenizers.Split(Regex(r"[^\w\s]"), "isolated"),
            pre_tokenizers.Metaspace(prepend_scheme="always", split=False),
        ]
    )
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace(prepend_scheme="always")])
    tokenizer.post_processor = TemplateProcessing(single=f"{SPECIALS[BOS]} $A", special_tokens=[(SPECIALS[BOS], BOS)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=SPECIALS[PAD],
        bos_token=SPECIALS[BOS],
        eos_token=SPECIALS[EOS],
        extra_special_tokens=dict(zip(SPECIAL_NAMES, SPECIALS[BOI:], strict=True)),
        padding_side="left",
        model_max_length=512,
        chat_template=CHAT_TEMPLATE,
    )


def build_processor(tokenizer: PreTrainedTokenizerFast, size: JanusSize) -> JanusProcessor:
    """Text and images in; pixel values in [-1, 1], as the VQ is trained."""
    images = JanusImageProcessor(
        size={"height": size.pixels, "width": size.pixels}, image_mean=[0.5] * 3, image_std=[0.5] * 3
    )
    return JanusProcessor(images, tokenizer, chat_template=CHAT_TEMPLATE, num_image_tokens=size.grid**2)


def prompt_text(processor: Any, prompt: str) -> str:
    """``prompt`` as the one user turn that the model was trained on."""
    return processor.apply_chat_template([{"role": "user", "content": prompt}], add_generation_prompt=True)
