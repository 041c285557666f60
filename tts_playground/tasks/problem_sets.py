"""Sets of problems in words with their answers: math-eval, a file, a folder, or a hub id such as MATH-500.

The fields are those of MATH-500 (problem, solution, answer, subject, level, unique_id), of MATH ("Level 3", type), of
AIME and of GSM8K (question, and the answer behind "####"). A row that cannot be used is reported and skipped.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from tts_playground.answers import solution_answer
from tts_playground.errors import BadInput, CannotDo, PlaygroundError, shown
from tts_playground.home import expanded
from tts_playground.tasks.question_sources import folders
from tts_playground.tasks.reasoning import SYSTEM_PROMPT, ReasoningTask
from tts_playground.tasks.vqa_data import Skipped
from tts_playground.worlds.arithmetic.benchmark import math_eval

SHIPPED = "math-eval"
_PROBLEM = ("problem", "question", "prompt")
_ANSWER = ("answer", "expected_answer", "final_answer", "answers")
_LEVEL = re.compile(r"(?<![\d.])(?<!^[-+])(\d{1,3})(?:\.0{1,20})?(?!\.?\d)")


@dataclass(frozen=True, slots=True)
class KnownProblem:
    """A problem with its answer, and the fields that its set has of it."""

    number: int
    """its place in the set, counted from 0"""
    problem: str
    answer: str
    """"" where the set has none"""
    solution: str = ""
    subject: str = ""
    level: int = 0
    """1 to 5; 0 where the set does not say"""
    unique_id: str = ""

    def task(self, system_prompt: str = SYSTEM_PROMPT) -> ReasoningTask:
        """What samplers and rewards are handed; the answer is kept back.

        Raises:
            BadInput: the problem is empty, or too long.
        """
        facts: dict[str, Any] = {"level": self.level, "subject": self.subject, "unique_id": self.unique_id}
        return ReasoningTask(self.problem, system_prompt=system_prompt, **facts)


def problems(
    name: str, start: int = 0, end: int | None = None, *, config: str | None = None, split: str = "test"
) -> Iterator[KnownProblem | Skipped]:
    """The problems of a set from ``start`` to before ``end``, in its order.

    Args:
        name: "math-eval", a file (.jsonl, .json, .csv, .tsv, .parquet, .arrow), a folder of such, or a hub id.
        config, split: of a hub id.

    Raises:
        BadInput: there is no such set, or a file of it cannot be read. CannotDo: the hub cannot be reached.
    """
    path = expanded(name)
    if name == SHIPPED:
        rows: Iterator[Any] = map(_fields, math_eval())
    elif path.exists():
        rows = (row for file in folders.data_files(path) for row in folders.rows(file))
    elif name.count("/") == 1 and not name.startswith((".", "/", "~")):
        rows = _hub(name, config, split)
    else:
        raise BadInput(f"There is no set of problems {shown(name)!r}; use {SHIPPED}, a hub id, a folder or a file.")
    seen: set[str] = set()  # of those before start, too: whoever runs that part has the first of equal ones
    for number, row in islice(enumerate(rows), end):
        try:
            found: KnownProblem | Skipped = problem_of(number, row)
        except BadInput as error:
            found = Skipped(number, str(error).removesuffix("."))
        if isinstance(found, KnownProblem):
            if found.unique_id in seen:
                found = Skipped(number, f"its unique_id {shown(found.unique_id)!r} is an earlier problem's")
            else:
                seen.add(found.unique_id)
        if number >= start:
            yield found


def problem_of(number: int, row: Mapping[str, Any] | PlaygroundError) -> KnownProblem:
    """One row as a problem.

    Raises:
        BadInput: it is none; the sentence says why.
    """
    if isinstance(row, PlaygroundError):
        raise BadInput(str(row))
    written, row = row, {str(key).lower(): value for key, value in row.items()} | dict(row)  # "Problem" of AIME 2024
    text = field_text(row, *_PROBLEM)
    if not text:
        if held := next((name for name in _PROBLEM if name in row), ""):
            raise BadInput(f"its {held} is {'no text' if isinstance(row[held], (list, dict, bool)) else 'empty'}")
        named = ", ".join(sorted(map(str, written))[:12])
        raise BadInput(f"it has no problem; its fields are {shown(named)}")
    answer, solution = field_text(row, *_ANSWER), field_text(row, "solution")
    if "####" in answer:  # GSM8K writes the solution before it
        solution, _, answer = (part.strip() for part in answer.rpartition("####"))
    if not answer and "\\boxed" in solution:  # MATH has it in the solution alone
        answer = solution_answer(solution)
    known = KnownProblem(
        number,
        text,
        answer,
        solution,
        field_text(row, "subject", "type"),
        level_of(row),
        field_text(row, "unique_id", "id") or f"row-{number}",
    )
    known.task()  # says what is wrong with the problem's text
    return known


def field_text(row: Mapping[str, Any], *names: str) -> str:
    """The first of a row's fields that says something, as text; "" where none does.

    A number is text, a list of one is what it holds, and not-a-number is what tables have where nothing was written.
    """
    for name in names:
        value = row.get(name)
        if isinstance(value, list) and len(value) == 1:  # a single answer in a list
            value = value[0]
        if isinstance(value, float) and math.isnan(value):
            continue
        if isinstance(value, (str, int, float)) and not isinstance(value, bool) and str(value).strip():
            return str(value).strip()
    return ""


def level_of(row: Mapping[str, Any]) -> int:
    """The level of a row: 3 of 3, 3.0, "3" and "Level 3"; 0 where it says none."""
    found = _LEVEL.search(field_text(row, "level"))
    return int(found[1]) if found else 0


def _fields(problem: Any) -> dict[str, Any]:
    return {name: getattr(problem, name) for name in ("problem", "solution", "answer", "subject", "level", "unique_id")}


def _hub(name: str, config: str | None, split: str) -> Iterator[Any]:
    """Streamed in order; nothing is stored."""
    import datasets

    try:
        yield from datasets.load_dataset(name, config, split=split, streaming=True)
    except PlaygroundError:
        raise
    except Exception as error:  # every kind of network trouble, a missing set, a gated one: same sentence
        why = type(error).__name__
        raise CannotDo(
            f"The set {shown(name)} cannot be read from the hub ({why}); go online, or give a file."
        ) from error
