"""``drawings-eval``: 200 drawings with their programs, of 1 to 6 primitives, for judging models that write programs.

The programs are data (``data/drawings-eval.txt``, one a line, made once by ``make``); their pictures are the reference
renders. No two draw the same picture.
"""

from __future__ import annotations

from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from tts_playground.worlds.programs import program

PATH = Path(__file__).parent / "data" / "drawings-eval.txt"
SEED = 61_999
"""of the generator; training draws from other seeds"""
NUMBER = 200
SIDE = 256
"""pixels a side of the pictures"""


@cache
def texts() -> tuple[str, ...]:
    """The programs, in a fixed order."""
    return tuple(PATH.read_text(encoding="utf-8").splitlines())


def targets(most: int | None = None) -> list[dict[str, Any]]:
    """The first ``most`` drawings (all by default) as mappings with "program" (text) and "image" (256 x 256 RGB)."""
    from tts_playground.dsl.raster import render

    return [{"program": text, "image": render(text, SIDE)} for text in texts()[:most]]


def make(number: int = NUMBER) -> list[str]:
    """What the file holds: the first programs of the seed whose reference pictures differ from all before."""
    from tts_playground.dsl.raster import render

    found, seen = [], set()
    for index in count():
        text = str(program(SEED, index))
        picture = render(text, SIDE).tobytes()
        if picture not in seen:
            seen.add(picture)
            found.append(text)
        if len(found) == number:
            return found
    raise AssertionError("the generator is endless")
