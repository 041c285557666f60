"""Draw the recipes' shipped data: ``python -m tts_playground.evaluation.make_recipe_data DRAWN [--device cuda]``.

Every approach at n = 4, 16 and 64 (and best_of_n at 256) on math-eval, by the very runs of ``recipe``: each goes on
where its file in DRAWN ends, so that this can be stopped, and cut into parts (``--part 2/8``) for several processes.
best_of_n and dvts are drawn at their largest n alone, since subsets of their completions, and of their subtrees, are
smaller runs. ``--pack`` makes the two files that ship of them, of the first ``--problems`` if not all are drawn. Draw
again whenever tiny:math or tiny:prm changes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from typing import Any

from tts_playground import files, jsontext
from tts_playground.errors import BadInput, exit_code
from tts_playground.experiments.recipes import shipped
from tts_playground.experiments.recipes.completed import CompletedProblem
from tts_playground.experiments.recipes.recipe import Recipe
from tts_playground.experiments.recipes.rows import read_rows
from tts_playground.experiments.recipes.run import run
from tts_playground.worlds.arithmetic.benchmark import math_eval

JOBS = (
    ("best_of_n", 256),
    ("dvts", 64),
    *((approach, n) for n in (64, 16, 4) for approach in ("mcts", "rebase", "beam_search")),
)
"""(approach, n), the longest first"""
PROBLEMS = 500
SEED = 0


def recipe_of(approach: str, n: int, folder: Path, start: int, end: int, device: str, **more: Any) -> Recipe:
    """The recipe of one job on some problems: that of recipes/tiny-math, but for n and the place."""
    given: dict[str, Any] = {"approach": approach, "model_path": "tiny:math", "prm_path": "tiny:prm", **more}
    return Recipe(
        n=n,
        dataset_name="math-eval",
        dataset_start=start,
        dataset_end=end,
        max_tokens=512,
        num_iterations=16,
        search_batch_size=1,
        filter_duplicates=approach == "beam_search",
        apply_voting=False,
        seed=SEED,
        device=device,
        output_dir=str(folder),
        **given,
    )


def part_of(text: str) -> tuple[int, int]:
    """ "2/8" as (2, 8).

    Raises:
        BadInput: it is no such text.
    """
    first, _, last = text.partition("/")
    if not (first.isdecimal() and last.isdecimal() and 1 <= int(first) <= int(last) <= PROBLEMS):
        raise BadInput(f"--part takes a part of all, as in 2/8, not {text!r}.")
    return int(first), int(last)


def draw(
    drawn: Path, *, part: tuple[int, int] = (1, 1), only: Sequence[str] = (), device: str = "auto", **more: Any
) -> None:
    """Draw what is not there yet of one part of the problems, and say how far it is.

    Args:
        only: jobs as "dvts-64"; none means all.
    """
    number, parts = part
    start, end = ((number + turn) * PROBLEMS // parts for turn in (-1, 0))
    for approach, n in JOBS:
        name = f"{approach}-{n}"
        if only and name not in only:
            continue
        folder = drawn / name / f"{start:03d}"
        said = -1
        for told in run(recipe_of(approach, n, folder, start, end, device, **more)):
            if told.done // 10 != said:
                said = told.done // 10
                print(f"{name} problems {start} to {end - 1}: {told.done} of {told.of}", flush=True)


def rows(
    drawn: Path, approach: str, n: int, problems: int = PROBLEMS, had: Set[str] = frozenset()
) -> Iterator[tuple[dict[str, Any], CompletedProblem]]:
    """The rows of one job on the first ``problems`` of math-eval, of all its parts, in their order.

    Args:
        had: problems that need not be there.

    Raises:
        BadInput: a row is bad, or not every problem is there.
    """
    found = sorted((drawn / f"{approach}-{n}").glob("*/*_completions*.jsonl"))
    wanted = {one.unique_id for one in math_eval(problems)}
    for file in found:
        plain = (jsontext.loads_object(line, str(file)) for line in file.read_text(encoding="utf-8").splitlines())
        for row, one in zip(plain, read_rows(file), strict=True):
            if not isinstance(one, CompletedProblem):
                raise BadInput(f"{file} has a bad row: {one.why}.")
            if row["unique_id"] in wanted:
                wanted.remove(row["unique_id"])
                yield row, one
    if wanted := wanted - had:
        raise BadInput(
            f"{approach} at n = {n} has {problems - len(wanted)} of {problems} problems in {drawn}; draw the others "
            "first, or pack fewer with --problems."
        )


def pack(drawn: Path, folder: Path, problems: int = PROBLEMS) -> tuple[Path, Path]:
    """Write the two files that ship: numbers of the first ``problems``, and texts of some.

    What ``folder`` has of problems that are not in ``drawn`` stays, so that a part may be packed once it is drawn.
    """
    asked = [one.unique_id for one in math_eval(problems)]
    some = set(asked[: shipped.TEXTS])
    old, old_texts = shipped.packed(folder)
    tables, texts = [], []
    for approach, n in JOBS:
        before = {key[2]: row for key, row in old.items() if key[:2] == (approach, n)}
        told = {row["unique_id"]: (row, one) for row, one in rows(drawn, approach, n, problems, set(before))}
        for name in asked:
            if name not in told:
                tables.append(before[name])
                continue
            row, one = told[name]
            tables.append(shipped.row_of(approach, n, name, one))
            if name in some and n <= shipped.TEXT_N:
                kept = ("problem", "answer", "level", "unique_id", "completions", "scores")
                old_texts[approach, n, name] = {"approach": approach, "n": n, **{key: row[key] for key in kept}}
    texts = [old_texts[key] for key in ((*job, name) for job in JOBS for name in asked) if key in old_texts]
    files.make_folder(folder, "The folder of the data")
    return shipped.write(tables, texts, folder)


def main(argv: list[str] | None = None) -> int:
    """Draw, or pack; returns the exit code."""
    p = argparse.ArgumentParser(prog="python -m tts_playground.evaluation.make_recipe_data", description=__doc__)
    p.add_argument("drawn", type=Path, help="folder of what was drawn")
    p.add_argument("--part", default="1/1", help="a part of the problems, as in 2/8")
    p.add_argument("--only", nargs="+", default=[], help="jobs, as in dvts-64 (default: all)")
    p.add_argument("--device", default="auto", help="auto, cpu or cuda")
    p.add_argument("--pack", type=Path, help="write the files that ship into this folder instead")
    p.add_argument("--problems", type=int, default=PROBLEMS, help="how many of the first problems are packed")
    args = p.parse_args(argv)

    def work() -> None:
        if not args.pack:
            draw(args.drawn, part=part_of(args.part), only=args.only, device=args.device)
            return
        for file in pack(args.drawn, args.pack, args.problems):
            print(f"Saved {file} ({file.stat().st_size / 1e6:.1f} MB)")

    return exit_code(work)


if __name__ == "__main__":
    sys.exit(main())
