"""``python -m tts_playground.evaluation.make_recipe_figure [FOLDER]``: accuracy against tokens, from the recipes' data.

Two figures, over all problems and by level, go into FOLDER (docs where none is named). ``make_recipe_data --pack`` has
written the data. Drawing them needs a browser for kaleido.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from tts_playground.errors import PlaygroundError
from tts_playground.experiments.recipes import shipped
from tts_playground.figures.recipes import recipes, recipes_by_level
from tts_playground.figures.theme import save

RULE = "weighted"


def draw(folder: Path, data: Path | None = None, ending: str = ".png") -> tuple[Path, Path]:
    """Draw both figures of the data in the folder ``data``, of what ships where None; returns their files.

    Raises:
        ModelUnavailable: the data is not there. CannotDo: no browser for a .png. StoreError: a file cannot be written.
    """
    found = shipped.rows(data)
    number, levels = len({row.unique_id for row in found}), sorted({row.level for row in found})
    title = f"tiny:math guided by tiny:prm on {number} problems of math-eval, {RULE} vote"
    whole = recipes(shipped.points(found, RULE), title=title)
    parts = recipes_by_level({level: shipped.points(found, RULE, level) for level in levels}, title=title)
    return save(whole, folder / f"recipes{ending}"), save(parts, folder / f"recipes-by-level{ending}")


def main(given: Sequence[str]) -> int:
    """Draw the figures; 0, or 1 where that went wrong."""
    try:
        print(*draw(Path(given[0]) if given else Path("docs")))
    except PlaygroundError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
