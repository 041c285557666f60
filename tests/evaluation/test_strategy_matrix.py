"""The matrix of strategies: what a cell says, why one is blank, and a column drawn for real."""

import json
from pathlib import Path

import pytest

from tts_playground import registry
from tts_playground.errors import BadInput, UnknownName
from tts_playground.evaluation import strategy_matrix
from tts_playground.evaluation.strategy_matrix import column, measure, page, why_blank

DOCS = Path(__file__).parents[2] / "docs"


def cell(value, low, high, gain=None):
    return {"value": {"value": value, "low": low, "high": high, "n": 8}, "gain": gain}


def line_of(text, name):
    return next(line for line in text.splitlines() if line.startswith(f"| `{name}`"))


def test_a_cell_has_its_interval_and_its_gain_and_bold_ones_are_sure():
    gains = {
        "dvts": {"value": 0.2, "low": 0.1, "high": 0.3, "n": 8},
        "mcts": {"value": -0.1, "low": -0.3, "high": 0.1, "n": 8},
        "beam": {"value": 0.0, "low": None, "high": None, "n": 8},
    }
    cells = {"best-of-n": cell(0.5, 0.4, 0.6), **{name: cell(0.7, 0.6, 0.8, gain) for name, gain in gains.items()}}
    cells["revision"] = "it cannot"
    one = {"words": "made up", "by": "tokens", "tasks": 8, "seeds": 2, "budget": 4, "cells": cells}
    text = page({"vqa": one})
    assert "0.50 [0.40, 0.60] |" in line_of(text, "best-of-n")
    assert "0.70 [0.60, 0.80]<br>**+0.20 [+0.10, +0.30]**" in line_of(text, "dvts")
    assert "<br>-0.10 [-0.30, +0.10] |" in line_of(text, "mcts") and "<br>+0.00 |" in line_of(text, "beam")
    assert "*it cannot*" in line_of(text, "revision")
    assert "made up; 8 tasks, 2 runs each, tokens of 4 independent candidates" in text
    assert "8 tasks, 1 run each" in page({"vqa": one | {"seeds": 1}})


def test_every_blank_has_its_reason():
    for row in registry.entries("strategy"):
        for kind in ("vqa", "t2i", "sketch"):
            fits = row in registry.entries("strategy", kind)
            assert bool(why_blank(row, kind)) != fits, (row.name, kind)
    assert "published for pictures" in why_blank(registry.entry("strategy", "parm"), "vqa")
    assert "vote on" in why_blank(registry.entry("strategy", "adaptive"), "t2i")


def test_the_page_is_that_of_the_cells_beside_it():
    kept = json.loads((DOCS / "strategy-matrix.json").read_text(encoding="utf-8"))
    assert (DOCS / "strategy-matrix.md").read_text(encoding="utf-8") == page(kept)
    for kind, one in kept.items():
        fitting = {row.name for row in registry.entries("strategy", kind)}
        assert fitting <= set(one["cells"]), "a cell that could be drawn is missing"


@pytest.mark.timeout(600)
def test_a_column_is_drawn_at_equal_cost(monkeypatch):
    names = ("best-of-n", "dvts", "revision", "parm")
    rows = tuple(registry.entry("strategy", name) for name in names)
    monkeypatch.setattr(strategy_matrix.registry, "entries", lambda kind, task=None: _of(rows, task))
    monkeypatch.setattr(strategy_matrix, "UNIT_DRAWS", 1)
    found = measure("sketch", tasks=2, seeds=1, budget=2, say=lambda _: None)
    assert set(found["cells"]) == set(names) and found["by"] == "renders"
    assert found["cells"]["parm"] == "published for pictures"
    for name in names[:3]:
        value = found["cells"][name]["value"]
        assert 0.0 < value["value"] <= 1.0 and value["n"] == 2
    assert found["cells"]["best-of-n"]["gain"] is None and found["cells"]["dvts"]["gain"]["n"] == 2


def _of(rows, task):
    return tuple(row for row in rows if task is None or not row.tasks or task in row.tasks)


def test_what_cannot_be_drawn():
    with pytest.raises(UnknownName, match="sketch"):
        column("skatch", 1)
    with pytest.raises(BadInput, match="at least one task"):
        measure("sketch", 0, 1, 1)
