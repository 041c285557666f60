"""How surprised a model is by programs that it does not learn from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tts_playground.train.finetune.collating import collator
from tts_playground.train.finetune.trainer import conversations


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
