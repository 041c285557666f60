"""Pools on many machines: workers draw and score in stores of their own, and what they made enters this one.

The result is an ordinary pool: pages, ``pools``, ``score`` and later draws in one process read it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

from tts_playground import home
from tts_playground.cluster import chunks, places
from tts_playground.cluster.ray_room import ClusterOptions
from tts_playground.cluster.work import Done
from tts_playground.core import Cost
from tts_playground.store.plain_pools import from_plain, to_plain
from tts_playground.store.pool import PoolView, Snapshot
from tts_playground.store.store import Store


def folder_of(name: str, facts: Mapping[str, Any], options: ClusterOptions) -> str:
    """Where the workers of a job write: what ``options`` say, or a folder below the data folder that is its own."""
    if options.chunks:
        return options.chunks
    digest = hashlib.blake2b(json.dumps(dict(facts), sort_keys=True).encode(), digest_size=6).hexdigest()
    return str(home.home() / "chunks" / f"{name}_{digest}")


@contextmanager
def own_store() -> Iterator[Store]:
    """A store that a worker draws into, gone afterwards; so its rows are those of one process that draws the same."""
    with TemporaryDirectory(prefix="tts-playground-worker-") as folder, Store(folder) as store:
        yield store


def as_row(store: Store, pool: PoolView) -> tuple[dict[str, Any], Cost]:
    """(a pool as a row, what its samples cost); it leaves the store, which stays small."""
    found = to_plain(pool)
    store.delete(pool.key)
    return found


def keep(
    folder: str, keys: Iterable[str], store: Store, hear: Callable[[str, Mapping[str, Any], Snapshot], None]
) -> dict[str, str]:
    """Put what workers drew into the store, a file of chunks at a time; samples that it has already stay as they are.

    Args:
        hear: told (key, row, its pool) of each.

    Returns:
        Why, of each key that has no row.

    Raises:
        BadInput: keys are missing, or rows of one key differ. CannotDo, StoreError: something cannot be read or
            written.
    """
    place, wanted = places.opened(folder), dict.fromkeys(keys)
    done, _ = chunks.merged(place, wanted, rows=False)
    failed = {one.key: one.why for one in done if one.row is None}
    left = wanted.keys() - failed.keys()
    for _, _, made in chunks.each(place, times=True):
        for one in made:
            if one.key in left and one.row is not None:
                left -= {one.key}
                pool = from_plain(one.row["pool"], one.cost.seconds)
                store.add(pool)
                hear(one.key, one.row, pool)
    return failed


def not_done(key: str, error: Exception, hopeless: bool) -> Done:
    """A key that an error of this library ended."""
    return Done(key, None, why=str(error).removesuffix("."), hopeless=hopeless)
