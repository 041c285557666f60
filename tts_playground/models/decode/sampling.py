"""The maths of one image token, as pure functions of tensors: guidance, truncation, the draw, and what to report.

Shapes: N rows (images), V codebook entries. Settings are per row, so that a whole temperature x guidance sweep is one
batch. Guidance for autoregressive tokens is ``uncond + s (cond - uncond)``, then ``softmax(l / T)``, then top-k, then
top-p. A draw is ``argmax(l / T + g)`` with Gumbel noise g (Gumbel 1954; Maddison et al. 2014), exact and batch-free.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """Per-row sampling settings as tensors on the model's device."""

    temperature: Tensor
    """float32 [N]; 0 is greedy"""
    cfg: Tensor
    """float32 [N]; 1 means no guidance"""
    top_k: Tensor
    """int64 [N]; V (or more) keeps all"""
    top_p: Tensor
    """float32 [N] in (0, 1]; 1 keeps all"""
    truncates: bool
    """whether any row uses top-k or top-p: without, no sort is made"""


@dataclass(frozen=True, slots=True)
class DrawnToken:
    """What one position of every row came to."""

    token: Tensor
    """int64 [N]"""
    logprob: Tensor
    """float32 [N], natural log of the token's probability under the distribution it was drawn from"""
    entropy: Tensor
    """float32 [N], nats, of that distribution"""


def guide(cond: Tensor, uncond: Tensor, cfg: Tensor) -> Tensor:
    """Classifier-free guidance: [N, V] from conditional and unconditional logits [N, V] and scales [N]."""
    return uncond + cfg[:, None] * (cond - uncond)


def scale(logits: Tensor, temperature: Tensor) -> Tensor:
    """``(logits - max) / T``, [N, V]. Taking the maximum away first keeps T = 0.0001 exact near the top.

    Rows with T = 0 become greedy: 0 at the maximum, minus infinity elsewhere.
    """
    top = logits - logits.amax(-1, keepdim=True)
    hot = temperature[:, None].clamp_min(1e-30)
    return (top / hot).clamp_min(-1e30)


def truncate(scaled: Tensor, top_k: Tensor, top_p: Tensor) -> Tensor:
    """Top-k, then top-p (Holtzman et al. 2020) on what is left; removed entries become minus infinity.

    Args:
        scaled: float32 [N, V], logits over temperature.
        top_k: int64 [N]; entries that tie with the k-th stay.
        top_p: float32 [N]; the smallest set of the most likely tokens with at least this probability stays.
    """
    ordered, order = scaled.sort(dim=-1, descending=True, stable=True)
    kth = ordered.gather(-1, (top_k.clamp(1, scaled.shape[-1]) - 1)[:, None])
    ordered = ordered.masked_fill(ordered < kth, float("-inf"))
    before = ordered.softmax(-1).cumsum(-1).roll(1, -1)
    before[:, 0] = 0.0
    ordered = ordered.masked_fill((before >= top_p[:, None]) & (top_p[:, None] < 1), float("-inf"))
    return ordered.new_full(ordered.shape, float("-inf")).scatter(-1, order, ordered)


def distribution(cond: Tensor, uncond: Tensor | None, knobs: SamplingParams) -> Tensor:
    """Log-weights whose softmax is the sampling distribution, float32 [N, V]; ``uncond`` None means no guidance."""
    logits = cond if uncond is None else guide(cond, uncond, knobs.cfg)
    scaled = scale(logits.float(), knobs.temperature)
    return truncate(scaled, knobs.top_k, knobs.top_p) if knobs.truncates else scaled


def choose(weights: Tensor, noise: Tensor) -> DrawnToken:
    """Draw one token per row: weights [N, V] as ``distribution`` gives them, noise [N, V] standard Gumbel."""
    token = (weights + noise).argmax(-1)
    logprobs = weights.log_softmax(-1)
    chosen = logprobs.gather(-1, token[:, None])[:, 0]
    probs = logprobs.exp()
    entropy = -(probs * logprobs.clamp_min(-1e30)).sum(-1)
    return DrawnToken(token, chosen, entropy)


@dataclass(frozen=True, slots=True)
class TopTokens:
    """The likeliest tokens of one position under the sampling distribution, and what each part says of them."""

    tokens: Tensor
    """int64 [k], most probable under guidance first"""
    conditional: Tensor
    unconditional: Tensor
    guided: Tensor
    """float32 [k] each: probabilities; conditional and unconditional at temperature 1, guided with all settings"""
    entropy: float
    """nats, of the guided distribution"""


def top_tokens(cond: Tensor, uncond: Tensor, knobs: SamplingParams, k: int = 20) -> TopTokens:
    """The ``k`` likeliest tokens of one position: cond and uncond are logits [V], knobs have one row."""
    weights = distribution(cond[None], uncond[None], knobs)
    probs = weights.softmax(-1)[0]
    guided, tokens = probs.topk(min(k, probs.numel()))
    entropy = float(-(probs * probs.clamp_min(1e-45).log()).sum())
    return TopTokens(tokens, cond.float().softmax(-1)[tokens], uncond.float().softmax(-1)[tokens], guided, entropy)
