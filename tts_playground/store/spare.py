"""Going on where nothing can be kept: a store that lasts as long as the process, for one that cannot be written."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

from tts_playground import files
from tts_playground.store.store import Store


def note(why: str) -> str:
    """What a person should know, given why nothing can be kept."""
    return f"{why} Nothing that is drawn now is kept after this program ends."


def open_store(say: Callable[[str], None]) -> Store:
    """The store, or a spare one where it cannot be written; ``say`` is told then.

    What was kept before is not read into a spare one.

    Raises:
        StoreError: the store is damaged or another program's, or a spare one cannot be made either.
    """
    store = Store()
    if not store.refusal:
        return store
    store.close()
    say(note(store.refusal))
    return spare_of(store.path)


def spare_of(path: Path) -> Store:
    """The store that stands in for the one at ``path``, empty at first; removed when the process ends.

    Raises:
        StoreError: it cannot be made.
    """
    return _spare(path, os.getpid())


@cache
def _spare(path: Path, owner: int) -> Store:
    return Store(files.own_folder("samples") / f"spare-{os.urandom(4).hex()}")
