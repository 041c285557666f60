"""Compute-optimal test-time scaling: which strategy for which difficulty and budget, and what choosing so gains.

Snell et al. 2024 (arXiv:2408.03314): problems fall into five bins of difficulty, by pass@1 (which needs the truth: an
oracle) or by the mean score of a verifier (which anybody can have before answering); for each bin and budget the
strategy is taken that was best there on other problems. Here the problems are cut into folds: a policy is fitted on all
but one and used on that one, so that every number is of problems that the policy has not seen. Left out: choosing
hyperparameters as well (give each setting a strategy's name of its own).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tts_playground.errors import BadInput
from tts_playground.estimators.intervals import Interval, mean, paired
from tts_playground.randomness import generator
from tts_playground.typed import typed

BINS = 5
BASELINE = "best-of-n"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one strategy reached on one problem with one budget."""

    problem: str
    """its unique_id"""
    strategy: str
    budget: int
    """in whatever unit, the same for all strategies"""
    value: float
    """0-1: right or wrong, or a mean over runs"""


@dataclass(frozen=True, slots=True)
class Policy:
    """Difficulty and budget to strategy."""

    edges: tuple[float, ...]
    """of the bins, ascending: a problem is in bin i if i of them are at or below its ease"""
    table: Mapping[tuple[int, int], str]
    """(bin, budget) -> strategy; bin 0 is the hardest"""
    fallback: str
    """where a bin had no problem to learn from"""

    def bin_of(self, ease: float) -> int:
        """The bin of a problem by its ease (pass@1, or a verifier's mean score)."""
        return int(np.searchsorted(self.edges, ease, side="right"))

    def choose(self, ease: float, budget: int) -> str:
        """The strategy for a problem at a budget."""
        return self.table.get((self.bin_of(ease), budget), self.fallback)


@dataclass(frozen=True, slots=True)
class Gain:
    """What the policy reaches at one budget on problems that it was not fitted on."""

    budget: int
    policy: Interval
    baseline: Interval
    gain: Interval
    """policy less baseline, paired by problem"""
    cheaper: float | None
    """how many times the budget at which the baseline first reaches as much; None where no budget of it does"""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        parts = {name: getattr(self, name).as_dict() for name in ("policy", "baseline", "gain")}
        return {"budget": self.budget, **parts, "cheaper": self.cheaper}


@dataclass(frozen=True, slots=True)
class ComputeOptimal:
    """The policy of all problems, and its held-out gains."""

    policy: Policy
    gains: tuple[Gain, ...]
    """one a budget, ascending"""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        table = [{"bin": key[0], "budget": key[1], "strategy": name} for key, name in self.policy.table.items()]
        return {"edges": list(self.policy.edges), "table": table, "gains": [one.as_dict() for one in self.gains]}


@typed
def compute_optimal(
    outcomes: Iterable[Outcome],
    ease: Mapping[str, float],
    *,
    baseline: str = BASELINE,
    bins: int = BINS,
    folds: int = 2,
    seed: int = 0,
) -> ComputeOptimal:
    """Fit the policy, and measure it on problems that it was not fitted on.

    Args:
        outcomes: every strategy, the baseline included, on every problem at every budget; equal ones are averaged.
        ease: problem -> pass@1 (an oracle's bins) or mean score of a verifier (deployable), higher is easier.
        bins: of difficulty, 1 or more, of about equally many problems.
        folds: parts of the problems, 2 or more; two as in the paper.

    Raises:
        BadInput: a problem without its ease, without the baseline, or fewer problems than folds.
    """
    values = _averaged(outcomes)
    budgets = sorted({budget for _, _, budget in values})
    problems = sorted({problem for problem, _, _ in values})
    _check(values, ease, problems, budgets, baseline, bins, folds)
    order = generator(seed, "compute-optimal folds").permutation(len(problems))
    fold = {problems[place]: turn % folds for turn, place in enumerate(order)}
    chosen: dict[tuple[str, int], float] = {}
    for held in range(folds):
        policy = fit(values, ease, [one for one in problems if fold[one] != held], budgets, baseline, bins)
        for problem in (one for one in problems if fold[one] == held):
            for budget in budgets:
                name = policy.choose(ease[problem], budget)
                chosen[problem, budget] = values.get((problem, name, budget), values[problem, baseline, budget])
    plain = {budget: [values[problem, baseline, budget] for problem in problems] for budget in budgets}
    means = {budget: float(np.mean(row)) for budget, row in plain.items()}
    gains = []
    for budget in budgets:
        mine = [chosen[problem, budget] for problem in problems]
        reached = float(np.mean(mine))
        enough = next((other for other in budgets if means[other] >= reached - 1e-12), None)
        gain = paired(mine, plain[budget])
        cheaper = None if enough is None else enough / budget
        gains.append(Gain(budget, mean(mine, "shares"), mean(plain[budget], "shares"), gain, cheaper))
    return ComputeOptimal(fit(values, ease, problems, budgets, baseline, bins), tuple(gains))


def fit(
    values: Mapping[tuple[str, str, int], float],
    ease: Mapping[str, float],
    problems: Sequence[str],
    budgets: Sequence[int],
    baseline: str,
    bins: int,
) -> Policy:
    """The policy of some problems; of strategies equally good in a bin the baseline, else the first by name."""
    known = np.array([ease[one] for one in problems], dtype=np.float64)
    edges = tuple(float(edge) for edge in np.quantile(known, np.arange(1, bins) / bins)) if bins > 1 else ()
    policy = Policy(edges, {}, baseline)
    names = sorted({name for _, name, _ in values}, key=lambda name: (name != baseline, name))
    table: dict[tuple[int, int], str] = {}
    for place in range(bins):
        mine = [one for one in problems if policy.bin_of(ease[one]) == place]
        for budget in budgets if mine else ():
            rows = {
                name: [values[one, name, budget] for one in mine if (one, name, budget) in values] for name in names
            }
            whole = {name: float(np.mean(row)) for name, row in rows.items() if len(row) == len(mine)}
            table[place, budget] = max(whole, key=lambda name: whole[name])
    return Policy(edges, table, baseline)


def _averaged(outcomes: Iterable[Outcome]) -> dict[tuple[str, str, int], float]:
    found: dict[tuple[str, str, int], list[float]] = defaultdict(list)
    for one in outcomes:
        found[one.problem, one.strategy, one.budget].append(one.value)
    return {key: float(np.mean(row)) for key, row in found.items()}


def _check(
    values: Mapping[tuple[str, str, int], float],
    ease: Mapping[str, float],
    problems: Sequence[str],
    budgets: Sequence[int],
    baseline: str,
    bins: int,
    folds: int,
) -> None:
    if bins < 1 or folds < 2 or len(problems) < folds:
        raise BadInput("A compute-optimal policy needs at least 1 bin, 2 folds, and as many problems as folds.")
    for problem in problems:
        if problem not in ease:
            raise BadInput(f"The ease of the problem {problem!r} is not given; give one for each.")
        missing = next((budget for budget in budgets if (problem, baseline, budget) not in values), None)
        if missing is not None:
            raise BadInput(f"The baseline {baseline!r} was not run on the problem {problem!r} at the budget {missing}.")
