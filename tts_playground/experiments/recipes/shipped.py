"""The recipes' data that ships: what five approaches answered on math-eval at several n, and what that comes to.

One row an approach, n and problem: answers, which of them are equal, step scores, tokens and truth; and for each rule
how right it is to choose among N, as ``accuracy`` has it. Texts are kept of a few problems.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tts_playground import files, home
from tts_playground.errors import ModelUnavailable
from tts_playground.estimators.intervals import Interval, mean
from tts_playground.experiments.compute_optimal import BINS, ComputeOptimal, Outcome, compute_optimal
from tts_playground.experiments.recipes.approaches import together
from tts_playground.experiments.recipes.completed import CompletedProblem
from tts_playground.experiments.recipes.estimates import of_problem, sizes
from tts_playground.typed import typed

FILE, TEXT_FILE = "recipes.parquet", "recipe-texts.json"
TEXTS = 20
"""problems whose completions are kept as texts"""
TEXT_N = 64
BEAM_WIDTH = 4
"""of the recipes that were run"""
BUDGETS = (4, 16, 64, 256)
"""completions of best_of_n whose tokens are the budgets of the policy"""
RULES = ("naive", "weighted", "majority", "pass")
BASELINE = "best_of_n"


@dataclass(frozen=True, slots=True)
class ShippedRow:
    """One approach at one n on one problem."""

    approach: str
    n: int
    unique_id: str
    level: int
    sizes: tuple[int, ...]
    """N of which there are numbers"""
    right: dict[str, tuple[float, ...]]
    """rule -> how right it is at each of ``sizes``, 0-1"""
    tokens: tuple[float, ...]
    """that ``sizes`` completions take"""
    ease: float
    """share of right ones among the completions"""
    promise: float
    """mean of the completions' last step scores"""


@dataclass(frozen=True, slots=True)
class RecipePoint:
    """What an approach comes to at one N."""

    approach: str
    n: int
    """completions that are chosen among"""
    tokens: float
    """of a problem, on average"""
    value: Interval
    """share of problems that it gets right"""


def row_of(approach: str, n: int, unique_id: str, one: CompletedProblem) -> dict[str, Any]:
    """The row of a problem as it is stored."""
    size = together(approach, n, BEAM_WIDTH)
    ns = sizes(n, size)
    values = of_problem(one, size, "last")
    groups = {name: number for number, name in enumerate(dict.fromkeys(one.names))}
    spent = one.spent or sum(one.tokens)
    return {
        "approach": approach,
        "n": n,
        "unique_id": unique_id,
        "level": one.level,
        "answers": one.answers,
        "group": [groups[name] for name in one.names],
        "correct": one.right,
        "step_scores": [[round(score, 3) for score in each] for each in one.scores],
        "completion_tokens": list(one.tokens),
        "tokens": spent,
        "sizes": ns,
        "tokens_at": [spent * at / n for at in ns],
        **{rule: [round(float(value), 5) for value in values[rule]] for rule in RULES},
    }


def write(rows: Sequence[dict[str, Any]], texts: Sequence[dict[str, Any]], folder: Path) -> tuple[Path, Path]:
    """Write both files; returns their paths."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    small = {
        "level": pa.int8(),
        "n": pa.int16(),
        "group": pa.list_(pa.int16()),
        "sizes": pa.list_(pa.int16()),
        "completion_tokens": pa.list_(pa.int16()),
        "tokens": pa.int32(),
        "step_scores": pa.list_(pa.list_(pa.float32())),
        **{name: pa.list_(pa.float32()) for name in ("tokens_at", *RULES)},
    }
    plain = pa.Table.from_pylist(list(rows))
    schema = pa.schema([(one.name, small.get(one.name, one.type)) for one in plain.schema])
    data, said = folder / FILE, folder / TEXT_FILE
    with files.whole(data, "The data of the recipes") as partial:
        pq.write_table(plain.cast(schema), partial, compression="zstd", compression_level=19)
    files.write_text(said, json.dumps({"rows": list(texts)}, ensure_ascii=False), "The texts of the recipes")
    return data, said


def packed(
    folder: Path,
) -> tuple[dict[tuple[str, int, str], dict[str, Any]], dict[tuple[str, int, str], dict[str, Any]]]:
    """What a folder's two files hold: rows as ``row_of`` makes them, and texts, by approach, n and problem."""
    import pyarrow.parquet as pq

    data, said = folder / FILE, folder / TEXT_FILE
    rows = pq.read_table(data).to_pylist() if data.is_file() else []
    texts = json.loads(said.read_text("utf-8"))["rows"] if said.is_file() else []
    found = [{(one["approach"], one["n"], one["unique_id"]): one for one in part} for part in (rows, texts)]
    return found[0], found[1]


def there(folder: Path | None = None) -> bool:
    """Whether the data is there."""
    return ((folder or home.STARTERS) / FILE).is_file()


def rows(folder: Path | None = None) -> list[ShippedRow]:
    """All rows, without what each completion says.

    Raises:
        ModelUnavailable: the data is not there; the sentence says how to draw it.
    """
    import pyarrow.parquet as pq

    file = (folder or home.STARTERS) / FILE
    if not file.is_file():
        raise ModelUnavailable(
            f"There is no {FILE}; draw it with python -m tts_playground.evaluation.make_recipe_data DRAWN."
        )
    names = ["approach", "n", "unique_id", "level", "sizes", "tokens_at", "correct", "step_scores", *RULES]
    found = []
    for row in pq.read_table(file, columns=names).to_pylist():
        last = [one[-1] if one else 0.0 for one in row["step_scores"]]
        found.append(
            ShippedRow(
                row["approach"],
                row["n"],
                row["unique_id"],
                row["level"],
                tuple(row["sizes"]),
                {rule: tuple(row[rule]) for rule in RULES},
                tuple(row["tokens_at"]),
                float(np.mean(row["correct"])),
                float(np.mean(last)),
            )
        )
    return found


@typed
def points(found: Iterable[ShippedRow], rule: str = "weighted", level: int | None = None) -> list[RecipePoint]:
    """The accuracy of every approach at every N, over problems (of one level, or of all)."""
    values: dict[tuple[str, int], list[float]] = defaultdict(list)
    tokens: dict[tuple[str, int], list[float]] = defaultdict(list)
    for row in found:
        if level is not None and row.level != level:
            continue
        for at, right, spent in zip(row.sizes, row.right[rule], row.tokens, strict=True):
            values[row.approach, at].append(right)
            tokens[row.approach, at].append(spent)
    return [
        RecipePoint(approach, at, float(np.mean(tokens[approach, at])), mean(each, "shares"))
        for (approach, at), each in sorted(values.items())
    ]


@typed
def at_equal_tokens(found: Sequence[ShippedRow], rule: str = "weighted") -> list[Outcome]:
    """What each approach reaches on each problem with the tokens that best_of_n takes at each of ``BUDGETS``.

    A budget is the tokens that so many completions of best_of_n take on average over the problems; of each approach
    the largest N stands there that takes at most 5 % more.
    """
    costs = {(one.approach, one.n): one.tokens for one in points(found, rule)}
    budgets = [at for name, at in costs if name == BASELINE and at in BUDGETS]
    fitting: dict[str, dict[int, int]] = defaultdict(dict)
    for name in {name for name, _ in costs}:
        for budget in budgets:
            limit = 1.05 * costs[BASELINE, budget]
            affordable = [at for other, at in costs if other == name and costs[name, at] <= limit]
            if affordable:
                fitting[name][budget] = max(affordable)
    return [
        Outcome(row.unique_id, row.approach, budget, row.right[rule][row.sizes.index(at)])
        for row in found
        for budget, at in fitting[row.approach].items()
        if at in row.sizes
    ]


@typed
def policy(found: Sequence[ShippedRow], *, rule: str = "weighted", oracle: bool = False, bins: int = BINS,
           seed: int = 0) -> ComputeOptimal:  # fmt: skip
    """The compute-optimal policy over the approaches at equal tokens, and its gain on problems that it did not see.

    Args:
        oracle: bins by how often best_of_n is right, which needs the truth; else by what the process reward says.
    """
    ease = {row.unique_id: row.ease if oracle else row.promise for row in found if row.approach == BASELINE}
    return compute_optimal(at_equal_tokens(found, rule), ease, baseline=BASELINE, bins=bins, seed=seed)
