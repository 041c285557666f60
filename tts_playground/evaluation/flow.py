"""``eval flow``: what a pipeline of the sticker world reaches on stickers-eval, alone, by search, and by more steps.

Numbers of its card: single images and an oracle of 16 by the judge of ``eval stickers``, with the second detector where
it is here. Besides, strategies at equal evaluations against best-of-N, all guided by tiny:clip and judged by the
GenEval-style check, and more denoising steps against search, as in the first figure of Ma et al. 2025
(arXiv:2501.09732). The guidance is the pipeline's own; nothing is tuned on these prompts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tts_playground import registry
from tts_playground.core import Budget, Sampler
from tts_playground.errors import BadInput, ModelUnavailable
from tts_playground.estimators.curves import expected_best, expected_pick
from tts_playground.estimators.intervals import paired
from tts_playground.evaluation import metrics
from tts_playground.evaluation.countdown import Countdown
from tts_playground.models.hub import cards
from tts_playground.models.hub.embedded_models import where
from tts_playground.samplers.diffusion import DiffusionSampler
from tts_playground.tasks.image_rewards import reward_named
from tts_playground.tasks.text_to_image import PromptTask, image_sampler
from tts_playground.typed import typed
from tts_playground.verifiers.geneval import GenEval
from tts_playground.worlds.evalset import StickerCase, cases

BEST_OF = 16
STRATEGIES = ("zero-order", "path-search", "smc", "tournament")
STEPS = (4, 8, 12, 24, 48)
"""denoising steps of one picture, whose evaluations are set beside search at the pipeline's own"""
SEARCHED = (1, 2, 4, 8)
"""candidates of best-of-N, at as many evaluations as so many whole pictures take"""


@dataclass(frozen=True)
@typed
class FlowPlan:
    """What is measured.

    Raises:
        BadInput: a number is below 1.
    """

    model: str = "tiny:flow"
    n: int = BEST_OF
    """images a prompt"""
    prompts: int = 240
    """of stickers-eval, spread over its kinds"""
    searched: int = 60
    """prompts on which strategies and steps are compared; 0 leaves that out"""
    budget: int = 8
    """whole pictures whose evaluations a strategy may spend"""
    seed: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        if min(self.n, self.prompts, self.budget) < 1 or self.searched < 0:
            raise BadInput("eval flow needs n, prompts and budget of at least 1, and searched of at least 0.")


def run(card: bool = False, **options: Any) -> dict[str, Any]:
    """Measure; ``options`` are the fields of ``FlowPlan``, ``card`` puts the numbers into the pipeline's README.md.

    Returns:
        ``{"name", "metrics": {name: {"value", "low", "high", "n"}}, "settings", "notes"}``.

    Raises:
        BadInput: the model is no pipeline. ModelUnavailable: it is not here.
    """
    plan = FlowPlan(**options)
    sampler = image_sampler(plan.model, device=plan.device)
    if not isinstance(sampler, DiffusionSampler):
        raise BadInput(f"eval flow needs a pipeline of diffusers, such as tiny:flow, not {plan.model!r}.")
    notes: list[str] = []
    found = alone(plan, sampler, notes)
    if plan.searched:
        found |= searched(plan, sampler)
    settings = {**sampler.settings.as_dict(), "seed": plan.seed, "n": plan.n, "model": dict(sampler.fingerprint())}
    if card:
        notes.append(f"The numbers are in {cards.record(Path(where(plan.model)), found, _how(plan, sampler))}.")
    return {"name": "flow", "metrics": found, "settings": settings, "notes": notes}


def _how(plan: FlowPlan, sampler: DiffusionSampler) -> str:
    s = sampler.settings
    command = f"`python -m tts_playground eval flow --n {plan.n} --prompts {plan.prompts} --seed {plan.seed}`"
    return (
        f"{command}: {plan.n} images a prompt in {s.steps} steps at guidance {s.cfg:g}; strategies at the evaluations "
        f"of {plan.budget} images; 95 % intervals over prompts."
    )


def chosen(count: int) -> list[StickerCase]:
    """``count`` prompts of stickers-eval, spread evenly over its kinds."""
    every = cases()
    places = np.linspace(0, len(every) - 1, min(count, len(every))).round().astype(int)
    return [every[place] for place in places]


def alone(plan: FlowPlan, sampler: DiffusionSampler, notes: list[str]) -> dict[str, Any]:
    """Pass rates of single images and of the best of ``n`` by the judge itself and by tiny:clip."""
    judge, clip, second = GenEval(), reward_named("clip"), _second(notes)
    some, countdown = chosen(plan.prompts), Countdown(f"{plan.n} images a prompt", plan.prompts, print)
    passed, told, confirmed = [], [], []
    for case in some:
        task = PromptTask(case.prompt)
        samples = list(sampler.draw(task, range(plan.n), seed=plan.seed))
        passed.append([float(bool(one.passed)) for one in judge.judge(task, samples)])
        told.append(clip.score(task, samples))
        if second is not None:
            confirmed.append([float(bool(one.passed)) for one in second.judge(task, samples)])
        countdown.step()
    right, scores = np.array(passed), np.array(told)
    single = right.mean(1)
    found = {"geneval_single": metrics.share(single)}
    for kind in dict.fromkeys(case.kind for case in some):
        found[f"geneval_single_{kind}"] = metrics.share(single[[case.kind == kind for case in some]])
    found[f"geneval_oracle{plan.n}"] = metrics.share(expected_best(right, [plan.n])[:, 0])
    picked = expected_pick(scores, right, [plan.n])[:, 0]
    found[f"geneval_clip{plan.n}"] = metrics.share(picked)
    found[f"geneval_clip{plan.n}_gain"] = metrics.gain(picked, single)
    if confirmed:
        again = np.array(confirmed)
        found["geneval_single_detector2"] = metrics.share(again.mean(1))
        found[f"geneval_oracle{plan.n}_confirmed"] = metrics.share(expected_pick(right, again, [plan.n])[:, 0])
    return found


def _second(notes: list[str]) -> GenEval | None:
    try:
        where("tiny:detector2")
    except ModelUnavailable:
        notes.append("There is no second detector, so no number was confirmed by another judge.")
        return None
    return GenEval(detector="tiny:detector2")


def searched(plan: FlowPlan, sampler: DiffusionSampler) -> dict[str, Any]:
    """Strategies at equal evaluations, and steps against search: pass rates of what each ends with.

    Those of best-of-N are exact over one pool a prompt.
    """
    some = [PromptTask(case.prompt) for case in chosen(plan.searched)]
    each = sampler.model.length(sampler.settings.steps) * (2 if sampler.settings.cfg > 1 else 1)
    clip, judge, most = reward_named("clip"), GenEval(), max(*SEARCHED, plan.budget)
    countdown = Countdown("strategies and steps", len(some), print)
    rows: dict[str, list[float]] = {}
    for task in some:
        pool = list(sampler.draw(task, range(most), seed=plan.seed))
        right = np.array([[float(bool(one.passed)) for one in judge.judge(task, pool)]])
        scores = np.array([clip.score(task, pool)])
        for name, count in {**{f"n{one}": one for one in SEARCHED}, "best-of-n": plan.budget}.items():
            _add(rows, f"search_{name}", float(expected_pick(scores, right, [count])[0, 0]))
        for name in STRATEGIES:
            strategy = registry.resolve("strategy", name, "t2i")
            _add(rows, f"search_{name}", passes(task, sampler, strategy, each * plan.budget, plan.seed))
        for steps in STEPS:
            more = replace(sampler, settings=replace(sampler.settings, steps=steps))
            _add(rows, f"steps_{steps}", _mean_pass(task, more, plan.seed))
        countdown.step()
    found = {name: metrics.share(values) for name, values in rows.items()}
    base = rows["search_best-of-n"]
    return found | {f"search_{name}_gain": paired(rows[f"search_{name}"], base).as_dict() for name in STRATEGIES}


def _add(rows: dict[str, list[float]], name: str, value: float) -> None:
    rows.setdefault(name, []).append(value)


def passes(task: PromptTask, sampler: Sampler, strategy: Any, evaluations: int, seed: int) -> float:
    """Whether what a strategy ends with within so many evaluations passes; 0 where it ends with nothing."""
    *_, last = strategy.run(task, sampler, reward_named("clip"), budget=Budget(tokens=evaluations), seed=seed)
    if last.best is None:
        return 0.0
    (verdict,) = GenEval().judge(task, [last.best.sample])
    return float(bool(verdict.passed))


def _mean_pass(task: PromptTask, sampler: Sampler, seed: int, n: int = 4) -> float:
    """Pass rate of ``n`` single images."""
    samples = list(sampler.draw(task, range(n), seed=seed))
    return float(np.mean([bool(one.passed) for one in GenEval().judge(task, samples)]))
