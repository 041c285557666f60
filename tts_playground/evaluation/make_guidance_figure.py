"""``python -m tts_playground.evaluation.make_guidance_figure [FILE]``: what the knobs do, from the cards' numbers.

``eval stickers --record`` has written them. FILE is docs/guidance.png where none is named; .png needs a browser for
kaleido, .html does not.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from tts_playground.errors import BadInput, exit_code
from tts_playground.evaluation.sticker_knobs import GUIDANCES, TEMPERATURES
from tts_playground.figures.knobs import knobs_figure
from tts_playground.figures.theme import save
from tts_playground.models.hub import cards
from tts_playground.models.hub.embedded_models import where


def draw(file: Path) -> Path:
    """Draw the figure into ``file``.

    Raises:
        BadInput: the cards hold no such numbers, or the file has another ending. CannotDo: no browser for a .png.
        StoreError: the file cannot be written.
    """
    numbers = cards.known(Path(where("tiny:janus"))) | cards.known(Path(where("tiny:clip")))
    if not any(name.startswith("geneval_single_cfg") for name in numbers):
        raise BadInput("The card of tiny:janus holds no numbers by guidance; run eval stickers with cards first.")
    return save(knobs_figure(numbers, GUIDANCES, TEMPERATURES), file)


def main(given: Sequence[str]) -> int:
    """Draw the figure; 0, or the exit code of what went wrong."""
    return exit_code(lambda: print(draw(Path(given[0]) if given else Path("docs/guidance.png"))))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
