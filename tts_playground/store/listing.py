"""What ``pools list`` says of a store: every pool on its own, so that a damaged one hides no other."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tts_playground.errors import StoreError
from tts_playground.store.sqlite_file import translated
from tts_playground.store.stored import Holder, StoredPool

_COUNTS = """SELECT count(*), coalesce(sum(bytes), 0),
    coalesce(sum(idx < 0 OR codec NOT IN ('text', 'program', 'image') OR (content IS NULL) = (blob IS NULL)
        OR length(blob) <> 64 OR blob GLOB '*[^0-9a-f]*'), 0)
    FROM samples WHERE pool = CAST(? AS TEXT)"""
HEAD = """SELECT CAST(kind AS BLOB), CAST(task AS BLOB), CAST(sampler AS BLOB), created
    FROM pools WHERE key = CAST(? AS TEXT)"""


@dataclass(frozen=True, slots=True)
class PoolInfo:
    """One line of ``pools list``."""

    key: str
    kind: str
    title: str
    samples: int
    bytes: int
    """of contents; pictures that several samples share count for each"""
    created: float
    """seconds since 1970"""
    damage: str = ""
    """what is wrong with it; "" where it can be read"""
    checkpoint: str = ""
    """what drew it, in words; "" where it names no model"""

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name, for JSON."""
        return asdict(self)


def keys(connection: sqlite3.Connection) -> list[bytes]:
    """The key of every pool; a key is text, but who knows what is in a file."""
    return [bytes(row[0] or b"") for row in connection.execute("SELECT CAST(key AS BLOB) FROM pools")]


def texts(cells: Iterable[Any]) -> list[str]:
    """Cells that were read as bytes, as text, whatever is in them."""
    return [bytes(cell or b"").decode(errors="replace") for cell in cells]


def listed(store: Holder) -> list[PoolInfo]:
    """Every pool, the newest first.

    Raises:
        StoreError: the list of pools itself is damaged.
    """
    with store.database.read() as connection:
        found = [_info(store, connection, key) for key in keys(connection)]
    return sorted(found, key=lambda info: (-info.created, info.key))


def _info(store: Holder, connection: sqlite3.Connection, key: bytes) -> PoolInfo:
    info = PoolInfo(key.decode(errors="replace"), "", "(damaged)", 0, 0, 0.0)
    try:
        with translated(Path("pools.sqlite")):
            *head, created = connection.execute(HEAD, (key,)).fetchone() or (b"", b"", b"", 0.0)
            if isinstance(created, (int, float)) and math.isfinite(created):
                info = replace(info, created=float(created))
            kind, task, sampler = texts(head)
            info = replace(info, kind=kind)
            pool = StoredPool(store, kind, task, sampler, info.key)
            info = replace(info, title=pool.title, checkpoint=pool.checkpoint)
            count, size, odd = connection.execute(_COUNTS, (key,)).fetchone()
            damage = f"{odd} of its samples cannot be read" if odd else ""
            return replace(info, samples=count, bytes=size, damage=damage)
    except StoreError as error:
        cause = error.__cause__ if isinstance(error.__cause__, sqlite3.Error) else error
        return replace(info, damage=str(cause))
