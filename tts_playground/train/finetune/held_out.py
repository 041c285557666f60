"""How surprised a model is by programs that it does not learn from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tts_playground.estimators.intervals import paired
from tts_playground.train.finetune.collating import collator
from tts_playground.train.finetune.trainer import conversations

Losses = Sequence[tuple[float, int]]
"""of each row: the mean cross-entropy of its program's tokens in nats, and how many those are"""


def losses_of(model: Any, processor: Any, rows: Sequence[Mapping[str, Any]]) -> list[tuple[float, int]]:
    """The loss of every row on its own, so that two models can be compared row by row."""
    import torch

    together, found = collator(processor), []
    with torch.no_grad():
        for row in conversations(processor, list(rows)):
            given = together([row])
            number = int((given["labels"] != -100).sum())
            given = {name: one.to(model.device) if hasattr(one, "to") else one for name, one in given.items()}
            found.append((float(model(**given).loss), number))
    return found


def loss_of(losses: Losses) -> float:
    """Mean cross-entropy of all programs' tokens in nats; nan where there are no rows."""
    tokens = sum(number for _, number in losses)
    return sum(loss * number for loss, number in losses) / tokens if tokens else math.nan


def change(before: Losses, after: Losses) -> dict[str, Any]:
    """The fact "held_out" of an adapter; "low" and "high" are the ends of the mean change of a row's loss."""
    moved = paired([loss for loss, _ in after], [loss for loss, _ in before])
    ends = {"low": moved.low, "high": moved.high}
    return {"rows": len(before), "before": loss_of(before), "after": loss_of(after), **ends}
