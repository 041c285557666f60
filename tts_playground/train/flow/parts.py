"""What tiny:flow is made of: the classes of SANA (Xie et al. 2025) and a text tower of CLIP, small."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from tts_playground import files
from tts_playground.errors import BadInput
from tts_playground.models.diffusion.library import library
from tts_playground.train.clip.parts import LONGEST, build_tokenizer

STEPS, GUIDANCE = 12, 3.0
"""denoising steps and guidance that suit it"""
SHIFT = 1.0
"""of the schedule of noise levels (Esser et al. 2024): a picture has 64 tokens, too few to move it towards noise"""


@dataclass(frozen=True)
class FlowSize:
    """Shape of the pipeline; the defaults are the one that ships."""

    width: int = 128
    layers: int = 7
    heads: int = 4
    mlp: float = 2.25
    text_width: int = 128
    text_layers: int = 2
    text_heads: int = 4
    latent: int = 8
    """numbers in one of the 8 x 8 latent tokens"""
    encoder: tuple[int, ...] = (32, 32, 64, 64)
    encoder_layers: tuple[int, ...] = (0, 1, 1, 0)
    decoder: tuple[int, ...] = (32, 32, 64, 64)
    decoder_layers: tuple[int, ...] = (0, 2, 2, 1)
    grid: int = 8


SHIPPED = FlowSize()
MINIATURE = FlowSize(
    width=32,
    layers=2,
    heads=2,
    mlp=1.0,
    text_width=32,
    text_layers=1,
    text_heads=2,
    encoder=(8, 8, 16, 16),
    decoder=(8, 8, 16, 16),
    decoder_layers=(0, 1, 1, 1),
)


@cache
def tokenizer() -> CLIPTokenizer:
    """The tokenizer of tiny:clip."""
    return build_tokenizer()


def build_autoencoder(size: FlowSize) -> Any:
    """A fresh deep compression autoencoder, 64 px to 8 x 8."""
    plain = ((),) * len(size.encoder)
    return library().AutoencoderDC(
        latent_channels=size.latent,
        encoder_block_out_channels=size.encoder,
        decoder_block_out_channels=size.decoder,
        encoder_layers_per_block=size.encoder_layers,
        decoder_layers_per_block=size.decoder_layers,
        encoder_qkv_multiscales=plain,
        decoder_qkv_multiscales=plain,
        upsample_block_type="interpolate",
    )


def build_text_encoder(size: FlowSize) -> CLIPTextModel:
    """A fresh text tower, in the shape of tiny:clip's where it is not a miniature."""
    words: Any = tokenizer()
    config = CLIPTextConfig(
        vocab_size=len(words),
        hidden_size=size.text_width,
        intermediate_size=4 * size.text_width,
        num_hidden_layers=size.text_layers,
        num_attention_heads=size.text_heads,
        max_position_embeddings=LONGEST,
        projection_dim=size.text_width,
        hidden_act="gelu",
        bos_token_id=words.bos_token_id,
        eos_token_id=words.eos_token_id,
        pad_token_id=words.pad_token_id,
    )
    return CLIPTextModel(config)


def build_transformer(size: FlowSize) -> Any:
    """A fresh SANA transformer, with the normalized queries and keys of SANA-1.5."""
    head = size.width // size.heads
    return library().SanaTransformer2DModel(
        in_channels=size.latent,
        out_channels=size.latent,
        num_attention_heads=size.heads,
        attention_head_dim=head,
        num_layers=size.layers,
        num_cross_attention_heads=size.heads,
        cross_attention_head_dim=head,
        cross_attention_dim=size.width,
        caption_channels=size.text_width,
        mlp_ratio=size.mlp,
        sample_size=size.grid,
        interpolation_scale=1.0,
        qk_norm="rms_norm_across_heads",
    )


def build_pipeline(autoencoder: Any, text_encoder: Any, transformer: Any) -> Any:
    """The parts as one ``SanaPipeline`` that follows the straight flow by Euler's steps."""
    diffusers = library()
    pipeline = diffusers.SanaPipeline(
        tokenizer=tokenizer(),
        text_encoder=text_encoder,
        vae=autoencoder,
        transformer=transformer,
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=SHIFT),
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def fresh_pipeline(size: FlowSize) -> Any:
    """A pipeline of random weights."""
    return build_pipeline(build_autoencoder(size), build_text_encoder(size), build_transformer(size))


def load_pipeline(folder: Path, dtype: torch.dtype = torch.float32) -> Any:
    """The tiny:flow in a folder.

    Raises:
        BadInput: there is none.
    """
    if not (folder / "model_index.json").is_file():
        raise BadInput(f"There is no pipeline in {folder}; give the folder of a trained tiny-flow.")
    pipeline = library().SanaPipeline.from_pretrained(folder, dtype=dtype, use_safetensors=True, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def save_half(pipeline: Any, out: Path) -> None:
    """Save in bfloat16; the pipeline given is moved to it."""
    with files.filling(out, "The checkpoint") as partial:
        pipeline.to("cpu", torch.bfloat16).save_pretrained(partial, safe_serialization=True)
        suits = {"num_inference_steps": STEPS, "guidance_scale": GUIDANCE}
        (partial / "generation_config.json").write_text(json.dumps(suits, indent=1) + "\n", encoding="utf-8")


@torch.no_grad()
def draw(
    pipeline: Any, texts: list[str], *, steps: int = STEPS, guidance: float = GUIDANCE, seed: int = 0
) -> torch.Tensor:
    """Pictures by the pipeline's own call: uint8 [n, 64, 64, 3]."""
    device, config = pipeline.device, pipeline.transformer.config
    shape = (len(texts), config.in_channels, config.sample_size, config.sample_size)
    noise = torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(device)
    side = config.sample_size * pipeline.vae_scale_factor
    pixels = pipeline(
        prompt=texts,
        height=side,
        width=side,
        latents=noise,
        num_inference_steps=steps,
        guidance_scale=guidance,
        complex_human_instruction=None,
        use_resolution_binning=False,
        max_sequence_length=LONGEST,
        output_type="pt",
    ).images
    return (pixels.float() * 255).round().to(torch.uint8).permute(0, 2, 3, 1)
