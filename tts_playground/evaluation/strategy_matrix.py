"""Every strategy on every kind of task at equal cost, as a table.

``python -m tts_playground.evaluation.strategy_matrix`` draws it. The embedded models draw; a guide chooses and another
measure judges. Tasks are drawn from the training side of the worlds (never from stickers-eval, infographics-eval or
drawings-eval), by seeds that no trainer uses. A run may spend what ``budget`` independent candidates cost on average,
in tokens, or in renders where there are no tokens. Cells are kept as JSON beside the page, so that one column can be
drawn again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from tts_playground import files, registry
from tts_playground.core import Budget, Cost, Reward, Sample, Sampler
from tts_playground.errors import BadInput, PlaygroundError, UnknownName
from tts_playground.estimators.intervals import Interval, mean, paired
from tts_playground.evaluation.countdown import Countdown
from tts_playground.randomness import generator

COLUMNS = ("text", "vqa", "t2i", "sketch")
WORLD_SEED = 47_000
"""of the tasks; no trainer and no evaluation draws from it"""
UNIT_DRAWS = 16
"""independent candidates a task that say what one costs"""
BASELINE = "best-of-n"
NOISE = "it searches the noise that a picture is made of"
FLOW = "tiny:janus draws without noise; tiny:flow can be searched so"
UNDRAWN = "not drawn yet"
BLANKS = {
    ("refine", "t2i"): "nothing lies next to a picture",
    ("refine", "vqa"): "nothing lies next to a reply",
    ("parm", "vqa"): "published for pictures",
    ("parm", "sketch"): "published for pictures",
    ("gridar", "sketch"): "published for pictures",
    ("refine", "text"): "nothing lies next to a solution",
    ("parm", "text"): "published for pictures",
    ("gridar", "text"): "published for pictures",
    ("suffix", "text"): "beam search and the trees do that for steps",
    ("suffix", "sketch"): "refine does that for programs",
    ("revision", "t2i"): "no sampler of pictures revises",
    ("zero-order", "t2i"): FLOW,
    ("path-search", "t2i"): FLOW,
}
WORDS = "its words are for models that write; pictures and programs have none"
VOTES = "candidates give no answers to vote on"


@dataclass(frozen=True)
class Column:
    """What a kind of task is run on."""

    tasks: Sequence[Any]
    sampler: Sampler
    guide: Reward
    judge: Callable[[Any, Sample], float]
    """how good a candidate really is, 0-1"""
    by: str
    """what is equal: a field of ``core.Budget``"""
    words: str
    """sampler, guide and judge, for the page"""


def column(kind: str, tasks: int) -> Column:
    """The embedded models on ``tasks`` tasks of a kind.

    Raises:
        ModelUnavailable: a model is not here. UnknownName: there is no such column that runs.
    """
    makers = {"text": _solutions, "vqa": _answers, "t2i": _pictures, "sketch": _programs}
    if kind not in makers:
        raise UnknownName("column of the matrix that runs", kind, makers)
    return makers[kind](tasks)


def _pictures(count: int) -> Column:
    from tts_playground.tasks.image_rewards import reward_named
    from tts_playground.tasks.text_to_image import PromptTask, image_sampler
    from tts_playground.worlds import stickers
    from tts_playground.worlds.captions import plain

    judge = reward_named("geneval")
    tasks = [PromptTask(plain(scene.composition)) for scene in stickers.scenes(WORLD_SEED, 0, count)]
    words = "tiny:janus, guided by its CLIP score, judged by GenEval-style checks"
    sampler, guide = image_sampler("tiny:janus"), reward_named("clip")
    return Column(tasks, sampler, guide, lambda task, one: judge.score(task, [one])[0], "tokens", words)


def _answers(count: int) -> Column:
    from tts_playground.tasks.vqa import VqaTask, short_answer, vqa_sampler
    from tts_playground.tasks.vqa_search import judge_of
    from tts_playground.worlds import charts
    from tts_playground.worlds.infographics import figure
    from tts_playground.worlds.layout import Draw
    from tts_playground.worlds.questions import ask, pick_kind

    tasks: list[VqaTask] = []
    for index in range(count):
        shown, draw = figure(WORLD_SEED, index), Draw(generator(WORLD_SEED, index, "question").random(64).tolist())
        asked = ask(shown, pick_kind(shown, draw), draw)
        tasks.append(VqaTask.of(charts.draw(shown), asked.text, [asked.answer]))
    sampler = vqa_sampler("tiny:vlm")
    words = "tiny:vlm, guided by its own P(yes) of the reply so far, judged by the truth"
    guide = judge_of("p_yes", sampler)
    return Column(tasks, sampler, guide, lambda task, one: task.right(short_answer(one)) or 0.0, "tokens", words)


def _solutions(count: int) -> Column:
    from tts_playground.tasks.reasoning import ReasoningTask
    from tts_playground.tasks.solving import answer_of, lm_sampler, reward_of
    from tts_playground.worlds.arithmetic import problems

    tasks = [ReasoningTask(one.problem, one.answer, one.level) for one in problems(WORLD_SEED, count, "seen")]
    guide = reward_of("prm", "tiny:math")
    assert guide is not None
    words = "tiny:math, guided by tiny:prm's score of the last step, judged by the truth"
    return Column(
        tasks, lm_sampler("tiny:math"), guide, lambda task, one: float(task.right(answer_of(one)) or 0), "tokens", words
    )


def _programs(count: int) -> Column:
    from tts_playground.dsl.drawings import overlap
    from tts_playground.dsl.raster import render
    from tts_playground.tasks.sketch import SketchTask, sampler_of
    from tts_playground.worlds.programs import program

    tasks = [SketchTask.of(render(program(WORLD_SEED, index), 256), outline="keep") for index in range(count)]
    guide = registry.resolve("reward", "fit", "sketch")
    words = "the proposal sampler, guided by fit, judged by IoU"
    return Column(
        tasks, sampler_of("proposal"), guide, lambda task, one: overlap(task, one.content).iou, "renders", words
    )


def measure(kind: str, tasks: int, seeds: int, budget: int, say: Callable[[str], None] = print) -> dict[str, Any]:
    """One column: {"words", "by", "tasks", "seeds", "budget", "cells": {strategy: {"value", "gain", ...} or "why"}}.

    Raises:
        BadInput: fewer than one task, seed or candidate.
    """
    if min(tasks, seeds, budget) < 1:
        raise BadInput("The matrix needs at least one task, one seed and a budget of one candidate.")
    board = column(kind, tasks)
    able, blank = _able(kind, board.sampler)
    budgets = [Budget(**{board.by: round(budget * each)}) for each in _units(board)]
    reached: dict[str, list[float]] = {}
    countdown = Countdown(f"strategies on {kind}", len(able), say)
    for name in able:
        strategy = registry.resolve("strategy", name, kind)
        rows = []
        for task, limit in zip(board.tasks, budgets, strict=True):
            golds = [_gold(board, task, strategy, limit, seed) for seed in range(1, 1 + seeds)]
            rows.append(float(np.mean(golds)))
        reached[name] = rows
        countdown.step()
    each = float(seeds) if kind != "sketch" else np.inf
    cells: dict[str, Any] = dict(blank)
    for name, rows in reached.items():
        gain = None if name == BASELINE else paired(rows, reached[BASELINE]).as_dict()
        cells[name] = {"value": mean(rows, "shares", each=each).as_dict(), "gain": gain}
    return {"words": board.words, "by": board.by, "tasks": tasks, "seeds": seeds, "budget": budget, "cells": cells}


def _able(kind: str, sampler: Sampler) -> tuple[list[str], dict[str, str]]:
    """Strategies that run here, best-of-N first, and of the others why they do not."""
    able, blank = [], {}
    for row in registry.entries("strategy"):
        why = why_blank(row, kind)
        if not why and not registry.runs(row, sampler):
            try:
                registry.fitting("strategy", row.name, kind, sampler)
            except BadInput as error:
                said = str(error).rpartition(". ")[2].partition(";")[0]
                why = BLANKS.get((row.name, kind), said)
        if why:
            blank[row.name] = why
        else:
            able.append(row.name)
    return able, blank


def why_blank(row: registry.Entry, kind: str) -> str:
    """Why a strategy is not for a kind of task; "" where it is."""
    known = BLANKS.get((row.name, kind))
    if row in registry.entries("strategy", kind):
        return ""
    if row.needs == "NoiseSampler":
        return NOISE
    if kind == "text" and known is None:
        return UNDRAWN
    if known is None and row.needs == "ContinuingSampler":
        known = WORDS
    return known or (VOTES if set(row.tasks) == {"vqa", "text"} else "the samplers of these tasks cannot")


def _units(board: Column) -> Iterator[float]:
    """Of each task what one independent candidate costs on average, its score included."""
    for task in board.tasks:
        costs = [one.cost + board.guide.unit_cost for one in board.sampler.draw(task, range(UNIT_DRAWS), seed=0)]
        yield float(np.mean([getattr(cost, board.by) for cost in costs]))


def _gold(board: Column, task: Any, strategy: Any, limit: Budget, seed: int) -> float:
    """What the judge says of a run's pick; 0 where the budget did not see one candidate to its end."""
    *_, last = strategy.run(task, board.sampler, board.guide, budget=limit, seed=seed)
    for name in (f.name for f in fields(Cost) if f.name == board.by):
        assert getattr(last.cost, name) <= getattr(limit, name)
    return 0.0 if last.best is None else float(board.judge(task, last.best.sample))


# ------------------------------------------------------------------------------------------------------------ the page

HEAD = """# Strategies on all tasks at equal cost

Made by `python -m tts_playground.evaluation.strategy_matrix`, which draws a column again with `--columns t2i`. A cell
is the mean over tasks with its 95 % interval and, below it, the gain over best-of-N on the same tasks with its own; a
gain whose interval keeps to one side of 0 is bold, and one without an interval rests on too few tasks that differ.
The guide chooses, and the judge measures. Strategies have their default settings, and nothing was tuned for this
table. With so few tasks most differences cannot be told from chance: a cell is there to show that the pair runs and
about where it stands, and it ranks nobody. Where best-of-N reaches 1.00 nothing is left to gain.
"""


def page(columns: Mapping[str, Mapping[str, Any]]) -> str:
    """Markdown of what was measured so far."""
    lines = [HEAD]
    for kind in COLUMNS:
        if kind in columns:
            one = columns[kind]
            lines.append(
                f"- `{kind}`: {one['words']}; {_count(one['tasks'], 'task')}, {_count(one['seeds'], 'run')} each,"
                f" {one['by']} of {one['budget']} independent candidates, world seed {WORLD_SEED}."
            )
        else:
            lines.append(f"- `{kind}`: {UNDRAWN}.")
    lines += ["", f"| strategy | {' | '.join(COLUMNS)} |", "| --- " * (1 + len(COLUMNS)) + "|"]
    for row in registry.entries("strategy"):
        cells = [_cell(columns.get(kind), row, kind) for kind in COLUMNS]
        lines.append(f"| `{row.name}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(one: Mapping[str, Any] | None, row: registry.Entry, kind: str) -> str:
    if one is None or row.name not in one["cells"]:
        return f"*{why_blank(row, kind) or UNDRAWN}*"
    found = one["cells"][row.name]
    if isinstance(found, str):
        return f"*{found}*"
    text = _said(Interval(**found["value"]), ".2f")
    if found["gain"] is None:
        return text
    gain = Interval(**found["gain"])
    said = _said(gain, "+.2f")
    sure = gain.low is not None and gain.high is not None and gain.low * gain.high > 0
    return f"{text}<br>{f'**{said}**' if sure else said}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _said(one: Interval, form: str) -> str:
    if one.low is None or one.high is None:
        return f"{one.value:{form}}"
    return f"{one.value:{form}} [{one.low:{form}}, {one.high:{form}}]"


def main(columns: str, tasks: int, seeds: int, budget: int, out: Path) -> None:
    """Draw some columns, keep their cells beside the page, and write the page."""
    kept = out.with_suffix(".json")
    found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    for kind in filter(None, (part.strip() for part in columns.split(","))):
        found[kind] = measure(kind, tasks, seeds, budget)
        with files.whole(kept, "The cells") as partial:
            partial.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    with files.whole(out, "The page") as partial:
        partial.write_text(page(found), encoding="utf-8")
    print(out)


if __name__ == "__main__":
    import typer

    def command(
        columns: str = ",".join(COLUMNS),
        tasks: int = 8,
        seeds: int = 2,
        budget: int = 8,
        out: Path = Path("docs/strategy-matrix.md"),
    ) -> None:
        """Run every strategy on every kind of task at equal cost, and write the table."""
        try:
            main(columns, tasks, seeds, budget, out)
        except PlaygroundError as error:
            raise SystemExit(str(error)) from error

    typer.run(command)
