"""Rows of a file of completions: written in the columns of search-and-learn and ours, and read from any such file."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard

from tts_playground import files
from tts_playground.core import Sample, Scored
from tts_playground.errors import BadInput, PlaygroundError, shown
from tts_playground.experiments.recipes.approaches import together
from tts_playground.experiments.recipes.columns import predictions
from tts_playground.experiments.recipes.completed import CompletedProblem
from tts_playground.experiments.recipes.estimates import of_problem, sizes
from tts_playground.experiments.recipes.recipe import Recipe
from tts_playground.tasks.problem_sets import KnownProblem, field_text, level_of
from tts_playground.tasks.question_sources import folders
from tts_playground.tasks.vqa_data import Skipped

COLUMNS = {"naive": "acc_naive", "weighted": "acc_weighted", "majority": "acc_maj", "pass": "pass"}
"""rule -> what its expected accuracy is called in a row"""
_PUBLISHED = re.compile(r"pred_(naive|weighted|maj)@[1-9][0-9]{0,8}")


def row_of(problem: KnownProblem, found: Sequence[Scored], steps: Sequence[tuple[float, ...]], spent: int,
           recipe: Recipe) -> dict[str, Any]:  # fmt: skip
    """The row of a problem in a file of completions.

    Args:
        found: its completions.
        steps: their step scores.
        spent: tokens that the search took in all.
    """
    completions = tuple(str(one.sample.content) for one in found)
    done = CompletedProblem(problem.problem, problem.answer, problem.level, completions, tuple(steps))
    rewards = done.rewards(recipe.agg_strategy)
    row: dict[str, Any] = {
        "problem": problem.problem,
        "solution": problem.solution,
        "answer": problem.answer,
        "subject": problem.subject,
        "level": problem.level,
        "unique_id": problem.unique_id,
        "completions": list(completions),
        "scores": [list(one) for one in steps],
        "pred": completions[max(range(len(rewards)), key=lambda place: rewards[place])],
        "completion_tokens": [tokens_of(one.sample) for one in found],
        "tokens": spent,
    }
    row |= predictions(done.answers, rewards, done.names) if recipe.apply_voting else {}
    return row | (_accuracies(done, recipe) if problem.answer else {})


def _accuracies(done: CompletedProblem, recipe: Recipe) -> dict[str, Any]:
    """Which completions are right, and what is to be expected of choosing among N of them."""
    size = together(recipe.approach, recipe.n, recipe.beam_width)
    values = of_problem(done, size, recipe.agg_strategy)
    found: dict[str, Any] = {"correct": done.right}
    for place, n in enumerate(sizes(recipe.n, size)):
        found |= {f"{COLUMNS[rule]}@{n}": round(float(each[place]), 6) for rule, each in values.items()}
    return found


def tokens_of(sample: Sample) -> int:
    """Tokens of a completion, those that it shares with others included."""
    info = sample.info
    return len(info["tokens"]) if "tokens" in info else sum(info.get("step_tokens", ())) or sample.cost.tokens


def read_rows(file: Path) -> Iterator[CompletedProblem | Skipped]:
    """The rows of a file of completions, ours or one of the original scripts; in place of a bad one, why it is bad.

    Raises:
        BadInput: it is no file of a format that is read, or cannot be read.
    """
    for number, row in enumerate(row for one in folders.data_files(file) for row in folders.rows(one)):
        try:
            yield _read(row)
        except BadInput as error:
            yield Skipped(number, str(error).removesuffix("."))


def _read(row: Mapping[str, Any] | PlaygroundError) -> CompletedProblem:
    if isinstance(row, PlaygroundError):
        raise BadInput(str(row))
    completions, scores = row.get("completions"), row.get("scores")
    if not _is_list(completions, str) or not completions:
        raise BadInput("it has no completions, which are a list of texts")
    scores = [] if scores is None else scores
    if not isinstance(scores, list) or not all(_is_list(s, float) for s in scores) or _short(scores, completions):
        raise BadInput(f"its scores are no list of {len(completions)} lists of numbers, one a completion")
    if not all(math.isfinite(score) for one in scores for score in one):
        raise BadInput("one of its scores is no finite number")
    counted = row.get("completion_tokens")
    tokens = counted if _is_list(counted, int) and len(counted) == len(completions) and min(counted) >= 0 else []
    spent = row.get("tokens")
    return CompletedProblem(
        str(row.get("problem", "")),
        field_text(row, "answer"),
        level_of(row),
        tuple(completions),
        tuple(tuple(map(float, one)) for one in scores),
        tuple(tokens),
        spent if isinstance(spent, int) and spent > 0 else 0,
        {key: value for key, value in row.items() if _PUBLISHED.fullmatch(key) and isinstance(value, str)},
        str(row.get("unique_id") or ""),
    )


def _short(scores: list[Any], completions: list[Any]) -> bool:
    """Whether there are scores, and not one list a completion."""
    return bool(scores) and len(scores) != len(completions)


def _is_list(value: Any, kind: type) -> TypeGuard[list[Any]]:
    kinds = (int, float) if kind is float else kind
    return isinstance(value, list) and all(isinstance(one, kinds) and not isinstance(one, bool) for one in value)


def known_ids(file: Path) -> list[str]:
    """The unique_ids of the rows of a file that we wrote, in their order.

    Raises:
        BadInput: a line is no row.
    """
    return [one for one, _, _ in _places(file)]


def unsolved(file: Path, asked: Sequence[KnownProblem]) -> list[KnownProblem]:
    """The problems that have no row in a file that we wrote.

    Raises:
        BadInput: a line is no row, or a row says otherwise than its problem: the set was another one then.
    """
    before = {name: (row.get("problem"), row.get("answer")) for name, row in _rows_of(file)}
    for one in asked:
        if (said := before.get(one.unique_id)) and said != (one.problem, one.answer):
            what = "problem" if said[0] != one.problem else "answer"
            raise BadInput(
                f"{file} holds a row of {shown(one.unique_id, 60)!r} with another {what} than that of the set now: "
                f"{shown(said[what == 'answer'], 60)!r}; give another output_dir, or move what is there."
            )
    return [one for one in asked if one.unique_id not in before]


def in_order(file: Path, order: Mapping[str, int]) -> None:
    """Rewrite a file whose rows were added as problems were finished, in the order of their set; others come last.

    Raises:
        BadInput: a line is no row. StoreError: it cannot be written.
    """
    places = _places(file)
    wanted = sorted(places, key=lambda one: order.get(one[0], len(order)))
    if wanted == places:
        return
    with files.whole(file, "The completions") as partial, files.open_plain(file) as old, partial.open("wb") as new:
        for _, start, length in wanted:
            old.seek(start)
            new.write(old.read(length))


def _places(file: Path) -> list[tuple[str, int, int]]:
    """(unique_id, where its line begins, how long it is) of every row."""
    return [(str(row.get("unique_id", "")), start, length) for row, start, length in _lines(file)]


def _rows_of(file: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(unique_id, row) of every row."""
    return ((str(row.get("unique_id", "")), row) for row, _, _ in _lines(file))


def _lines(file: Path) -> Iterator[tuple[Mapping[str, Any], int, int]]:
    """(row, where its line begins, how long it is) of every row."""
    from tts_playground import jsontext

    start = 0
    with files.open_plain(file) as opened:
        for number, line in enumerate(opened, 1):
            if line.strip():
                yield jsontext.loads_object(line, f"Line {number} of {file}"), start, len(line)
            start += len(line)
