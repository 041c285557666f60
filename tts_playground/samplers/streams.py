"""From a stream of reports to the samples in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tts_playground.core import Progress, Sample


def in_order(reports: Iterable[Progress], indices: Sequence[int]) -> Iterator[Sample]:
    """The finished samples of a stream in the order of ``indices``, each as soon as those before it are there."""
    came: dict[int, Sample] = {}
    wanted = iter(indices)
    index = next(wanted, None)
    for report in reports:
        came.update((sample.index, sample) for sample in report.finished)
        while index is not None and index in came:
            yield came.pop(index)
            index = next(wanted, None)
