"""From a stream of reports to the samples in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tts_playground.core import Progress, Sample, Sampler, StreamingSampler


class InOrder:
    """Puts samples that finish in any order back into the order in which they were asked for."""

    def __init__(self, indices: Iterable[int]) -> None:
        self.count = 0
        """samples that have come"""
        self._came: dict[int, Sample] = {}
        self._wanted = iter(indices)
        self._next = next(self._wanted, None)

    def put(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        """Take in finished samples; yield each one whose predecessors are there, too."""
        for sample in samples:
            self._came[sample.index] = sample
            self.count += 1
        while self._next is not None and self._next in self._came:
            yield self._came.pop(self._next)
            self._next = next(self._wanted, None)


def in_order(reports: Iterable[Progress[Sample]], indices: Sequence[int]) -> Iterator[Sample]:
    """The finished samples of a stream in the order of ``indices``, each as soon as those before it are there."""
    waiting = InOrder(indices)
    for report in reports:
        yield from waiting.put(report.finished)


def reports(sampler: Sampler, task: Any, indices: Sequence[int], *, seed: int = 0) -> Iterator[Progress[Sample]]:
    """What a sampler reports while it draws; of one that does not stream, every sample as it comes."""
    if isinstance(sampler, StreamingSampler):
        yield from sampler.stream(task, indices, seed=seed)
        return
    for done, sample in enumerate(sampler.draw(task, indices, seed=seed), 1):
        yield Progress((sample,), share=done / len(indices))
