"""What tiny:math and its process rewards are: plain Llamas, deep and narrow, since sums are done layer by layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from transformers import (
    AttentionInterface,
    GenerationConfig,
    LlamaConfig,
    LlamaForCausalLM,
    LlamaForTokenClassification,
)

from tts_playground.train.math.tokens import ASSISTANT, BOS, EOS, PAD


@dataclass(frozen=True, slots=True)
class MathSize:
    """Shape of a Llama."""

    width: int = 192
    layers: int = 8
    inner: int = 512
    """width of the gated feed-forward"""
    heads: int = 6
    key_heads: int = 2
    positions: int = 1024
    """longest text, in tokens"""


def config_of(size: MathSize, vocabulary: int, **more: Any) -> LlamaConfig:
    """Configuration of a model."""
    return LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=size.width,
        intermediate_size=size.inner,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=size.key_heads,
        max_position_embeddings=size.positions,
        bos_token_id=BOS,
        eos_token_id=EOS,
        pad_token_id=PAD,
        tie_word_embeddings=True,
        initializer_range=0.05,  # 0.02 suits widths of thousands
        **more,
    )


def build_writer(size: MathSize, vocabulary: int) -> LlamaForCausalLM:
    """A fresh tiny:math, whose ``generate`` is greedy until asked for samples."""
    model = LlamaForCausalLM(config_of(size, vocabulary))
    model.generation_config = GenerationConfig(bos_token_id=BOS, eos_token_id=EOS, pad_token_id=PAD, max_new_tokens=400)
    return model


def build_judge(size: MathSize, vocabulary: int, writer: Any = None) -> LlamaForTokenClassification:
    """A process reward; it starts from the lower layers of ``writer`` where their shapes agree.

    Label 1 is "right", label 0 "wrong"; ``prm_prompt`` says how it reads a problem (``models.prm.token_labels``).
    """
    names = {"id2label": {0: "wrong", 1: "right"}, "label2id": {"wrong": 0, "right": 1}, "prm_prompt": "chat"}
    model = LlamaForTokenClassification(config_of(size, vocabulary, num_labels=2, **names))
    if writer is not None:
        known, own = writer.model.state_dict(), model.model.state_dict()
        fitting = {name: known[name].float() for name in own if name in known and known[name].shape == own[name].shape}
        model.model.load_state_dict(own | fitting)
    return model


def _hidden(model: Any, ids: torch.Tensor, segments: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """Last hidden states [rows, length, width]; every token sees its own text up to itself."""
    if ids.is_cuda:
        return _hidden_by_row(model, ids, segments, positions)
    return _hidden_by_text(model, ids, segments)


def _hidden_by_row(model: Any, ids: torch.Tensor, segments: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """Whole rows, with a mask that keeps texts apart: shapes stay the same, and a new one costs a compilation."""
    length = ids.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool, device=ids.device).tril()
    allowed = (causal & (segments[:, None, :] == segments[:, :, None]))[:, None]
    if getattr(model.config, "_attn_implementation", None) == "eager":  # which adds its mask
        allowed = torch.zeros_like(allowed, dtype=torch.float32).masked_fill_(~allowed, -1e9)
    return model.model(input_ids=ids, attention_mask=allowed, position_ids=positions, use_cache=False).last_hidden_state


SHORT_TEXTS = "short_texts"
"""name of the attention below among those of transformers"""
GROUPS = 6
"""batches of texts of about one length that a packed batch is read in on a CPU"""


def short_texts(
    module: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: Any, scaling: float, **_: Any
) -> tuple[torch.Tensor, None]:
    """Causal attention of texts without padding before them: [texts, heads, length, width] to [texts, length, ...].

    Plain products in the dtype given: of short texts torch's own attention takes four times as long on a CPU.
    """
    query, key = query.to(value.dtype), key.to(value.dtype)  # turned by their places they are float32
    key, value = (part.repeat_interleave(query.shape[1] // part.shape[1], 1) for part in (key, value))
    later = query.new_full(2 * [query.shape[2]], float("-inf")).triu(1)
    with torch.autocast(query.device.type, enabled=False):  # which would take the softmax to float32 and back
        chances = torch.softmax((query * scaling) @ key.transpose(-1, -2) + later, -1)
        found = chances @ value
    return found.transpose(1, 2).contiguous(), None


AttentionInterface.register(SHORT_TEXTS, short_texts)


def _hidden_by_text(model: Any, ids: torch.Tensor, segments: torch.Tensor) -> torch.Tensor:
    """A text a row: on a CPU attention over long rows of short texts takes most of the time. What is padding is 0."""
    rows, length = ids.shape
    begins = segments >= 0
    begins[:, 1:] &= segments[:, 1:] != segments[:, :-1]
    starts = begins.flatten().nonzero()[:, 0]
    # texts follow each other in a row, and padding stands at its end
    sizes = torch.bincount((begins.flatten().cumsum(0) - 1)[segments.flatten() >= 0], minlength=len(starts))
    order = sizes.argsort()
    states, places = [], []
    for group in order.chunk(GROUPS):
        steps = torch.arange(int(sizes[group].max()), device=ids.device)
        real = steps < sizes[group, None]
        where = torch.where(real, starts[group, None] + steps, starts[group, None])
        # with padding at the end alone, causal attention needs no mask
        read = model.model(input_ids=ids.flatten()[where], use_cache=False).last_hidden_state
        states.append(read[real])
        places.append(where[real])
    found = torch.cat(states)
    whole = found.new_zeros(rows * length, found.shape[-1])
    return whole.index_copy(0, torch.cat(places), found).view(rows, length, -1)


def writing_loss(
    model: Any, ids: torch.Tensor, segments: torch.Tensor, positions: torch.Tensor, marks: torch.Tensor
) -> torch.Tensor:
    """Mean cross-entropy of the marked tokens of packed rows (see ``rows.PackedText``), int64 [rows, length] each."""
    hidden = _hidden(model, ids, segments, positions)[:, :-1].flatten(0, 1)
    aims, learnt = ids[:, 1:].flatten(), marks[:, 1:].flatten() > 0
    if not hidden.is_cuda:  # on CUDA a new shape costs a compilation
        hidden, aims, learnt = hidden[learnt], aims[learnt], learnt[learnt]
    losses = nn.functional.cross_entropy(model.lm_head(hidden).float(), aims, reduction="none")
    return (losses * learnt).sum() / learnt.sum().clamp(min=1)


WRITING = 0.3
"""weight, beside that of the labels, of predicting the right steps: sums are learnt from every digit of them"""


def judging_loss(
    model: Any,
    ids: torch.Tensor,
    segments: torch.Tensor,
    positions: torch.Tensor,
    marks: torch.Tensor,
    writing: float = WRITING,
) -> torch.Tensor:
    """Mean cross-entropy of the labels at the ends of steps, and ``writing`` times that of the tokens of right steps.

    Cobbe et al. 2021, "Training Verifiers": a verifier that goes on modelling the language learns more.
    """
    hidden = _hidden(model, ids, segments, positions)
    scores = model.score(hidden).float().flatten(0, 1)
    told = marks.flatten()
    losses = nn.functional.cross_entropy(scores, (told - 1).clamp(min=0), reduction="none")
    judged = (losses * (told > 0)).sum() / (told > 0).sum().clamp(min=1)
    if not writing:
        return judged
    learnt = right_steps(ids, segments, marks)
    words = nn.functional.linear(hidden[:, :-1][learnt], model.model.embed_tokens.weight).float()
    return judged + writing * nn.functional.cross_entropy(
        words, ids[:, 1:][learnt], reduction="sum"
    ) / learnt.sum().clamp(min=1)


def right_steps(ids: torch.Tensor, segments: torch.Tensor, marks: torch.Tensor) -> torch.Tensor:
    """bool [rows, length - 1]: whether the next token belongs to a step that is right, as all before it are."""
    # a text's solution begins behind its only turn of the assistant
    begun = (ids == ASSISTANT).cumsum(1) > segments
    # the label of the step that a token stands in is the next one
    places = torch.arange(ids.shape[1], device=ids.device).expand_as(ids)
    ends = torch.where(marks > 0, places, ids.shape[1] - 1).flip(1).cummin(1).values.flip(1)
    label = marks.gather(1, ends)
    return begun[:, :-1] & (segments[:, :-1] == segments[:, 1:]) & (segments[:, 1:] >= 0) & (label[:, 1:] == 2)
