"""Beyond best-of-N: strategies that look at unfinished images, at equal cost, and the trace of what one of them did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from tts_playground import figures
from tts_playground.errors import BadInput
from tts_playground.experiments.comparison import BASELINE, Comparison, ComparisonPlan, comparable, compare, named
from tts_playground.experiments.trace import trace
from tts_playground.figures.theme import EVALUATIONS
from tts_playground.models.zerogpu import on_gpu
from tts_playground.pages.strategy_names import called, titled
from tts_playground.pages.t2i import image_repository, render
from tts_playground.pages.t2i.gallery_state import GalleryState
from tts_playground.pages.t2i.request_queue import DrawRequest
from tts_playground.pages.t2i.view_settings import T2iView
from tts_playground.tasks.image_rewards import reward_named, rewards_here, share_weights

PLAN = ComparisonPlan(budgets=(2, 4, 8), seeds=4, pool=16)
"""small enough for a page on two cores"""
LINE = 64
"""most images that the curve stands on, where so many were drawn before"""
HELP = (
    "The page's reward guides all of them; the judge shares no network with it and measures what each ends with. The"
    f" line is best-of-N, exact. A point is a strategy run {PLAN.seeds} times with as many tokens as that many whole"
    " images cost, and its bar is the 95 % interval. Two strategies take half a minute on two cores."
)


@dataclass(frozen=True, slots=True)
class Beyond:
    """A comparison as a page keeps it."""

    state: Comparison
    judge: str
    denoises: bool = False
    """whether the model is a pipeline of diffusers, whose cost is evaluations"""

    @property
    def labels(self) -> list[str]:
        """Strategies that have run."""
        return list(dict.fromkeys(run.label for run in self.state.runs))


def judges(reward: str) -> list[str]:
    """Rewards that may judge what ``reward`` guides: they share no network with it; the check of truth first."""
    fine = [name for name in rewards_here() if not share_weights(name, reward)]
    return sorted(fine, key=lambda name: name != "geneval")


def run(view: T2iView, judge: str, names: list[str]) -> Iterator[Beyond]:
    """Draw what the curve needs, then every strategy at every budget; a report after each piece.

    Raises:
        BadInput: no strategy, or a judge that shares a network with the guide or cannot check the prompt.
    """
    chosen = [name for name in comparable("t2i") if name in names]
    if not chosen:
        raise BadInput("Choose at least one strategy.")
    if share_weights(judge, view.reward):
        raise BadInput(f"{render.measure(judge)} cannot judge here; choose from: {', '.join(judges(view.reward))}.")
    for _ in image_repository.serve(DrawRequest(view, PLAN.pool), lambda: False):
        yield Beyond(Comparison(doing="independent images for the curve"), judge, view.denoises)
    for state in _compared(view, judge, chosen):
        yield Beyond(state, judge, view.denoises)


@on_gpu(120)
def _compared(view: T2iView, judge: str, names: list[str]) -> Iterator[Comparison]:
    """The strategies on the images that are there."""
    pool, guide, gold = image_repository.adopted(view), reward_named(view.reward), reward_named(judge)
    there = min(image_repository.look(view).size, LINE)
    samples = pool.samples(max(PLAN.pool, there), seed=view.seed)
    plan = replace(PLAN, seed=view.seed)
    yield from compare([view.task], pool.sampler, named("t2i", names, pool.sampler), guide, gold, plan, pools=[samples])


def verdict(found: Beyond) -> str:
    """Who wins with as many tokens as the most images of the plan cost, in a sentence."""
    state = found.state
    most = max((point.budget for point in state.points), default=0)
    last = [point for point in state.points if point.budget == most]
    if state.curve is None or not last or most > state.curve.n[-1]:
        return "Done."
    line, judge = state.curve.at(most), render.measure(found.judge)
    told = [f"With the tokens of {most} images, best-of-N reaches {render.number(line)} on average by {judge}."]
    better = [one for one in last if one.result.low is not None and one.result.low > line]
    worse = [one for one in last if one.result.high is not None and one.result.high < line]
    if better:
        first = max(better, key=lambda one: one.result.value)
        value = f"{render.number(first.result.value)} (95 %: {first.result.words('.3g')})"
        told.append(f"{called(first.label)} wins: {value}.")
    else:
        told.append("No strategy clearly beats it.")
    told += [f"{called(one.label)} is clearly worse: {render.number(one.result.value)}." for one in worse]
    if found.judge == "geneval" and line > FULL:
        told.append("There is little room above: try a prompt that passes less often, such as the one with a guitar.")
    return " ".join(told)


FULL = 0.95
"""pass rate of best-of-N above which no strategy can show much"""


def figure(found: Beyond | None, axis: str, look: GalleryState | None = None, judge: str | None = None) -> Any:
    """The strategies over the exact curve, on one cost axis; before a comparison the curve of the images in view."""
    if found is not None and found.state.curve is not None:
        tokens = EVALUATIONS if found.denoises else ""
        line, points = [found.state.curve], titled(found.state.points)
        return figures.strategies(points, axis, line, measure=render.measure(found.judge), tokens=tokens)
    line = look.curve(judge) if look is not None and judge else None
    if line is None or judge is None:
        return figures.empty("Press “Compare”.")
    tokens = EVALUATIONS if look is not None and look.view.denoises else ""
    return figures.strategies((), axis, [replace(line, label=BASELINE)], measure=render.measure(judge), tokens=tokens)


def tree(found: Beyond | None, label: str | None) -> Any:
    """Who descended from whom in the last and largest run of a strategy, with glimpses of the images."""
    runs = [] if found is None else [run for run in found.state.runs if run.label == label]
    if not runs:
        return figures.empty("The trace of a strategy<br>shows here once it has run.")
    shown = max(runs, key=lambda run: run.budget)
    tokens = EVALUATIONS if found is not None and found.denoises else ""
    return figures.trace_tree(trace(shown.rounds), glimpse=lambda sample: sample.content, most=12, tokens=tokens)
