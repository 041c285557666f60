"""``eval``: quality with intervals, from scripts anyone can rerun; one command for each, with its own options."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from tts_playground import registry
from tts_playground.cli import options
from tts_playground.cli.output import console, emit, number, table, talking

Parts = Annotated[str, typer.Option(help="Some of vq,clip,detector,judge,images; all unless told.")]
Model = Annotated[str, typer.Option("--model", "--janus", help="tiny:janus, or the folder of another one.")]
Clip = Annotated[str, typer.Option(help="tiny:clip, or the folder of another one.")]
DetectorName = Annotated[str, typer.Option(help="tiny:detector, or the folder of another one.")]
Second = Annotated[str, typer.Option(help="A detector that judges again, where it is there.")]
Aesthetic = Annotated[str, typer.Option(help="tiny:aesthetic, or the folder of another one.")]
Images = Annotated[int, typer.Option("--n", help="Images a prompt.")]
Prompts = Annotated[int, typer.Option(help="Prompts of stickers-eval, 6 to 240; fewer for a quick look.")]
Scenes = Annotated[int | None, typer.Option(help="Held-out scenes (600 with all prompts).")]
Cfg = Annotated[float | None, typer.Option("--cfg", help="Guidance; the model's own unless told.")]
Device = Annotated[str, typer.Option(envvar="TTS_PLAYGROUND_DEVICE", help="auto, cpu or cuda.")]
Pipeline = Annotated[str, typer.Option("--model", help="tiny:flow, a hub id, or the folder of a pipeline.")]
Searched = Annotated[int, typer.Option(min=0, max=240, help="Prompts on which strategies are compared; 0: none.")]
Pictures = Annotated[int, typer.Option("--budget", min=1, max=64, help="Whole pictures that a strategy may cost.")]
Writer = Annotated[str, typer.Option("--model", help="tiny:sketch, a hub id, a folder, or adapter:NAME.")]
Drawings = Annotated[int, typer.Option(min=1, max=200, help="Held-out drawings.")]
Samples = Annotated[int, typer.Option("--n", min=2, max=65536, help="Samples a drawing.")]
Paired = Annotated[int, typer.Option(min=0, max=200, help="Drawings on which searches race at equal time; 0: none.")]
Reader = Annotated[str, typer.Option("--model", help="tiny:vlm, a hub id or a folder.")]
Asked = Annotated[int, typer.Option(min=1, max=10_000, help="Questions of the set; infographics-eval has 200.")]
Data = Annotated[str, typer.Option(help="infographics-eval, infovqa, a hub id, a folder or a file of questions.")]
Replies = Annotated[int, typer.Option("--n", min=2, max=256, help="Answers a question; 32 by the numbers' names.")]
Solver = Annotated[str, typer.Option("--model", help="tiny:math, a hub id or a folder.")]
Guide = Annotated[str, typer.Option(help="The process reward that guides: tiny:prm, a hub id or a folder.")]
Judge = Annotated[str, typer.Option(help='One that judges steps alone, "" for none.')]
Problems = Annotated[int, typer.Option(min=5, max=500, help="Problems of math-eval.")]
Solutions = Annotated[int, typer.Option("--n", min=2, max=256, help="Solutions a problem.")]
Heat = Annotated[float, typer.Option("--temperature", min=0.0001, max=5.0, help="Of the solutions.")]
Kept = Annotated[Path | None, typer.Option("--out", help="Keep the solutions in this file, and go on where it ended.")]
Card = Annotated[bool, typer.Option("--card", help="Write the numbers into the README.md of the measured models.")]


def build(evaluations: Iterable[str]) -> typer.Typer:
    """One command for each of these registered evaluations."""
    app = typer.Typer(
        help="Measure quality on held-out data; prints each number with its 95 % interval.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    own = {"stickers": stickers, "vlm": vlm, "sketch": sketch, "pass-at-k": pass_at_k, "math": math, "flow": flow}
    for name in evaluations:
        app.command(name)(own.get(name) or _plain(name))
    return app


def stickers(
    parts: Parts = "",
    model: Model = "tiny:janus",
    clip: Clip = "tiny:clip",
    detector: DetectorName = "tiny:detector",
    detector2: Second = "tiny:detector2",
    aesthetic: Aesthetic = "tiny:aesthetic",
    n: Images = 16,
    prompts: Prompts = 240,
    scenes: Scenes = None,
    cfg: Cfg = None,
    seed: options.Seed = 0,
    device: Device = "auto",
    card: Card = False,
    json: options.Json = False,
) -> None:
    """The embedded Janus, CLIP, detector and aesthetic head on the sticker world; every number at temperature 1."""
    given: dict[str, Any] = {"model": model, "clip": clip, "detector": detector, "detector2": detector2}
    given |= {"aesthetic": aesthetic, "n": n, "prompts": prompts, "scenes": scenes, "cfg": cfg, "seed": seed}
    if parts:
        given["parts"] = tuple(part.strip() for part in parts.split(","))
    _measure("stickers", json, device=device, card=card, **given)


def flow(
    model: Pipeline = "tiny:flow",
    n: Images = 16,
    prompts: Prompts = 240,
    searched: Searched = 60,
    budget: Pictures = 8,
    seed: options.Seed = 0,
    device: Device = "auto",
    card: Card = False,
    json: options.Json = False,
) -> None:
    """A pipeline that denoises, on the sticker world: alone, by search at equal evaluations, and by more steps."""
    given: dict[str, Any] = {"model": model, "n": n, "prompts": prompts, "searched": searched, "budget": budget}
    _measure("flow", json, seed=seed, device=device, card=card, **given)


def vlm(
    model: Reader = "tiny:vlm",
    questions: Asked = 200,
    n: Replies = 32,
    seed: options.Seed = 0,
    card: Card = False,
    json: options.Json = False,
    data: Data = "infographics-eval",
) -> None:
    """A model that answers questions about pictures: greedy, best of 32, vote, and how well it verifies itself."""
    _measure("vlm", json, model=model, most=questions, n=n, seed=seed, card=card, data=data)


def sketch(
    model: Writer = "tiny:sketch",
    drawings: Drawings = 200,
    samples: Samples = 64,
    paired: Paired = 50,
    seed: options.Seed = 0,
    card: Card = False,
    json: options.Json = False,
) -> None:
    """A model that writes programs: alone, best of its samples, and as the start of a search at equal time."""
    _measure("sketch", json, model=model, drawings=drawings, samples=samples, paired=paired, seed=seed, card=card)


def pass_at_k(
    model: Writer = "tiny:sketch",
    drawings: Drawings = 100,
    samples: Samples = 512,
    seed: options.Seed = 0,
    out: options.Out = None,
    json: options.Json = False,
) -> None:
    """pass@k (IoU >= 0.95) of a model and of every adapter trained on it; the pools are kept as parquet."""
    _measure("pass-at-k", json, model=model, drawings=drawings, samples=samples, seed=seed, out=out)


def math(
    model: Solver = "tiny:math",
    prm: Guide = "tiny:prm",
    judge: Judge = "tiny:prm2",
    problems: Problems = 100,
    n: Solutions = 64,
    temperature: Heat = 0.8,
    seed: options.Seed = 0,
    out: Kept = None,
    card: Card = False,
    json: options.Json = False,
) -> None:
    """A model that solves problems in steps: greedy, any of N, votes, and process rewards that say which steps hold."""
    given: dict[str, Any] = {"model": model, "prm": prm, "judge": judge, "problems": problems, "n": n}
    _measure("math", json, temperature=temperature, seed=seed, out=out, card=card, **given)


def _plain(name: str) -> Callable[..., None]:
    """The command of an evaluation without options of its own."""

    def command(json: options.Json = False) -> None:
        _measure(name, json)

    command.__doc__ = f"Run eval {name}; this takes a while."
    return command


def _measure(name: str, as_json: bool, **given: Any) -> None:
    script = registry.resolve("eval", name)
    console().print(f"Running eval {name}; this takes a while.", highlight=False)
    with talking(to_stderr=True):
        result = script(**given)
    emit(result, as_json, _talk)


def _talk(result: dict[str, Any]) -> None:
    from tts_playground.estimators.intervals import between

    rows = [
        [name, number(m["value"]), between(m["low"], m["high"], ".4g"), number(m["n"])]
        for name, m in result["metrics"].items()
    ]
    table(f"eval {result['name']}", ["metric", "value", "95 % interval", "n"], rows)
    for note in result.get("notes", []):
        print(note)
