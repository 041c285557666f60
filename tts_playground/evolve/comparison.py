"""Data sets side by side: the four ways of making one, their quality in a table, and their pictures as a wall."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tts_playground.dsl.raster import render
from tts_playground.evolve.evolution import EvolutionPlan, run
from tts_playground.evolve.exclusion import Barred
from tts_playground.evolve.fitness import Fitness
from tts_playground.evolve.quality import Quality, analyze
from tts_playground.evolve.rows import hand_written
from tts_playground.evolve.variation import Mutator

if TYPE_CHECKING:
    from PIL import Image

ROWS: dict[str, tuple[str, int]] = {
    "programs": ("rows", 0),
    "meaningless_ops_frequency": ("programs with an operand without effect", -1),
    "dead_operands": ("operands without effect", -1),
    "duplicate_rasters": ("pictures that came before", -1),
    "circles": ("circles among primitives", 0),
    "unions": ("unions among operators", 0),
    "depth_0": ("single primitives", 0),
    "depth_1": ("one level of operators", 0),
    "depth_2_or_more": ("two or more levels", 0),
    "mean_primitives": ("primitives a program", 0),
    "parameter_entropy": ("evenness of numbers (entropy)", 1),
    "coverage_below_5": ("pictures under 5 % ink", -1),
    "coverage_above_75": ("pictures over 75 % ink", -1),
    "position_spread": ("spread of positions", 1),
}
"""what the side-by-side table shows: the words for it, and whether more is better (1), worse (-1) or neither (0)"""


def recipes(
    barred: Iterable[str] | Barred, size: int, *, seed: int = 0, mutator: Mutator | None = None
) -> dict[str, Callable[[], list[str]]]:
    """The four ways to make a data set of ``size`` programs, each made when called."""
    barred = barred if isinstance(barred, Barred) else Barred(barred)

    def evolved(plan: EvolutionPlan) -> list[str]:
        return [member.text for member in run(plan, barred, mutator).kept()]

    plain = EvolutionPlan(size=size, seed=seed)
    fit = replace(plain, fitness=Fitness())
    return {
        "evolved": lambda: evolved(plain),
        "hand-written": lambda: hand_written(barred, size, seed=seed),
        "fitness": lambda: evolved(fit),
        "hybrid": lambda: evolved(replace(fit, generated=size // 3)),
    }


def compare(sets: Mapping[str, Sequence[str]]) -> dict[str, Quality]:
    """The quality of every data set."""
    return {name: analyze(texts) for name, texts in sets.items()}


def table(reports: Mapping[str, Quality]) -> tuple[list[str], list[list[str]]]:
    """(columns, rows) in words; the best of each row where better is a direction carries a star."""
    rows = []
    for key, (words, better) in ROWS.items():
        values = [report.as_dict()[key] for report in reports.values()]
        best = max(values) if better > 0 else min(values)
        star = better and len(values) > 1 and len(set(values)) > 1
        rows.append([words, *(_number(v) + (" *" if star and v == best else "") for v in values)])
    return ["measure", *reports], rows


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.3f}"


def wall(texts: Sequence[str], columns: int = 20, most: int = 200, side: int = 48) -> Image.Image:
    """Pictures of the first ``most`` programs as one sheet, ``columns`` a row, on light grey."""
    from PIL import Image

    gap, shown = 4, list(texts[:most])
    rows = max(1, -(-len(shown) // columns))
    sheet = Image.new("RGB", (columns * (side + gap) + gap, rows * (side + gap) + gap), (222, 222, 222))
    for number, text in enumerate(shown):
        small = render(text, 2 * side).resize((side, side), Image.Resampling.BOX)
        row, column = divmod(number, columns)
        sheet.paste(small, (gap + column * (side + gap), gap + row * (side + gap)))
    return sheet


def report(sets: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Everything as plain values, for JSON: quality by name of the data set."""
    return {name: quality.as_dict() for name, quality in compare(sets).items()}
