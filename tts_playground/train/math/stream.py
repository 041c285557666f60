"""Batches of packed text on the device, made ahead by worker processes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from typing import Any

import torch

from tts_playground.train.common.data_workers import data_workers
from tts_playground.train.math.rows import PackedText


class TextStream:
    """Batch ``step`` as tensors (ids, segments, positions, marks), int64 [rows, length] each.

    With ``again`` = 2 every batch that was made comes twice, the second time ``lag`` batches later: for a GPU that
    learns faster than the workers write.
    """

    def __init__(
        self, make: Callable[[int], PackedText], workers: int, device: torch.device, *, again: int = 1, lag: int = 64
    ) -> None:
        self.make, self.workers, self.device, self.again, self.lag = make, workers, device, again, lag
        self._source: Generator[PackedText] | None = None
        self._next = 0
        self._kept: deque[tuple[int, PackedText]] = deque(maxlen=lag + 2 if again > 1 else 2)

    def batch(self, step: int) -> tuple[torch.Tensor, ...]:
        """The tensors of this step; steps rise by one, after a first one anywhere."""
        number, second = divmod(step, self.again)
        if self._source is None:
            self._next = max(0, number - self.lag) if self.again > 1 else number
            self._source = data_workers(self.make, self._next, workers=self.workers, ahead=3)
        while self._next <= number:
            self._kept.append((self._next, next(self._source)))
            self._next += 1
        wanted = number if not second else number - self.lag if number >= self.lag else number // 2
        return self.tensors(next(packed for place, packed in self._kept if place == wanted))

    def tensors(self, packed: PackedText) -> tuple[torch.Tensor, ...]:
        """On the device."""
        parts = (packed.ids, packed.segments, packed.positions, packed.marks)
        return tuple(self._move(part).long() for part in parts)

    def _move(self, array: Any) -> torch.Tensor:
        held = torch.from_numpy(array)
        return (held.pin_memory() if self.device.type == "cuda" else held).to(self.device, non_blocking=True)

    def close(self) -> None:
        """End the worker processes."""
        if self._source is not None:
            self._source.close()
