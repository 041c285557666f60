"""Solutions of math-eval as ``eval math`` draws them: a JSONL file that grows a problem at a time, and goes on after a
kill."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tts_playground import jsontext
from tts_playground.core import Sample, Sampler
from tts_playground.errors import BadInput
from tts_playground.journal import growing
from tts_playground.samplers.lm import LanguageModelSampler
from tts_playground.tasks.reasoning import ReasoningTask
from tts_playground.worlds.arithmetic.problem import MathProblem

WHAT = "The file of solutions"


@dataclass(frozen=True, slots=True)
class Solutions:
    """What was drawn for one problem."""

    unique_id: str
    texts: tuple[str, ...]
    answers: tuple[str, ...]
    """what is in the boxes; "" where nothing is"""
    steps: tuple[tuple[str, ...], ...]
    tokens: tuple[int, ...]

    @classmethod
    def of(cls, problem: MathProblem, samples: Sequence[Sample]) -> Solutions:
        """Of finished samples, in order."""
        return cls(
            problem.unique_id,
            tuple(str(one.content) for one in samples),
            tuple(str(one.info.get("answer", "")) for one in samples),
            tuple(tuple(map(str, one.info.get("steps", ()))) for one in samples),
            tuple(one.cost.tokens for one in samples),
        )

    def samples(self) -> list[Sample]:
        """As samples, for what judges or revises them."""
        parts = zip(self.texts, self.answers, self.steps, strict=True)
        return [
            Sample(text, index, info={"answer": answer, "steps": steps})
            for index, (text, answer, steps) in enumerate(parts)
        ]


def task_of(problem: MathProblem) -> ReasoningTask:
    """A problem as a task; its answer is kept back."""
    return ReasoningTask(problem.problem, level=problem.level, subject=problem.subject, unique_id=problem.unique_id)


def drawn(
    sampler: Sampler,
    problems: Sequence[MathProblem],
    n: int,
    seed: int,
    *,
    file: Path | None = None,
    watch: Callable[[], Any] = lambda: None,
) -> list[Solutions]:
    """``n`` solutions of each problem.

    Args:
        file: where they are kept, and read from as far as they are there.
        watch: called after each problem.

    Raises:
        BadInput: the file holds what another model, seed or n drew.
    """
    facts = {"sampler": dict(sampler.fingerprint()), "n": n, "seed": seed}
    known = {} if file is None else _known(file, facts)
    waiting = [one for one in problems if one.unique_id not in known]
    with nullcontext() if file is None else growing(file, WHAT) as append:
        if append is not None and file is not None and not file.stat().st_size:
            append([facts])
        for number, samples in _finished(sampler, [task_of(one) for one in waiting], n, seed):
            made = Solutions.of(waiting[number], samples)
            known[made.unique_id] = made
            if append is not None:
                append([asdict(made)])
            watch()
    return [known[one.unique_id] for one in problems]


def _finished(
    sampler: Sampler, tasks: Sequence[ReasoningTask], n: int, seed: int
) -> Iterator[tuple[int, Sequence[Sample]]]:
    """(place of a problem, its solutions in order) as problems are finished; all in one batch where that goes."""
    if not isinstance(sampler, LanguageModelSampler):
        for number, task in enumerate(tasks):
            yield number, list(sampler.draw(task, range(n), seed=seed))
        return
    came: dict[int, list[Sample]] = {}
    for number, sample in sampler.draw_many([(task, range(n)) for task in tasks], seed=seed):
        came.setdefault(number, []).append(sample)
        if len(came[number]) == n:
            yield number, sorted(came.pop(number), key=lambda one: one.index)


def _known(file: Path, facts: dict[str, Any]) -> dict[str, Solutions]:
    if not file.exists() or not file.stat().st_size:
        return {}
    lines = file.read_bytes().split(b"\n")[:-1]  # a torn last line is drawn again
    first, *rows = [jsontext.loads_object(line, str(file)) for line in lines] or [{}]
    if first != facts:
        raise BadInput(f"{file} holds solutions by another model or with other settings; choose another file.")
    return {row["unique_id"]: _read(row) for row in rows}


def _read(row: dict[str, Any]) -> Solutions:
    steps = tuple(tuple(one) for one in row["steps"])
    return Solutions(row["unique_id"], tuple(row["texts"]), tuple(row["answers"]), steps, tuple(row["tokens"]))
