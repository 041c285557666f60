"""``eval math``: how often a model solves math-eval, what drawing many and a process reward add, and what it is worth.

greedy; single (one sample); pass@k, maj@k, weighted@k (votes weighted by the process reward) and best@k (what it likes
most), over all subsets of the n solutions of a problem; believed@k, what the reward says of that one: where it rises
while best@k falls, the reward is over-optimised (best_peak_k says where best@k is highest). Then the steps
(``math_steps``), revision (``math_revision``), and expressions as people type them (``math_typed``). Intervals are over
problems.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tts_playground.answers.equality import groups
from tts_playground.core import Sampler
from tts_playground.errors import BadInput
from tts_playground.estimators.curves import expected_best, expected_pick, pass_at_k
from tts_playground.estimators.intervals import Interval, mean, paired, rate
from tts_playground.estimators.voting import expected_majority
from tts_playground.evaluation import math_revision, math_steps, math_typed
from tts_playground.evaluation.countdown import Countdown
from tts_playground.evaluation.math_pool import Solutions, drawn, task_of
from tts_playground.models.hub import cards
from tts_playground.models.hub.embedded_models import where
from tts_playground.rewards.prm import ProcessReward
from tts_playground.samplers.lm import LanguageModelSampler
from tts_playground.samplers.lm_settings import SolutionSettings
from tts_playground.tasks.solving import lm_sampler
from tts_playground.worlds.arithmetic import heldout
from tts_playground.worlds.arithmetic.benchmark import kind_of, math_eval
from tts_playground.worlds.arithmetic.checking import is_correct, step_labels
from tts_playground.worlds.arithmetic.generate import problems as problems_of
from tts_playground.worlds.arithmetic.problem import MathProblem

TEMPERATURE = 0.8
KS = (1, 4, 16, 64, 256)
FEW = 16
"""solutions a problem whose steps are judged"""
PRACTISED, EACH = (77_500, 600), 8
"""(seed, count) of the problems that thresholds are chosen on, of training's kind but never in it; solutions of each"""
Scores = list[list[tuple[float, ...]]]
"""for each problem, for each solution, one number a step"""


@dataclass(frozen=True, eq=False)
class JudgedSolutions:
    """Everything that was drawn, and what the process reward that guides says of it."""

    problems: Sequence[MathProblem]
    greedy: Sequence[Solutions]
    pool: Sequence[Solutions]
    scores: Scores

    @property
    def right(self) -> np.ndarray:
        """bool [problems, samples]."""
        pairs = zip(self.problems, self.pool, strict=True)
        return np.array([[is_correct(one, text) for text in drawn.texts] for one, drawn in pairs])

    @property
    def greedy_right(self) -> np.ndarray:
        """bool [problems]."""
        pairs = zip(self.problems, self.greedy, strict=True)
        return np.array([is_correct(one, drawn.texts[0]) for one, drawn in pairs])

    @property
    def rewards(self) -> np.ndarray:
        """[problems, samples] the score of each solution's last step; 0 without steps."""
        return np.array([[said[-1] if said else 0.0 for said in each] for each in self.scores])


def run(
    model: str = "tiny:math",
    prm: str = "tiny:prm",
    judge: str = "tiny:prm2",
    *,
    problems: int = 100,
    n: int = 64,
    temperature: float = TEMPERATURE,
    seed: int = 0,
    out: Path | None = None,
    card: bool = False,
) -> dict[str, Any]:
    """All numbers with their 95 % intervals.

    Args:
        prm: the process reward that guides.
        judge: another one, of which the steps alone are measured; "" is none.
        problems: of math-eval, 5 to 500.
        n: solutions a problem, 2 to 256.
        out: a file that keeps the solutions, and goes on where it ended.
        card: also write the numbers into the README.md of the models.

    Raises:
        BadInput: a number out of its range, or a file of other solutions. ModelUnavailable: a model cannot be loaded.
    """
    if not (5 <= problems <= 500 and 2 <= n <= 256):
        raise BadInput("eval math takes 5 to 500 problems, and 2 to 256 solutions of each.")
    asked = math_eval(problems)
    for name in filter(None, (prm, judge)):
        _ = ProcessReward(name).revision  # loads it: what is missing is said before minutes of drawing
    sampler = lm_sampler(model, SolutionSettings(temperature))
    countdown = Countdown(f"{n} solutions a problem", len(asked), partial(print, flush=True))
    pool = drawn(sampler, asked, n, seed, file=out, watch=countdown.step)
    greedy = drawn(lm_sampler(model, SolutionSettings(0.0)), asked, 1, seed)
    judged = JudgedSolutions(asked, greedy, pool, step_scores(prm, asked, pool))
    of_model = metrics(judged) | math_typed.metrics(sampler, seed)
    if isinstance(sampler, LanguageModelSampler):
        of_model |= math_revision.metrics(math_revision.revisions(sampler, asked, greedy, pool, seed))
    labels = _labels(asked, pool)
    few = [each[:FEW] for each in judged.scores]
    others = list(dict.fromkeys(name for name in (prm, judge) if name))
    thresholds = _thresholds(sampler, others, seed)
    found = {model: of_model}
    for name in others:
        said = few if name == prm else step_scores(name, asked, pool, FEW)
        found[name] = {"threshold": thresholds[name]}
        found[name] |= math_steps.judging(said, labels, seed, thresholds[name].value)
    measured = {name: {key: one.as_dict() for key, one in told.items()} for name, told in found.items()}
    if card:
        _record(measured, model, f"{len(asked)} problems of math-eval, {n} solutions each at T = {temperature:g}", seed)
    flat = {
        key if name == model else f"{name} {key}": one for name, told in measured.items() for key, one in told.items()
    }
    return {"name": "math", "metrics": flat}


def _labels(asked: Sequence[MathProblem], pool: Sequence[Solutions]) -> list[list[list[bool]]]:
    """Of each problem's first ``FEW`` solutions, whether everything up to a step is right."""
    return [[step_labels(one, steps) for steps in d.steps[:FEW]] for one, d in zip(asked, pool, strict=True)]


def _thresholds(sampler: Sampler, judges: Sequence[str], seed: int) -> dict[str, Interval]:
    """Below which score a step counts as wrong for each judge, chosen on problems of the training kind."""
    practised = problems_of(*PRACTISED, "seen")
    pool = drawn(sampler, practised, EACH, seed)
    labels = _labels(practised, pool)
    chosen = {name: math_steps.chosen_threshold(step_scores(name, practised, pool), labels) for name in judges}
    return {name: Interval(value, None, None, len(practised)) for name, value in chosen.items()}


def step_scores(prm: str, asked: Sequence[MathProblem], pool: Sequence[Solutions], most: int | None = None) -> Scores:
    """What a process reward says of each step of the first ``most`` solutions; equal solutions are read once."""
    reward = ProcessReward(prm)
    countdown = Countdown(f"steps by {prm}", len(asked), partial(print, flush=True))
    found: Scores = []
    for one, own in zip(asked, pool, strict=True):
        samples = own.samples()[:most]
        different = {sample.content: sample for sample in samples}
        said = reward.step_scores(task_of(one), list(different.values()))
        known = dict(zip(different, said, strict=True))
        found.append([known[sample.content] for sample in samples])
        countdown.step()
    return found


def metrics(judged: JudgedSolutions) -> dict[str, Interval]:
    """Key -> number with its interval, of the model and of the reward that picks among its solutions."""
    right, greedy, rewards = judged.right, judged.greedy_right, judged.rewards
    n = right.shape[1]
    ks = sorted({k for k in KS if k < n} | {n})
    columns = _by_k(judged, right, rewards, ks)
    found = {"greedy": rate(int(greedy.sum()), len(greedy)), "single": mean(right.mean(1), "shares")}
    found |= {f"{name}@{k}": mean(table[:, i], "shares") for name, table in columns.items() for i, k in enumerate(ks)}
    for name in ("maj", "weighted", "best"):
        found[f"{name}@{n}_minus_greedy"] = paired(columns[name][:, -1], greedy)
    found["best_peak_k"] = Interval(float(ks[int(columns["best"].mean(0).argmax())]), None, None, len(greedy))
    levels = np.array([one.level for one in judged.problems])
    kinds = np.array([kind_of(one) for one in judged.problems])
    for level in range(1, 6):
        own = levels == level
        if own.any():
            found[f"greedy_level{level}"] = rate(int(greedy[own].sum()), int(own.sum()))
            for name in ("pass", "maj", "weighted"):
                found[f"{name}@{n}_level{level}"] = mean(columns[name][own, -1], "shares")
    for kind in heldout.KINDS:
        own = kinds == kind
        if own.any():
            found[f"greedy_{kind}"] = rate(int(greedy[own].sum()), int(own.sum()))
    return found


def _by_k(judged: JudgedSolutions, right: np.ndarray, rewards: np.ndarray, ks: Sequence[int]) -> dict[str, np.ndarray]:
    """Name -> [problems, k]; an empty box has no vote."""
    votes = {"maj": np.ones_like(rewards), "weighted": rewards}
    n = right.shape[1]
    found = {
        "pass": pass_at_k(n, right.sum(1), list(ks)),
        "best": expected_pick(rewards, right.astype(float), list(ks)),
        "believed": expected_best(rewards, list(ks)),
    }
    for name, weights in votes.items():
        rows = []
        for own, gold, weight in zip(judged.pool, right, weights, strict=True):
            said = groups(own.answers)
            counted = np.array([weight[i] if answer else 0.0 for i, answer in enumerate(said)])
            rows.append(expected_majority(said, gold.astype(float), list(ks), weights=counted))
        found[name] = np.array(rows)
    return {name: np.asarray(table, float) for name, table in found.items()}


def _record(measured: dict[str, dict[str, Any]], model: str, what: str, seed: int) -> None:
    for name, told in measured.items():
        whose = f"{what}" if name == model else f"the first {FEW} of each of {what} by {model}"
        how = f"`eval math` on {whose}, seed {seed}; 95 % intervals over problems."
        cards.record(Path(where(name)), told, how)
