"""Starter pools: what every tab opens on before any model is loaded. Read-only, shipped as parquet with the package."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tts_playground import files, home
from tts_playground.core import Reward, Sampler, Task
from tts_playground.core.scores import scores_of
from tts_playground.errors import BadInput, CannotDo, UnknownName
from tts_playground.store import parquet
from tts_playground.store.pool import PoolView, Snapshot
from tts_playground.store.rows import canonical, decode, encode

LIMIT = 6_000_000
"""bytes a file may have"""


def names() -> list[str]:
    """The starters there are, by the name of their tab."""
    return sorted(file.stem for file in home.STARTERS.glob("*.parquet"))


@cache
def load(name: str) -> tuple[Snapshot, ...]:
    """The pools of one tab in memory, read once; one pool per prompt, in the order in which they were written.

    Raises:
        UnknownName: no starter of this name.
        CannotDo: no starters are installed.
    """
    if name not in names():
        if not names():
            raise CannotDo(f"No starter pools are installed in {home.STARTERS}; install the package again.")
        raise UnknownName("starter", name, names())
    return tuple(parquet.read(home.STARTERS / f"{name}.parquet"))


def draw(task: Task, sampler: Sampler, rewards: Sequence[Reward], n: int, *, seed: int = 0) -> Snapshot:
    """A pool in memory: ``n`` samples, scored by every reward. Equal to what the store would hold."""
    rows = tuple(encode(sample) for sample in sampler.draw(task, range(n), seed=seed))
    samples = [decode(row) for row in rows]
    scores = {
        (reward.name, reward.revision): {
            (row.seed, row.index): score for row, score in zip(rows, scores_of(reward, task, samples), strict=True)
        }
        for reward in rewards
    }
    task_key, fingerprint = (json.loads(canonical(facts)) for facts in (task.key(), sampler.fingerprint()))
    return Snapshot(task.kind, task_key, fingerprint, rows, scores)


def write(name: str, pools: Sequence[PoolView], folder: Path = home.STARTERS) -> Path:
    """Write a starter; for the scripts that draw them.

    Raises:
        BadInput: the file would be over ``LIMIT``.
    """
    file = files.make_folder(folder) / f"{name}.parquet"
    with files.whole(file, "The starter") as partial:
        parquet.write(pools, partial)
        size = partial.stat().st_size
        if size > LIMIT:
            raise BadInput(f"The starter {name!r} takes {size / 1e6:.1f} MB of the {LIMIT / 1e6:.0f} MB allowed.")
    load.cache_clear()
    return file
