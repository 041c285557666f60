"""What one open page is about: a problem, the search of it, what stands beside it, and the pool that N is read off."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from tts_playground import home
from tts_playground.core import Budget, Reward, Round, StepReward
from tts_playground.errors import BadInput, PlaygroundError
from tts_playground.estimators.intervals import rate
from tts_playground.experiments.comparison import StrategyPoint
from tts_playground.experiments.step_tree import StepTree, elected, step_tree
from tts_playground.models import loading
from tts_playground.models.zerogpu import on_gpu, seconds_for
from tts_playground.pages.math.solution_pool import Solution, SolutionPool
from tts_playground.pages.math.view_settings import EMBEDDED, MathView, coerce_view, default_view, same_search
from tts_playground.store.spare import open_store
from tts_playground.strategies.best_of_n import BestOfN
from tts_playground.tasks import engine
from tts_playground.tasks.reasoning import ReasoningTask, truth_of
from tts_playground.tasks.solving import BASELINE, lm_sampler, reward_of, solution_rounds
from tts_playground.worlds.arithmetic.checking import step_labels
from tts_playground.worlds.arithmetic.problem import MathProblem

PACE = 0.4
"""seconds between two updates of a page"""
FEW = 4
"""solutions drawn between two looks at the budget"""
STARTER = "math.json"


@dataclass(frozen=True)
class MathPageState:
    """Lives in the session of one page, and nowhere else."""

    view: MathView
    """what the tree was asked for"""
    tree: StepTree | None = None
    beside: StepTree | None = None
    """the other strategy on the same problem, with as many tokens"""
    pool: SolutionPool | None = None
    """independent solutions of the same problem"""
    done: bool = True

    @property
    def task(self) -> ReasoningTask:
        """The problem as it is asked."""
        return task_of(self.view)


@dataclass(frozen=True)
class Starter:
    """What ships: problems with solutions, searches and trees."""

    problems: tuple[MathProblem, ...]
    pools: tuple[SolutionPool, ...]
    runs: tuple[Mapping[str, Any], ...]
    """{"strategy", "n", "problem", "right", "tokens", "verifier_calls"} each"""
    trees: Mapping[tuple[int, str], tuple[int, StepTree]]
    """(problem, strategy) -> (n, its tree)"""
    beside: Mapping[tuple[int, str], StepTree]
    """(problem, strategy) -> the tree of best-of-N with as many tokens"""

    def points(self, places: Collection[int] | None = None) -> list[StrategyPoint]:
        """Accuracy of each strategy at each width, over the problems at some places, or over all."""
        runs = [run for run in self.runs if places is None or run["problem"] in places]
        found = []
        for name, n in dict.fromkeys((run["strategy"], run["n"]) for run in runs):
            own = [run for run in runs if (run["strategy"], run["n"]) == (name, n)]
            cost = {key: sum(run[key] for run in own) / len(own) for key in ("tokens", "verifier_calls")}
            right = rate(sum(run["right"] for run in own), len(own))
            found.append(StrategyPoint(name, right, cost | {"samples": n}, note=f"N = {n}", budget=n))
        return found


@cache
def starter() -> Starter | None:
    """What ships, read once; None where it is not installed."""
    file = home.STARTERS / STARTER
    if not file.is_file():
        return None
    told = json.loads(file.read_text(encoding="utf-8"))
    asked = tuple(MathProblem(**one) for one in told["problems"])
    pools = []
    for one, rows in zip(asked, told["pools"], strict=True):
        task = ReasoningTask(one.problem, one.answer)
        pools.append(SolutionPool(tuple(Solution.of_dict(row, task.right(row["answer"])) for row in rows)))
    trees = {
        (one["problem"], one["tree"]["strategy"]): (one["n"], elected(StepTree.of_dict(one["tree"])))
        for one in told["trees"]
    }
    beside = {(one["problem"], one["beside"]): elected(StepTree.of_dict(one["tree"])) for one in told.get("beside", ())}
    return Starter(asked, tuple(pools), tuple(told["runs"]), trees, beside)


def shown_problems() -> list[MathProblem]:
    """Problems whose searches ship, the examples of the page."""
    held = starter()
    if held is None:
        return []
    shown = [held.problems[place] for place in dict.fromkeys(place for place, _ in held.trees)]
    return sorted(shown, key=lambda one: one.level)


def ready(view: MathView) -> MathPageState | None:
    """A search of an example under a view's settings, without any model; None where there is none."""
    held = starter()
    place = _place(view.problem)
    if held is None or place is None or (place, view.strategy) not in held.trees:
        return None
    n, tree = held.trees[place, view.strategy]
    usual = MathView(held.problems[place].problem, view.truth, view.strategy, n=n)
    if not same_search(replace(view, problem=view.problem.strip()), usual):
        return None
    beside = held.beside.get((place, view.strategy)) if view.other == BASELINE else None
    return MathPageState(view, tree, beside, held.pools[place])


def opening_view() -> MathView:
    """What a fresh page asks: a shipped problem that the search solves and one solution does not, if there is one."""
    view, held = default_view(), starter()
    kept = [] if held is None else [place for place, name in held.trees if name == view.strategy]
    if held is None or not kept or view.model != EMBEDDED:
        return view
    place = max(
        kept,
        key=lambda one: (
            *_teaches(held.trees[one, view.strategy][1], held.pools[one]),
            -len(held.problems[one].problem),  # a first look has little to read
        ),
    )
    one, (n, _) = held.problems[place], held.trees[place, view.strategy]
    return replace(view, problem=one.problem, truth=one.answer, n=n, look=len(held.pools[place].solutions))


def linked_view(query: Mapping[str, str]) -> MathView:
    """What a link asks: its settings over those of a fresh page, whose answer goes with its own problem alone."""
    base = opening_view()
    if query.get("problem", base.problem).strip() != base.problem:
        known = known_problem(query["problem"])
        base = replace(base, truth=known.answer if known else "")
    return coerce_view(query, base)


def _teaches(tree: StepTree, pool: SolutionPool) -> tuple[bool, bool, bool, bool]:
    """What a first look at a problem shows, the most telling first: the search is right; so is the weighted vote, the
    selector that is right most often; a majority is not; the first solution alone is wrong."""
    picked = {name: pool.solutions[place].right for name, place in pool.picks(len(pool.solutions)).items()}
    solved = tree.chosen is not None and tree.chosen.right is True
    return solved, picked.get("weighted") is True, picked.get("majority") is False, picked.get("first") is False


def opening() -> MathPageState:
    """What a fresh page shows: a finished search, where they ship."""
    view = opening_view()
    return ready(view) or MathPageState(view)


def _place(problem: str) -> int | None:
    held = starter()
    places = () if held is None else range(len(held.problems))
    return next((place for place in places if held and held.problems[place].problem == problem.strip()), None)


def known_problem(problem: str) -> MathProblem | None:
    """The problem of the arithmetic world with these words, whose every step can be checked."""
    place, held = _place(problem), starter()
    return None if place is None or held is None else held.problems[place]


def with_own_truth(view: MathView, before: MathPageState) -> MathView:
    """The view without an answer that was the problem's before; a known problem brings its own."""
    known = known_problem(view.problem)
    if known is not None:
        return replace(view, truth=known.answer)
    another = view.problem.strip() != before.view.problem.strip()
    return replace(view, truth="") if another and view.truth == before.view.truth else view


def task_of(view: MathView) -> ReasoningTask:
    """What a view asks; raises BadInput where there is no problem."""
    known = known_problem(view.problem)
    return ReasoningTask(view.problem.strip(), known.answer if known else view.truth.strip() or truth_of(view.problem))


# -------------------------------------------------------------------------------------------------------- searching


def seconds(view: MathView, *_: Any) -> int:
    """On the GPU: the solutions, and as long again for their judging."""
    return seconds_for(view.model, view.n, 2 * view.max_tokens)


def before(view: MathView, *_: Any) -> None:
    """Download the model."""
    loading.fetched(view.model, "lm")


def solve(view: MathView) -> Iterator[MathPageState]:
    """The search as far as it has come; the last one is done.

    Raises:
        BadInput: there is no problem, or the sampler cannot run the strategy.
    """
    task_of(view)
    yield from _solve(view)


@on_gpu(seconds, before)
def _solve(view: MathView) -> Iterator[MathPageState]:
    for tree, pool, done in _searched(view, view.strategy, None):
        yield MathPageState(view, tree, None, pool, done)


def compare(state: MathPageState, other: str) -> Iterator[MathPageState]:
    """The other strategy on the same problem, with as many tokens as the first one spent.

    Raises:
        BadInput: nothing has been searched yet.
    """
    if state.tree is None or not state.tree.nodes:
        raise BadInput("There is no search to compare with yet; press Solve first.")
    yield from _compare(replace(state.view, other=other), state)


@on_gpu(seconds, before)
def _compare(view: MathView, state: MathPageState) -> Iterator[MathPageState]:
    tokens = state.tree.tokens if state.tree else None
    for tree, pool, done in _searched(view, view.other, tokens):
        # solution i is the same in both, so that the longer one holds the other
        pools = [one for one in (state.pool, pool) if one is not None]
        longest = max(pools, key=lambda one: len(one.solutions), default=None)
        yield replace(state, view=view, beside=tree, pool=longest, done=done)


def _searched(
    view: MathView, strategy: str, tokens: int | None
) -> Iterator[tuple[StepTree, SolutionPool | None, bool]]:
    task, problem = task_of(view), known_problem(view.problem)
    sampler = lm_sampler(view.model, view.settings)
    judge = reward_of(view.reward, view.model, aggregation=view.aggregation)
    budget = Budget(samples=view.n) if tokens is None else Budget(tokens=max(1, tokens))
    planned = engine.planned(strategy, task.unanswered(), sampler, view.n)
    if tokens is not None and isinstance(planned, BestOfN):
        planned = replace(planned, n=None, batch=FEW)  # as many as the tokens buy
    rounds: tuple[Round, ...] = ()
    tree, told = StepTree(strategy, (), (), 0, 0, 0.0), 0.0
    notes: list[str] = []
    with open_store(notes.append) as store:
        how: dict[str, Any] = {"n": view.n, "strategy": planned, "budget": budget, "seed": view.seed, "store": store}
        for one in solution_rounds(task, sampler, judge, **how):
            due = time.monotonic() - told > PACE and not one.stopped
            if one.progress is None:
                rounds = (*rounds, one)
                tree = step_tree(strategy, rounds, task, judge, problem) if due else tree
            if due:  # between rounds, too: whoever cancels is heard at the next report
                told = time.monotonic()
                yield tree, None, False
    pool = _pool(rounds, task, judge, problem) if strategy == BASELINE else None
    yield elected(step_tree(strategy, rounds, task, judge, problem), judge is not None), pool, True


def _pool(
    rounds: Sequence[Round], task: ReasoningTask, judge: Reward | None, problem: MathProblem | None
) -> SolutionPool:
    """The independent solutions of best-of-N."""
    samples = [one.sample for one in engine.whole(rounds)]
    asked = isinstance(judge, StepReward)
    scores = judge.step_scores(task.unanswered(), samples) if isinstance(judge, StepReward) else []
    found = []
    for place, sample in enumerate(samples):
        labels = step_labels(problem, list(sample.info.get("steps", ()))) if problem else ()
        right = task.right(str(sample.info.get("answer", "")))
        found.append(Solution.of_sample(sample, scores[place] if asked else (), right, labels))
    return SolutionPool(tuple(found))


def warm() -> None:
    """Load the default model if it is the embedded one or a folder, and solve one problem; nothing is downloaded."""
    view = replace(opening().view, n=2)
    if view.model != EMBEDDED and "/" in view.model and loading.check(view.model, kind="lm"):
        return
    try:
        for _ in solve(replace(view, problem=view.problem or "What is 2 + 3?")):
            pass
    except PlaygroundError as error:
        logging.getLogger(__name__).warning("the tab of reasoning is not warm: %s", error)
