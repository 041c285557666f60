"""How right the completions of a recipe are: naive, weighted and majority accuracy and pass@N, with intervals.

Averages over all subsets of N completions of a problem take the place of the published first N: independent ones of
best_of_n one by one, those of dvts by whole subtrees. The answer of a beam, a tree of rebase or of mcts at another N is
only known by running it again, so that they have numbers at their n alone. A completion that says nothing has no vote.
Intervals are over problems.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from tts_playground import files, jsontext
from tts_playground.answers.equality import equal
from tts_playground.answers.reply import boxed_text
from tts_playground.errors import BadInput, UnknownName, plural, shown
from tts_playground.estimators.intervals import Interval, mean
from tts_playground.experiments.recipes.approaches import APPROACHES, together
from tts_playground.experiments.recipes.completed import CompletedProblem
from tts_playground.experiments.recipes.estimates import Values, of_problem, sizes
from tts_playground.experiments.recipes.rows import read_rows
from tts_playground.experiments.recipes.spans import recipe_beside
from tts_playground.home import expanded
from tts_playground.rewards.prm import AGGREGATIONS
from tts_playground.tasks.question_sources import folders
from tts_playground.tasks.vqa_data import Skipped
from tts_playground.typed import typed

RULES = ("naive", "weighted", "majority", "pass")


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What a file of completions comes to: without scores of steps, by majority and pass@N alone."""

    approach: str
    n: int
    """completions of a problem"""
    together: int
    """how many of them stand or fall together"""
    agg_strategy: str
    problems: int
    metrics: dict[str, Interval]
    """"weighted@16", "pass@4", "weighted@16_level3", and of the file's own columns "pred_weighted@16" """
    tokens: dict[int, float]
    """N -> tokens of a problem on average; empty where the file counts none"""
    unboxed: int
    """completions without a box, whose answer is read off their words"""
    silent: int
    """completions that say nothing"""
    negative: int
    """completions with a score below 0, which have no weight in a weighted vote"""
    skipped: tuple[Skipped, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        names = ("approach", "n", "together", "agg_strategy", "problems", "unboxed", "silent", "negative")
        facts = {name: getattr(self, name) for name in names}
        return facts | {
            "metrics": {name: one.as_dict() for name, one in self.metrics.items()},
            "tokens": {str(n): value for n, value in self.tokens.items()},
            "skipped": [{"row": one.number, "why": one.why} for one in self.skipped],
        }


@typed
def accuracy(
    file: str, *, approach: str | None = None, beam_width: int | None = None, agg_strategy: str | None = None
) -> Accuracy:
    """The accuracy of a file of completions, of ours or of the original scripts.

    Args:
        file: JSONL, JSON, parquet or Arrow, or a folder of such.
        approach: which completions belong together; None goes by the file's name, as in dvts_completions.jsonl.
        beam_width: completions of a subtree of dvts; None is that of the recipe beside the file, else 4.
        agg_strategy: "last", "min", "prod" or "mean"; None is that of the recipe beside the file, else "last".

    Raises:
        BadInput: there is no such file, no row of it can be used, or a folder holds several approaches.
        UnknownName: no such approach or aggregation.
    """
    path = expanded(file)
    if not path.exists():
        raise BadInput(f"There is no file or folder {file} of completions.")
    parts = _parts(path, approach)
    beside = _beside(parts[0])
    chosen = approach or str(beside.get("approach") or _named(parts[0]) or _named(path) or "best_of_n")
    if chosen not in APPROACHES:
        raise UnknownName("approach", chosen, APPROACHES)
    how = agg_strategy or str(beside.get("agg_strategy", "last"))
    if how not in AGGREGATIONS:
        raise UnknownName("aggregation of scores", how, AGGREGATIONS)
    width = beside.get("beam_width", 4) if beam_width is None else beam_width
    if not isinstance(width, int) or width < 1:
        raise BadInput(f"A beam_width is 1 or more, not {width}.")
    return measured(chain.from_iterable(map(read_rows, parts)), chosen, width, how)


def _named(path: Path) -> str:
    """The approach that a name begins with; "" where it begins with none."""
    return next((one for one in APPROACHES if path.name.startswith(f"{one}_")), "")


def _parts(path: Path, approach: str | None) -> list[Path]:
    """The files of completions: the file itself, those in a folder of runs, or the folder where none has such a name.

    Raises:
        BadInput: the folder holds completions of several approaches, which have no accuracy together.
    """
    if not path.is_dir():
        return [path]
    there = sorted(one for one in path.iterdir() if one.suffix.lower() in folders.READERS)
    found = [one for one in there if "_completions" in one.name and _named(one)]
    approaches = sorted({_named(one) for one in found})
    if approach is None and len(approaches) > 1:
        raise BadInput(f"{shown(path)} holds completions of {', '.join(approaches)}; name one of its files.")
    return [one for one in found if approach in (None, _named(one))] or [path]


def measured(rows: Iterable[CompletedProblem | Skipped], approach: str, beam_width: int, how: str) -> Accuracy:
    """The accuracy of rows.

    Raises:
        BadInput: none of them can be used.
    """
    told: list[tuple[int, int, dict[str, Values], dict[str, bool], dict[int, float]]] = []
    numbers: list[int] = []
    skipped: list[Skipped] = []
    words = Counter[str]()
    seen: set[str] = set()
    for number, one in enumerate(rows):
        if isinstance(one, Skipped):
            skipped.append(replace(one, number=number))
        elif not one.answer:
            skipped.append(Skipped(number, "it has no answer to compare with"))
        elif (name := one.unique_id or one.problem) and name in seen:  # counted twice, intervals would be too narrow
            skipped.append(Skipped(number, f"{shown(name, 60)!r} has an earlier row"))
        else:
            seen.add(name)
            size = together(approach, len(one.completions), beam_width)
            told.append(
                (len(one.completions), one.level, of_problem(one, size, how), _columns(one), _tokens(one, size))
            )
            numbers.append(number)
            words["unboxed"] += sum(boxed_text(text) is None for text in one.completions)
            words["silent"] += sum(not name for name in one.names)
            words["negative"] += sum(score < 0 for score in one.rewards(how))
    if not told:
        if not skipped:
            raise BadInput("There is no row of completions in it.")
        raise BadInput(f"No row of completions can be used; the first of {len(skipped):,}, because {skipped[0].why}.")
    n = Counter(row[0] for row in told).most_common(1)[0][0]
    scored = any("weighted" in row[2] for row in told if row[0] == n)
    kept = []
    for number, row in zip(numbers, told, strict=True):
        if row[0] != n:
            skipped.append(Skipped(number, f"it has {plural(row[0], 'completion')}, and most have {n}"))
        elif scored and "weighted" not in row[2]:
            skipped.append(Skipped(number, "it has no scores, and others have"))
        else:
            kept.append(row)
    size = together(approach, n, beam_width)
    metrics = _metrics(kept, sizes(n, size))
    tokens = {
        at: float(np.mean([row[4][at] for row in kept])) for at in sizes(n, size) if all(at in r[4] for r in kept)
    }
    counts = (words["unboxed"], words["silent"], words["negative"])
    return Accuracy(approach, n, size, how, len(kept), metrics, tokens, *counts, tuple(skipped))


def _metrics(kept: Sequence[Any], ns: Sequence[int]) -> dict[str, Interval]:
    levels = np.array([row[1] for row in kept])
    rules = [rule for rule in RULES if rule in kept[0][2]]
    found: dict[str, Interval] = {}
    for place, at in enumerate(ns):
        for rule in rules:
            found[f"{rule}@{at}"] = mean([row[2][rule][place] for row in kept], "shares")
    columns: dict[str, list[bool]] = defaultdict(list)
    for row in kept:
        for name, right in row[3].items():
            columns[name].append(right)
    found |= {name: mean(np.array(each, float), "shares") for name, each in columns.items() if len(each) == len(kept)}
    for level in sorted(set(levels.tolist()) - {0}):
        for rule in rules:
            own = [row[2][rule][-1] for row, its in zip(kept, levels, strict=True) if its == level]
            found[f"{rule}@{ns[-1]}_level{level}"] = mean(own, "shares")
    return found


def _columns(one: CompletedProblem) -> dict[str, bool]:
    """Which of the file's own columns pred_*@N are right."""
    found: dict[str, bool] = {}
    known: dict[str, bool] = {}
    for name, text in sorted((one.published or {}).items(), key=lambda pair: int(pair[0].rpartition("@")[2] or 0)):
        said = boxed_text(text) or ""
        known.setdefault(said, bool(said) and equal(one.answer, said))
        found[name] = known[said]
    return found


def _tokens(one: CompletedProblem, size: int) -> dict[int, float]:
    """N -> tokens that N completions take."""
    n = len(one.completions)
    total = one.spent or (sum(one.tokens) if size == 1 else 0)
    return {at: total * at / n for at in sizes(n, size)} if total else {}


def _beside(path: Path) -> dict[str, Any]:
    """What the recipe beside a file of ours says; nothing where there is none."""
    recipe = path.with_name(recipe_beside(path)) if "_completions" in path.name else path
    if recipe == path or not recipe.is_file():
        return {}
    return jsontext.loads_object(files.read_plain(recipe, 1 << 20), str(recipe))
