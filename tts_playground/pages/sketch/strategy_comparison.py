"""Strategies at equal cost on one drawing: searches as points over the exact curve of independent draws."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tts_playground import figures, registry
from tts_playground.experiments.comparison import Comparison, ComparisonPlan, comparable, compare, named
from tts_playground.models.zerogpu import on_gpu
from tts_playground.pages.made import made
from tts_playground.pages.sketch.render import needs_model
from tts_playground.pages.sketch.view_settings import ORDER, values_of
from tts_playground.pages.strategy_names import title, titled
from tts_playground.rewards.iou import ScoreReward
from tts_playground.tasks.sketch import CANDIDATES, SketchSettings, SketchTask, guide_of, sampler_of

USUAL = ("refine", "smc", "beam")
"""strategies that are chosen on a fresh page"""
SEEDS = 3
"""repeats of a search at every budget"""
SECONDS = 2.0
"""of one search of a comparison where no time limit is set"""
AXES = ("n", "renders", "seconds")
HELP = (
    "All are guided by the chosen reward and judged by the score. The line is the exact curve of independent"
    f" draws; a point is a strategy rerun {SEEDS} times at one budget, with its 95 % interval. At the default time"
    " limit this takes a minute or two."
)


def plan(settings: SketchSettings) -> ComparisonPlan:
    """Budgets of an eighth of N and of N candidates, and two between; the time limit ends each run on its own."""
    budgets = tuple(sorted({max(2, (settings.n or CANDIDATES) // share) for share in (8, 4, 2, 1)}))
    return ComparisonPlan(budgets, SEEDS, settings.seed, max(budgets), "samples", settings.seconds or SECONDS)


def offered() -> list[tuple[str, str]]:
    """(words, name) of the strategies to choose from."""
    return [(title(name), name) for name in comparable("sketch")]


def run(task: SketchTask, settings: SketchSettings, names: Sequence[str] = USUAL) -> Iterator[Comparison]:
    """The pool first, then those of the named strategies that the sampler can run, at each budget with several seeds.

    Raises:
        BadInput: no strategy, or none that the sampler can run. UnknownName: no strategy of that name.
    """
    yield from (_by_model if needs_model(settings) else _compared)(task, settings, tuple(names))


def _compared(task: SketchTask, settings: SketchSettings, names: tuple[str, ...]) -> Iterator[Comparison]:
    sampler = sampler_of(settings.sampler, settings.temperature, settings.grammar, closeness=settings.closeness)
    able = [name for name in names if registry.runs(registry.entry("strategy", name, "sketch"), sampler)]
    chosen = named("sketch", able or names, sampler)
    guide, judge = guide_of(settings.reward, settings.closeness), ScoreReward(settings.shown)
    yield from compare([task], sampler, chosen, guide, judge, plan(settings))


_by_model = on_gpu(120)(_compared)


def line(found: Comparison) -> str:
    """Where the comparison stands, in words."""
    if found.doing:
        return f"Running {found.doing}…"
    late = sum(run.late for run in found.runs)
    searches = "search was" if late == 1 else "searches were"
    cut = f" {late} {searches} cut short by the time limit; raise it for a full comparison." if late else ""
    return f"Done: equal cost means the same place on the axis that is shown (candidates, renders or seconds).{cut}"


def made_of(settings: SketchSettings) -> str:
    """The controls that a comparison depends on; another drawing's is taken away."""
    values = dict(zip(ORDER, values_of(settings), strict=True))
    of = {name: value for name, value in values.items() if name not in ("strategy", "outline", "invert", "crop")}
    words = f"N = {values['n']}, {settings.sampler}, T = {settings.temperature:g}, reward {settings.reward},"
    words += f" “closer” {settings.closeness:g}, seed {settings.seed}"
    return made("sketch", words, of, part="sketch-contest")


def figure(found: Comparison | None, axis: str) -> Any:
    """The strategies over the exact curve, on one cost axis; before a comparison what to do."""
    if found is None:
        return figures.empty("Press “Compare on this drawing”.")
    lines = [] if found.curve is None else [found.curve]
    return figures.strategies(titled(found.points), axis if axis in AXES else AXES[0], lines, measure="score")
