"""Fine-tuning on a page: rows that are held back say, before and after, whether the model has learned."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tts_playground.errors import BadInput, plural
from tts_playground.models import finetune_loading
from tts_playground.models.adapters import MARK
from tts_playground.train.finetune.adapting import save
from tts_playground.train.finetune.collating import collator
from tts_playground.train.finetune.trainer import Tuning, Watch, conversations, finetune

STEPS = 24
"""steps of a run, at least: fewer show nothing"""
EACH = 5
"""every so many-th row is held back"""
SURE = 0.02
"""share by which a loss has to change to be called another"""


def split(rows: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """(rows to learn from, rows held back); of fewer than ``EACH`` none is held back."""
    kept = list(rows[EACH - 1 :: EACH])
    return [row for place, row in enumerate(rows) if place % EACH != EACH - 1], kept


def loss_of(model: Any, processor: Any, rows: Sequence[Mapping[str, Any]], batch: int = 16) -> float:
    """Mean cross-entropy of the programs' tokens in nats; nan where there are no rows."""
    import torch

    data, together = conversations(processor, list(rows)), collator(processor)
    total, tokens = 0.0, 0
    with torch.no_grad():
        for start in range(0, len(data), batch):
            given = together(data[start : start + batch])
            number = int((given["labels"] != -100).sum())
            given = {name: one.to(model.device) if hasattr(one, "to") else one for name, one in given.items()}
            total, tokens = total + float(model(**given).loss) * number, tokens + number
    return total / tokens if tokens else math.nan


def learned(
    base: str, name: str, rows: Sequence[Mapping[str, Any]], note: str, watch: Watch
) -> tuple[str, float, float, int]:
    """(adapter, held-out loss before, after, rows held back); the adapter is saved as ``name``.

    Raises:
        BadInput: the base is an adapter itself, or there are no rows.
        ModelUnavailable: the model or a package is missing. Cancelled: ``watch`` stopped it.
    """
    if base.startswith(MARK):
        raise BadInput("An adapter is trained on a plain model; give the adapter's base instead.")
    used, kept = split(rows)
    opened = finetune_loading.open_model(base, "auto")
    before = loss_of(opened.model, opened.processor, kept)
    tuning = Tuning(epochs=max(1, math.ceil(STEPS / math.ceil(len(used) / Tuning().batch))))
    tuned = finetune(opened.model, opened.processor, used, tuning, watch)
    return save(tuned, name, base, note).name, before, loss_of(tuned.model, opened.processor, kept), len(kept)


def verdict(before: float, after: float, kept: int) -> str:
    """Whether it has learned, in a sentence; "" where nothing was held back."""
    if not kept:
        return ""
    change = (after - before) / before
    told = "It has learned" if change < -SURE else "It has become worse" if change > SURE else "It has hardly learned"
    how = "fell" if after < before else "rose"
    return (
        f"{told}: on {plural(kept, 'program')} that it was not shown, the loss {how} from {before:.2f} to {after:.2f}."
    )
