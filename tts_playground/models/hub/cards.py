"""The numbers in a model card: one table, written by training, whose rows every later measurement replaces."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tts_playground import files, jsontext
from tts_playground.errors import BadInput

CARD, NUMBERS = "README.md", "results.json"
TITLE = "| measured on held-out"
"""how the table's first line begins, which is how it is found again"""
HOW = "Measured by"
"""how the line below it begins"""
_HEAD = [f"{TITLE} data | value | low | high | n |", "|---|---|---|---|---|"]

Result = float | Mapping[str, Any]
"""a plain number, or one with its 95 % interval: ``{"value", "low", "high", "n"}``"""


def known(folder: Path) -> dict[str, Any]:
    """The results that the card in ``folder`` holds, by name."""
    path = folder / NUMBERS
    return jsontext.loads_object(path.read_bytes(), str(path)) if path.exists() else {}


def record(folder: Path, results: Mapping[str, Result], how: str = "") -> Path:
    """Put ``results`` into the card of the checkpoint in ``folder``: rows of the same name go, others stay.

    Args:
        how: one sentence on how they were measured, for the line below the table; "" keeps the one that is there.

    Returns:
        The card, ``README.md``; ``results.json`` beside it holds the same numbers.

    Raises:
        BadInput: the folder has no card.
    """
    card = folder / CARD
    if not card.exists():
        raise BadInput(f"There is no model card {card}; give the folder of a trained checkpoint.")
    whole = known(folder) | {name: _plain(result) for name, result in results.items()}
    before, told, after = _around(card.read_text(encoding="utf-8").splitlines())
    told = ["", f"{HOW} {how}"] if how else told
    files.write_text(card, "\n".join([*before, *table(whole), *told, *after, ""]), "The card")
    files.write_text(folder / NUMBERS, json.dumps(whole, indent=1) + "\n", "The card's numbers")
    return card


def table(results: Mapping[str, Result]) -> list[str]:
    """The lines of the table; cells are empty where nobody measured how sure a number is."""
    rows = []
    for name, result in results.items():
        cells = result if isinstance(result, Mapping) else {"value": result}
        told = [_cell(cells.get(key)) for key in ("value", "low", "high", "n")]
        rows.append("|" + "".join(f" {cell} |" if cell else " |" for cell in [name, *told]))
    return [*_HEAD, *rows]


def _cell(value: Any) -> str:
    return "" if value is None else str(value) if isinstance(value, int) else f"{value:.4f}"


def _plain(result: Result) -> Any:
    return dict(result) if isinstance(result, Mapping) else float(result)


def _around(lines: list[str]) -> tuple[list[str], list[str], list[str]]:
    """What stands before the table, how it was measured, and what stands after; without a table, all is before."""
    start = next((i for i, line in enumerate(lines) if line.startswith(TITLE)), None)
    if start is None:
        return [*lines, ""], [], []
    end = start
    while end < len(lines) and lines[end].startswith("|"):
        end += 1
    told = lines[end : end + 2]
    if len(told) == 2 and not told[0] and told[1].startswith(HOW):
        return lines[:start], told, lines[end + 2 :]
    return lines[:start], [], lines[end:]
