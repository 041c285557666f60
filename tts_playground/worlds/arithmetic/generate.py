"""Problems without end: problem ``index`` of a seed is the same wherever it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tts_playground.errors import BadInput
from tts_playground.worlds.arithmetic import heldout
from tts_playground.worlds.arithmetic.collections_family import collections
from tts_playground.worlds.arithmetic.comparing import ages, comparisons
from tts_playground.worlds.arithmetic.expressions import expressions, fractions, puzzles
from tts_playground.worlds.arithmetic.measures import areas, averages
from tts_playground.worlds.arithmetic.portions import portions, recipes
from tts_playground.worlds.arithmetic.problem import MathProblem
from tts_playground.worlds.arithmetic.rates import travel, work
from tts_playground.worlds.arithmetic.shopping import shopping, unit_prices
from tts_playground.worlds.arithmetic.story import Story, Unfit
from tts_playground.worlds.arithmetic.writing import solution

FAMILIES: dict[str, tuple[Callable[[Story], None], int]] = {
    "collections": (collections, 4),
    "comparisons": (comparisons, 2),
    "ages": (ages, 2),
    "shopping": (shopping, 3),
    "unit prices": (unit_prices, 1),
    "travel": (travel, 2),
    "work": (work, 2),
    "areas": (areas, 2),
    "averages": (averages, 1),
    "portions": (portions, 2),
    "recipes": (recipes, 1),
    "expressions": (expressions, 2),
    "fractions": (fractions, 1),
    "number puzzles": (puzzles, 1),
}
"""subject -> who tells it, and how often it comes"""
_DRAWN = tuple(name for name, (_, often) in FAMILIES.items() for _ in range(often))
SPLITS = ("train", "seen", *heldout.KINDS)
LEVELS = (1, 2, 3, 4, 5)
_MORE = (5, 5, 6)
"""steps of level 5"""


def story(seed: int, index: int, split: str = "train", level: int | None = None) -> Story:
    """Story ``index``; of ``split`` "wording", "number" or "composition" it shows at least one thing held out.

    Args:
        level: 1 to 5; None takes all alike.
    """
    rng = Random(f"arithmetic/{seed}/{index}/{split}/{level}")
    wanted = LEVELS[int(rng.random() * 5)] if level is None else level
    steps = _MORE[int(rng.random() * 3)] if wanted == 5 else wanted
    while True:
        name = _DRAWN[int(rng.random() * len(_DRAWN))]
        for _ in range(6):
            made = Story(rng, steps, split, name)
            try:
                FAMILIES[name][0](made)
            except Unfit:
                continue
            if len(made.steps) != steps or (split in heldout.KINDS and not made.touched) or made.idle():
                continue
            made.level = wanted
            return made


def problem_of(made: Story, unique_id: str = "") -> MathProblem:
    """A finished story as a problem."""
    answer = made.text(made.steps[-1].node.value)
    return MathProblem(" ".join(made.told), solution(made), answer, made.family, made.level, unique_id)


def problems(seed: int, n: int, split: str = "train", *, start: int = 0, level: int | None = None) -> list[MathProblem]:
    """Problems ``start`` to ``start + n`` of a seed.

    Args:
        split: "train", what training draws from; "seen", the same kind in the wordings that all splits have; "wording",
            "number" or "composition": with something that training never shows.
        level: 1 to 5; None takes all alike.

    Raises:
        BadInput: no such split.
    """
    if split not in SPLITS:
        raise BadInput(f"There is no split called {split!r}; use one of {', '.join(SPLITS)}.")
    return [
        problem_of(story(seed, index, split, level), f"arithmetic/{split}/{seed}-{index}")
        for index in range(start, start + n)
    ]
