"""What is done by many workers: a job is keys with what belongs to each, and whoever holds the models makes its rows.

A row depends on its key and the job alone: any worker may make it, twice if need be, and it is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from time import sleep
from typing import Any, Protocol

from tts_playground.core import Cost

Cancel = Callable[[], bool]
"""asked after every step; True ends the work"""
IDLE = 0.02
"""seconds before keys that may come are looked for again"""
Item = tuple[str, Any]
"""a key, and what its row is made of"""


@dataclass(frozen=True, slots=True)
class Done:
    """A key with its row, or with why it has none."""

    key: str
    row: Mapping[str, Any] | None
    """plain values, as JSON has them"""
    cost: Cost = field(default=Cost())
    why: str = ""
    """of a key without a row: one sentence"""
    hopeless: bool = False
    """of a key without a row: the machine or a model is at fault rather than the key"""


class Maker(Protocol):
    """Makes rows; loaded once in each worker, where it holds the models."""

    def facts(self) -> Mapping[str, Any]:
        """What decides its rows besides the job: versions of models. Equal in all workers."""
        ...

    def run(self, items: Iterator[Item | None], cancel: Cancel) -> Iterator[Done | None]:
        """Each key as it is done, in any order, and None whenever something came a step further.

        Args:
            items: read as others end; None says that there is none now, and may be later.

        Raises:
            Cancelled: ``cancel()`` became true.
        """
        ...


@dataclass(frozen=True)
class ClusterJob:
    """What is to be done."""

    name: str
    """one word for files and messages: "recipe" """
    facts: Mapping[str, Any]
    """what decides the rows; rows of other facts are never mixed in"""
    items: Mapping[str, Any]
    """key -> what its row is made of, in the order of the result"""
    load: Callable[[], Maker]
    """called in each worker; must be importable there"""
    batch: int = 64
    """keys that a worker may hold at once"""
    part: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """what these keys are of a larger whole, for who joins parts: its "name", and what else is to be known then"""


def gathered(items: Iterator[Item | None], most: int) -> Iterator[list[Item] | None]:
    """Items in lists of at most ``most``, as many as there are at once; None where there are none now."""
    for one in items:
        if one is None:
            yield None
            sleep(IDLE)
            continue
        found = [one]
        for more in items:
            if more is None:
                break
            found.append(more)
            if len(found) == most:
                break
        yield found
