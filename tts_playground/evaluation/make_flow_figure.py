"""``python -m tts_playground.evaluation.make_flow_figure [FILE]``: steps against search, and strategies, from the card.

``eval flow --card`` has written the numbers. FILE is docs/flow.png where none is named; .png needs a browser for
kaleido, .html does not.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from tts_playground.errors import BadInput, exit_code
from tts_playground.evaluation.flow import SEARCHED, STEPS, STRATEGIES
from tts_playground.figures.flow import flow_figure
from tts_playground.figures.theme import save
from tts_playground.models.hub import cards
from tts_playground.models.hub.embedded_models import where
from tts_playground.models.hub.pipelines import usual


def draw(file: Path, model: str = "tiny:flow") -> Path:
    """Draw the figure into ``file`` from the numbers in the card of ``model``, a name or a folder.

    Raises:
        BadInput: the card holds no such numbers, or the file has another ending. CannotDo: no browser for a .png.
        StoreError: the file cannot be written.
    """
    folder = Path(where(model))
    numbers = cards.known(folder)
    if not any(name.startswith("search_") for name in numbers):
        raise BadInput(f"The card of {model} holds no numbers of strategies; run eval flow --card first.")
    return save(flow_figure(numbers, STEPS, SEARCHED, STRATEGIES, usual(folder)[0]), file)


def main(given: Sequence[str]) -> int:
    """Draw the figure; 0, or the exit code of what went wrong."""
    return exit_code(lambda: print(draw(Path(given[0]) if given else Path("docs/flow.png"))))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
