"""Draw what the tab of reasoning opens on: ``python -m tts_playground.evaluation.make_math_starter``.

Problems of the kind that tiny:math has learnt from but has not seen, 16 solutions of each with the scores of their
steps, one search by each strategy at several widths, and the trees of the first problems. To be run again whenever
tiny:math or tiny:prm changes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tts_playground import files, home
from tts_playground.core import Budget, Sample, Strategy
from tts_playground.errors import PlaygroundError
from tts_playground.experiments.step_tree import step_tree
from tts_playground.rewards.prm import ProcessReward
from tts_playground.samplers.lm import LanguageModelSampler
from tts_playground.samplers.lm_settings import SolutionSettings
from tts_playground.tasks import engine
from tts_playground.tasks.reasoning import ReasoningTask
from tts_playground.tasks.solving import lm_sampler
from tts_playground.tasks.together import JointRun, run_together
from tts_playground.worlds.arithmetic.checking import step_labels
from tts_playground.worlds.arithmetic.generate import LEVELS, problems
from tts_playground.worlds.arithmetic.problem import MathProblem

FILE = "math.json"
SEED = 500_019
"""of the problems; training draws from others"""
SEARCHES = ("beam", "dvts", "rebase", "mcts")
WIDTHS = (4, 8, 16)
SHOWN = 5
"""problems whose trees are kept, one of each level"""


def chosen(each: int) -> list[MathProblem]:
    """``each`` problems of every level, in turns."""
    by_level = [problems(SEED, each, "seen", level=level) for level in LEVELS]
    return [some[turn] for turn in range(each) for some in by_level]


def drawn(asked: Sequence[MathProblem], n: int = 16, widths: Sequence[int] = WIDTHS) -> dict[str, Any]:
    """The starter as plain values.

    Raises:
        ModelUnavailable: tiny:math or tiny:prm is not here.
    """
    sampler, judge = lm_sampler("tiny:math", SolutionSettings()), ProcessReward()
    assert isinstance(sampler, LanguageModelSampler)
    tasks = [task_of(one) for one in asked]
    pools: list[list[Sample]] = [[] for _ in asked]
    for number, sample in sampler.draw_many([(task.unanswered(), range(n)) for task in tasks]):
        pools[number].append(sample)
    told = [sorted(pool, key=lambda one: one.index) for pool in pools]
    scores = judge.step_scores_many(list(zip([task.unanswered() for task in tasks], told, strict=True)))
    runs, trees = _searches(asked, tasks, sampler, judge, widths)
    return {
        "model": "tiny:math",
        "reward": "prm",
        "problems": [asdict(one) for one in asked],
        "pools": [
            [_solution(one, sample, said) for sample, said in zip(pool, scored, strict=True)]
            for one, pool, scored in zip(asked, told, scores, strict=True)
        ],
        "runs": runs,
        "trees": trees,
    }


def task_of(one: MathProblem) -> ReasoningTask:
    """A problem with its answer."""
    return ReasoningTask(one.problem, one.answer, one.level, one.subject, one.unique_id)


def _solution(one: MathProblem, sample: Sample, scores: Sequence[float]) -> dict[str, Any]:
    steps = list(sample.info["steps"])
    return {
        "steps": steps,
        "scores": [round(score, 4) for score in scores],
        "labels": step_labels(one, steps),
        "step_tokens": list(sample.info["step_tokens"]),
        "answer": sample.info["answer"],
        "tokens": sample.cost.tokens,
    }


def _searches(
    asked: Sequence[MathProblem],
    tasks: Sequence[ReasoningTask],
    sampler: LanguageModelSampler,
    judge: ProcessReward,
    widths: Sequence[int],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(what each run cost and whether it was right, the trees of the first problems at the largest width)."""
    runs, trees = [], []
    for name in SEARCHES:
        for width in widths:
            strategy: Strategy[Any] = engine.planned(name, tasks[0].unanswered(), sampler, width)
            jobs = [JointRun(task.unanswered(), strategy, Budget(samples=width)) for task in tasks]
            found = [engine.Found() for _ in jobs]
            for number, round_ in run_together(jobs, sampler, judge):
                found[number].add(round_)
            for number, one in enumerate(found):
                best = one.rounds[-1].best
                right = best is not None and bool(tasks[number].right(str(best.sample.info["answer"])))
                facts = {"strategy": name, "n": width, "problem": number, "right": right}
                runs.append(facts | {"tokens": one.cost.tokens, "verifier_calls": one.cost.verifier_calls})
                if width == max(widths) and number < SHOWN:
                    tree = step_tree(name, one.rounds, tasks[number], judge, asked[number])
                    trees.append({"problem": number, "n": width, "tree": tree.as_dict()})
            print(f"{name} {width}", flush=True)
    return runs, trees


def main(arguments: Sequence[str]) -> None:
    """Draw and write the file."""
    parser = argparse.ArgumentParser(prog="python -m tts_playground.evaluation.make_math_starter", description=__doc__)
    parser.add_argument("--each", type=int, default=8, help="problems of a level")
    parser.add_argument("--n", type=int, default=16, help="solutions of a problem")
    parser.add_argument("--widths", type=int, nargs="+", default=WIDTHS, help="widths of the searches")
    parser.add_argument("--out", type=Path, default=home.STARTERS / FILE, help="file (default: the package's)")
    args = parser.parse_args(arguments)
    told = drawn(chosen(args.each), args.n, args.widths)
    files.write_text(args.out, json.dumps(told, ensure_ascii=False, separators=(",", ":")) + "\n", "The starter")
    print(f"{args.out}: {args.out.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except PlaygroundError as error:
        sys.exit(str(error))
