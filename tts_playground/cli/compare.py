"""``compare``: strategies at equal cost (tokens, unless told) on prompts, against the exact curve of best-of-N."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tts_playground import registry
from tts_playground.cli import options
from tts_playground.cli.output import console, emit, number, table, warn
from tts_playground.errors import BadInput

if TYPE_CHECKING:
    from tts_playground.experiments.comparison import Comparison

Prompts = Annotated[list[str], typer.Argument(help="What the pictures should show; several prompts are averaged.")]
Pool = Annotated[int, typer.Option("--n", min=1, max=4096, help="Independent images a prompt, for the exact curve.")]
Names = Annotated[
    str | None,
    typer.Option(
        "--strategies",
        help=f"E.g. parm,smc; by default all of {registry.listed('strategy', 't2i', without=('best-of-n',))}.",
    ),
]
Budgets = Annotated[str, typer.Option("--budgets", help="Whole images that a run may cost, e.g. 2,4,8.")]
Repeats = Annotated[int, typer.Option("--seeds", min=1, help="Runs of a strategy at each budget.")]
Guide = Annotated[
    str, typer.Option("--reward", help=f"The reward that guides, auto for what fits the model: {options.REWARDS}.")
]
Judge = Annotated[
    str, typer.Option(help="What measures the picks, named as the reward is; it must share no network with it.")
]
By = Annotated[
    Literal["tokens", "samples", "verifier_calls"], typer.Option(help="What is equal, and the axis of the figure.")
]


def compare(
    prompts: Prompts,
    model: options.ImageModel = None,
    n: Pool = 32,
    strategies: Names = None,
    budgets: Budgets = "2,4,8",
    seeds: Repeats = 3,
    reward: Guide = "auto",
    judge: Judge = "geneval",
    by: By = "tokens",
    temperature: options.Temperature = 1.0,
    cfg: options.Cfg = None,
    top_p: options.TopP = 1.0,
    top_k: options.TopK = 0,
    seed: options.Seed = 0,
    plot: options.Plot = None,
    json: options.Json = False,
    dtype: options.Dtype = "auto",
    load_4bit: options.FourBit = False,
    device: options.Device = "auto",
    steps: options.Denoising = None,
    eta: options.Eta = None,
) -> None:
    """Rerun strategies at each budget on PROMPTS, and set them beside best-of-N at the same cost.

    The independent images come from the store, so a second comparison draws only what its strategies draw.
    """
    from rich.progress import Progress

    from tts_playground.experiments.comparison import Comparison, ComparisonPlan
    from tts_playground.experiments.prompts import compare_prompts
    from tts_playground.models.load_options import options_of
    from tts_playground.store.spare import open_store
    from tts_playground.tasks.plugged_samplers import model_of
    from tts_playground.tasks.reward_worlds import AUTO, rewards_for, warnings
    from tts_playground.tasks.text_to_image import image_sampler, image_settings

    plan = ComparisonPlan(tuple(_numbers(budgets)), seeds, seed, n, by)
    settings = image_settings(model, temperature, cfg, top_p, top_k, steps, eta)
    sampler, found = image_sampler(model, settings, options=options_of(device, dtype, load_4bit)), Comparison()
    reward = rewards_for(model)[0] if reward == AUTO else reward
    warn(warnings([reward, judge], model_of(sampler, "t2i"), " ".join(prompts)))
    names = {"strategies": None if strategies is None else _listed(strategies), "guide": reward, "judge": judge}
    with open_store(console().print) as store, Progress(console=console()) as bar:
        task = bar.add_task("comparing", total=1.0)
        for found in compare_prompts(prompts, sampler, store, plan=plan, **names):
            bar.update(task, completed=found.done, description=found.doing or "done")
    if plot is not None:
        _plot(plot, found, by, judge, model_of(sampler, "t2i"))
    facts = {"prompts": prompts, "model": model_of(sampler, "t2i"), "seed": seed, "settings": settings.as_dict()}
    facts |= {"reward": reward, "judge": judge, "by": by, "seeds": seeds}
    emit(facts | found.as_dict(), json, _talk)


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _numbers(text: str) -> list[int]:
    try:
        return sorted({int(part) for part in _listed(text)})
    except ValueError as error:
        raise BadInput(f"--budgets {text!r} must be whole numbers with commas between them, such as 2,4,8.") from error


def _plot(plot: Path, found: Comparison, by: str, judge: str, model: str) -> None:
    from tts_playground import figures
    from tts_playground.figures.theme import EVALUATIONS
    from tts_playground.models.hub.picture_kinds import is_pipeline

    curves = [] if found.curve is None else [found.curve]
    axis = "n" if by == "samples" else by
    tokens = EVALUATIONS if is_pipeline(model) else ""
    figures.save(figures.strategies(found.points, axis, curves, measure=judge, tokens=tokens), plot)


def _talk(result: dict[str, Any]) -> None:
    from tts_playground.estimators.intervals import between

    by, rows = result["by"], []
    for point in result["points"]:
        spread = between(point["low"], point["high"])
        numbers = [number(point[name]) for name in ("value", "best_of_n")]
        rows.append(
            [point["strategy"], str(point["budget"]), number(point["cost"][by]), numbers[0], spread, numbers[1]]
        )
    columns = ["strategy", "budget", by, result["judge"], "95 % interval", "best-of-N there"]
    table(f"{len(result['prompts'])} prompts, {result['seeds']} runs a budget", columns, rows)
