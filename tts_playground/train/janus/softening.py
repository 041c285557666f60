"""The distribution that tiny:janus is taught, so that temperature and guidance do on it what they do on a large model.

A small world is almost deterministic given its prompt, so a model that learns it as it is has conditional logits far
from the unconditional ones, and guidance (Ho and Salimans 2022) multiplies what is noise in the tail. A model of the
web listens to its prompt more weakly. Here a teacher's conditional logits c are pulled back to its unconditional ones
u, ``u + a (c - u)`` with strength a, so that guidance s on the result is guidance ``a s`` on the teacher; and a part e
of the probability goes to all codes alike, so that hot draws break and truncation repairs them.
"""

from __future__ import annotations

import math

import torch
from torch.nn import functional

GUIDANCE = 5.0
"""the scale that the softened model is made for, Janus-Pro's default (Chen et al. 2025)"""


def floored(logits: torch.Tensor, floor: float) -> torch.Tensor:
    """Log-probabilities [..., V] of ``(1 - floor) softmax(logits) + floor / V``."""
    logs = logits.log_softmax(-1)
    if floor == 0:
        return logs
    even = torch.full_like(logs, math.log(floor / logits.shape[-1]))
    return torch.logaddexp(logs + math.log1p(-floor), even)


def softened(cond: torch.Tensor, uncond: torch.Tensor, strength: float, floor: float) -> torch.Tensor:
    """What the conditional rows are taught: log-probabilities [..., V] from the teacher's logits [..., V]."""
    return floored(torch.lerp(uncond, cond, strength), floor)


def guided(cond: torch.Tensor, uncond: torch.Tensor, scale: torch.Tensor | float) -> torch.Tensor:
    """Log-probabilities [..., V] under guidance ``scale``, a number or a tensor that broadcasts to [..., V]."""
    return (uncond + scale * (cond - uncond)).log_softmax(-1)


def divergence(target: torch.Tensor, learned: torch.Tensor) -> torch.Tensor:
    """Mean Kullback-Leibler divergence in nats a token, of log-probabilities [..., V] each."""
    each = functional.kl_div(learned, target, reduction="none", log_target=True).sum(-1)
    return each.mean()
