"""Starter pools: what every tab opens on before any model is loaded. Read-only, shipped as parquet with the package."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tts_playground import home
from tts_playground.errors import BadInput, CannotDo, UnknownName
from tts_playground.runs import parquet
from tts_playground.runs.pool import PoolView, Snapshot

LIMIT = 6_000_000
"""bytes a file may have"""


def names() -> list[str]:
    """The starters there are, by the name of their tab."""
    return sorted(file.stem for file in home.STARTERS.glob("*.parquet"))


@cache
def load(name: str) -> tuple[Snapshot, ...]:
    """The pools of one tab in memory, read once; one pool per prompt, in the order in which they were written."""
    if name not in names():
        if not names():
            raise CannotDo(f"No starter pools are installed in {home.STARTERS}; install the package again.")
        raise UnknownName("starter", name, names())
    return tuple(parquet.read(home.STARTERS / f"{name}.parquet"))


def write(name: str, pools: Sequence[PoolView], folder: Path = home.STARTERS) -> Path:
    """Write a starter; for the scripts that draw them.

    Raises:
        BadInput: the file would be over ``LIMIT``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.parquet"
    trial = file.with_suffix(".trial")
    try:
        parquet.write(pools, trial)
        size = trial.stat().st_size
        if size > LIMIT:
            raise BadInput(f"The starter {name!r} takes {size / 1e6:.1f} MB of the {LIMIT / 1e6:.0f} MB allowed.")
        trial.replace(file)
    finally:
        trial.unlink(missing_ok=True)
    load.cache_clear()
    return file
