"""Packed batches on the device, made ahead by worker processes; batch ``step`` is the same whenever it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from tts_playground.train.common.data_workers import data_workers
from tts_playground.train.vlm.tokens import PackedTokens


class Stream:
    """Batches of chunks: chunk ``i`` is ``make(i)``, ``views`` batches with the same pictures."""

    def __init__(
        self, make: Callable[[int], list[PackedTokens]], views: int, workers: int, device: torch.device
    ) -> None:
        self.make, self.views, self.workers, self.device = make, views, workers, device
        self._chunks: Iterator[list[PackedTokens]] | None = None
        self._number = -1
        self.chunk: list[PackedTokens] = []
        """the one that the last batch came from"""
        self._images = torch.empty(0)

    def batch(self, step: int) -> tuple[torch.Tensor, ...]:
        """The tensors of ``packed_loss`` for this step; steps may repeat or rise by one, after a first one anywhere."""
        number, view = divmod(step, self.views)
        if self._chunks is None:
            self._chunks = data_workers(self.make, number, workers=self.workers, ahead=2)
            self._number = number - 1
        while self._number < number:
            self.chunk, self._number = next(self._chunks), self._number + 1
            self._images = self._move(self.chunk[0].images)
        packed = self.chunk[view]
        rest = (packed.ids, packed.segments, packed.positions)
        return self._images, *(self._move(part).long() for part in rest), self._move(packed.weights)

    def _move(self, array: Any) -> torch.Tensor:
        return torch.from_numpy(array).to(self.device, non_blocking=True)

    def close(self) -> None:
        """End the worker processes."""
        close = getattr(self._chunks, "close", None)
        if close is not None:
            close()
