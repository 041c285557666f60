"""``infographics-eval``: 200 questions about 200 figures, fixed as data (``data/infographics-eval.json``).

Half of the figures have one thing that training never shows: a chart kind, a font, a palette or a wording, 25 each.
Pictures are drawn from the file's facts; run this module to write the file anew.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tts_playground import files, randomness
from tts_playground.worlds.infographics import UNSEEN, Figure, Style, figure_from
from tts_playground.worlds.layout import Draw
from tts_playground.worlds.questions import FigureQuestion, ask, pick_kind, plausible

PATH = Path(__file__).parent / "data" / "infographics-eval.json"
CASES = 200
SEED = 20


@dataclass(frozen=True, slots=True)
class FigureCase:
    """One question of the benchmark."""

    key: str
    unseen: str
    """what of it training never shows: "" or one of ``infographics.UNSEEN``"""
    figure: Figure
    question: FigureQuestion
    plausible: int
    """how many answers a blind reader would have to choose from"""


def make_case(number: int) -> FigureCase:
    """Case ``number`` as it was drawn when the file was written."""
    draw = Draw(randomness.generator("infographics-eval", SEED, number).random(211).tolist())
    unseen = UNSEEN[number % 8] if number % 8 < len(UNSEEN) else ""
    figure = figure_from(draw, frozenset({unseen}))
    question = ask(figure, pick_kind(figure, draw), draw, unseen=unseen == "wording")
    return FigureCase(f"figure-{number:03d}", unseen, figure, question, plausible(question.kind, figure))


@cache
def cases() -> tuple[FigureCase, ...]:
    """The 200 cases, read from the file."""
    rows = json.loads(PATH.read_text(encoding="utf-8"))["cases"]
    return tuple(_case(row) for row in rows)


def _case(row: dict) -> FigureCase:
    lists = {"labels", "values", "colors"}
    facts: Any = {key: tuple(value) if key in lists else value for key, value in row["figure"].items()}
    style = facts["style"] | {"paper": tuple(facts["style"]["paper"])}
    figure = Figure(**(facts | {"style": Style(**style)}))
    asked: Any = {key: tuple(value) if key in ("steps", "misses") else value for key, value in row["question"].items()}
    return FigureCase(row["key"], row["unseen"], figure, FigureQuestion(**asked), row["plausible"])


def main() -> None:
    """Write the file."""
    rows = [json.dumps(asdict(make_case(number))) for number in range(CASES)]
    head = '{"name": "infographics-eval", "version": 1, "cases": [\n'
    files.write_text(PATH, head + ",\n".join(rows) + "\n]}\n")
    print(f"Wrote {PATH}: {len(rows)} questions.")


if __name__ == "__main__":
    main()
