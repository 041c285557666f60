"""Draw what the tab of reasoning opens on: ``python -m tts_playground.evaluation.make_math_starter``.

Problems of the kind that tiny:math has learnt from but has not seen, 16 solutions of each with the scores of their
steps, one search by each strategy at several widths, the trees of one problem a level (one that the beam solves and a
single solution does not, where there is one), and beside each beam the tree of best-of-N with as many tokens. To be run
again whenever tiny:math or tiny:prm changes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from time import monotonic
from typing import Any

from tts_playground import files, home
from tts_playground.core import Budget, Sample, Strategy
from tts_playground.errors import PlaygroundError
from tts_playground.experiments.step_tree import step_tree
from tts_playground.models.loading import Options
from tts_playground.rewards.prm import ProcessReward
from tts_playground.samplers.lm import LanguageModelSampler
from tts_playground.samplers.lm_settings import SolutionSettings
from tts_playground.strategies.best_of_n import BestOfN
from tts_playground.tasks import engine
from tts_playground.tasks.reasoning import ReasoningTask
from tts_playground.tasks.solving import BASELINE, lm_sampler
from tts_playground.tasks.together import JointRun, run_together
from tts_playground.worlds.arithmetic.checking import step_labels
from tts_playground.worlds.arithmetic.generate import LEVELS, problems
from tts_playground.worlds.arithmetic.problem import MathProblem

FILE = "math.json"
SEED = 500_019
"""of the problems; training draws from others"""
SEARCHES = ("beam", "dvts", "rebase", "mcts")
"""that of ``BESIDE`` first"""
WIDTHS = (4, 16)
SEARCHED = 20
"""problems that are searched; all have solutions"""
BESIDE = "beam"
"""the strategy beside which best-of-N stands with as many tokens, and by which it is settled whose trees are kept"""
FEW = 4
"""solutions drawn between two looks at the budget, as the page does (``pages.math.page_state``)"""


def chosen(each: int) -> list[MathProblem]:
    """``each`` problems of every level, in turns."""
    by_level = [problems(SEED, each, "seen", level=level) for level in LEVELS]
    return [some[turn] for turn in range(each) for some in by_level]


def drawn(
    asked: Sequence[MathProblem],
    n: int = 16,
    widths: Sequence[int] = WIDTHS,
    searched: int = SEARCHED,
    device: str = "auto",
) -> dict[str, Any]:
    """The starter as plain values: solutions of all problems, and searches of the first ``searched``.

    Raises:
        ModelUnavailable: tiny:math or tiny:prm is not here.
    """
    sampler = lm_sampler("tiny:math", SolutionSettings(), options=Options(device, "float32"))
    assert isinstance(sampler, LanguageModelSampler)
    draw = _Drawing(asked, [task_of(one) for one in asked], sampler, ProcessReward(device=device, dtype="float32"))
    began = monotonic()
    pools = draw.pools(n)
    print(f"solutions: {monotonic() - began:.0f} s", flush=True)
    alone = [bool(task.right(pool[0]["answer"])) for task, pool in zip(draw.tasks, pools, strict=True)]
    runs, trees = draw.searches(widths, searched, alone)
    spent = {one["problem"]: one["tree"]["tokens"] for one in trees if one["tree"]["strategy"] == BESIDE}
    trees += draw.trees(BASELINE, BestOfN(n, batch=FEW), {number: Budget(samples=n) for number in spent}, n)
    budgets = {number: Budget(tokens=tokens) for number, tokens in spent.items()}
    beside = draw.trees(BASELINE, BestOfN(batch=FEW), budgets, n)
    return {
        "model": "tiny:math",
        "reward": "prm",
        "problems": [asdict(one) for one in asked],
        "pools": pools,
        "runs": runs,
        "trees": trees,
        "beside": [one | {"beside": BESIDE} for one in beside],
    }


def task_of(one: MathProblem) -> ReasoningTask:
    """A problem with its answer."""
    return ReasoningTask(one.problem, one.answer, one.level, one.subject, one.unique_id)


@dataclass(frozen=True)
class _Drawing:
    asked: Sequence[MathProblem]
    tasks: Sequence[ReasoningTask]
    sampler: LanguageModelSampler
    judge: ProcessReward

    def pools(self, n: int) -> list[list[dict[str, Any]]]:
        """``n`` solutions of each problem."""
        pools: list[list[Sample]] = [[] for _ in self.tasks]
        for number, sample in self.sampler.draw_many([(task.unanswered(), range(n)) for task in self.tasks]):
            pools[number].append(sample)
        told = [sorted(pool, key=lambda one: one.index) for pool in pools]
        unanswered = [task.unanswered() for task in self.tasks]
        scores = self.judge.step_scores_many(list(zip(unanswered, told, strict=True)))
        return [
            [_solution(one, sample, said) for sample, said in zip(pool, scored, strict=True)]
            for one, pool, scored in zip(self.asked, told, scores, strict=True)
        ]

    def searches(
        self, widths: Sequence[int], most: int, alone: Sequence[bool]
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """(what each run cost and whether it was right, the trees of ``telling`` problems at the largest width).

        Args:
            alone: whether the first solution of each problem is right.
        """
        runs, trees = list[dict[str, Any]](), list[dict[str, Any]]()
        shown: list[int] = []
        for name, width in product(SEARCHES, widths):
            strategy: Strategy[Any] = engine.planned(name, self.tasks[0].unanswered(), self.sampler, width)
            began = monotonic()
            numbers = range(min(most, len(self.tasks)))
            found = self._found(strategy, {number: Budget(samples=width) for number in numbers})
            solved = {number: self._solved(number, one) for number, one in found.items()}
            for number, one in found.items():
                facts = {"strategy": name, "n": width, "problem": number, "right": solved[number]}
                runs.append(facts | {"tokens": one.cost.tokens, "verifier_calls": one.cost.verifier_calls})
            if width == max(widths):
                shown = self.telling(solved, alone) if name == BESIDE else shown
                trees += [self._tree(name, number, width, found[number]) for number in shown]
            print(f"{name} {width}: {monotonic() - began:.0f} s", flush=True)
        return runs, trees

    def _solved(self, number: int, found: engine.Found) -> bool:
        best = found.rounds[-1].best
        return best is not None and bool(self.tasks[number].right(str(best.sample.info["answer"])))

    def telling(self, solved: Mapping[int, bool], alone: Sequence[bool]) -> list[int]:
        """One problem of each level: if there is one, the first that the search solves and one solution does not."""
        best: dict[int, int] = {}
        for number in sorted(solved, key=lambda one: (solved[one] and not alone[one], solved[one], -one)):
            best[self.asked[number].level] = number
        return sorted(best.values())

    def trees(self, name: str, strategy: Strategy[Any], budgets: Mapping[int, Budget], n: int) -> list[dict[str, Any]]:
        """The trees of some problems, each with a budget of its own."""
        found = self._found(strategy, budgets)
        return [self._tree(name, number, n, one) for number, one in found.items()]

    def _found(self, strategy: Strategy[Any], budgets: Mapping[int, Budget]) -> dict[int, engine.Found]:
        jobs = [JointRun(self.tasks[number].unanswered(), strategy, budget) for number, budget in budgets.items()]
        found = {number: engine.Found() for number in budgets}
        places = list(found)
        for place, round_ in run_together(jobs, self.sampler, self.judge):
            if round_.progress is None:
                found[places[place]].add(round_)
        return found

    def _tree(self, name: str, number: int, n: int, found: engine.Found) -> dict[str, Any]:
        tree = step_tree(name, found.rounds, self.tasks[number], self.judge, self.asked[number])
        return {"problem": number, "n": n, "tree": tree.as_dict()}


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


def main(arguments: Sequence[str]) -> None:
    """Draw and write the file."""
    parser = argparse.ArgumentParser(prog="python -m tts_playground.evaluation.make_math_starter", description=__doc__)
    parser.add_argument("--each", type=int, default=8, help="problems of a level")
    parser.add_argument("--n", type=int, default=16, help="solutions of a problem")
    parser.add_argument("--widths", type=int, nargs="+", default=WIDTHS, help="widths of the searches")
    parser.add_argument("--searched", type=int, default=SEARCHED, help="problems that are searched")
    parser.add_argument("--device", default="auto", help="where both models run: auto, cpu or cuda")
    parser.add_argument("--out", type=Path, default=home.STARTERS / FILE, help="file (default: the package's)")
    args = parser.parse_args(arguments)
    told = drawn(chosen(args.each), args.n, args.widths, args.searched, args.device)
    files.write_text(args.out, json.dumps(told, ensure_ascii=False, separators=(",", ":")) + "\n", "The starter")
    print(f"{args.out}: {args.out.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except PlaygroundError as error:
        sys.exit(str(error))
