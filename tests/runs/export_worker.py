"""A process of its own for tests of files: `export_worker.py FILE ROWS TIMES` exports a pool again and again."""

from __future__ import annotations

import sys
from pathlib import Path

from tts_playground.store import parquet, starters
from tts_playground.testing import ScriptedSampler, TextTask


def pool(rows: int):
    """A pool of so many rows."""
    return starters.draw(TextTask("exports"), ScriptedSampler(length=40), [], rows)


if __name__ == "__main__":
    file, rows, times = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    written = pool(rows)
    for _ in range(times):
        parquet.write([written], file)
        print("ok", flush=True)
