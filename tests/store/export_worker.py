"""A process of its own for tests of files: `export_worker.py FILE ROWS TIMES` exports a pool again and again."""

from __future__ import annotations

import sys
from pathlib import Path

from tts_playground.core import Sample
from tts_playground.store import parquet, starters
from tts_playground.testing import TextTask


class Numbers:
    """Its own index, written long: twenty thousand of them take a moment, so that the time goes into writing."""

    def fingerprint(self):
        return {"sampler": "numbers"}

    def draw(self, task, indices, *, seed=0):
        for index in indices:
            yield Sample(f"{index:040d}", index, seed)


def pool(rows: int):
    """A pool of so many rows."""
    return starters.draw(TextTask("exports"), Numbers(), [], rows)


if __name__ == "__main__":
    file, rows, times = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    written = pool(rows)
    for _ in range(times):
        parquet.write([written], file)
        print("ok", flush=True)
