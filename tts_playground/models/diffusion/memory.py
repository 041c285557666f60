"""What a scheduler of several steps remembers of each sample, taken out of it and put back, so that paths can fork."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

TABLES = frozenset(
    {"sigmas", "timesteps", "betas", "alphas", "alphas_cumprod", "alpha_t", "sigma_t", "lambda_t", "_timesteps"}
)
"""tensors that belong to the schedule and not to a sample"""


def remembered(scheduler: Any, count: int) -> list[dict[str, Any]]:
    """For each of ``count`` samples of a batch, what the scheduler has kept since its timesteps were set."""
    held = {name: value for name, value in vars(scheduler).items() if name not in TABLES and _grows(value, count)}
    return [{name: _row(value, place, count) for name, value in held.items()} for place in range(count)]


def recall(scheduler: Any, memories: Sequence[dict[str, Any]]) -> None:
    """Put back what was kept of the samples of a batch, all of which have taken as many steps."""
    for name in memories[0] if memories else ():
        setattr(scheduler, name, _joined([memory[name] for memory in memories]))


def _grows(value: Any, count: int) -> bool:
    """Whether a value may change from step to step: counters, tensors of the batch, lists of them."""
    if isinstance(value, bool) or value is None:
        return True
    if isinstance(value, (int, float)):
        return True
    if isinstance(value, list):
        return all(one is None or isinstance(one, (int, float)) or _grows(one, count) for one in value)
    return _batched(value, count) or getattr(value, "ndim", -1) == 0


def _batched(value: Any, count: int) -> bool:
    return hasattr(value, "ndim") and value.ndim >= 2 and value.shape[0] == count


def _row(value: Any, place: int, count: int) -> Any:
    if isinstance(value, list):
        return [_row(one, place, count) for one in value]
    return value[place : place + 1].clone() if _batched(value, count) else value


def _joined(rows: Sequence[Any]) -> Any:
    import torch

    first = rows[0]
    if isinstance(first, list):
        return [_joined([row[i] for row in rows]) for i in range(len(first))]
    return torch.cat(list(rows)) if hasattr(first, "ndim") and first.ndim >= 2 else first
