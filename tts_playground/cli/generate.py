"""``generate``: images for a prompt, the best of N by a reward."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tts_playground import registry
from tts_playground.cli import options
from tts_playground.cli.output import console, drawing, emit, warn

Prompt = Annotated[str, typer.Argument(help="What the pictures should show.")]
RewardNames = Annotated[
    str,
    typer.Option(
        "--reward",
        help=f'E.g. clip, or clip,aesthetic; the first picks; auto fits the model, "" is none. Of {options.REWARDS}.',
    ),
]

Strategy = Annotated[
    str, typer.Option(help=f"{registry.listed('strategy', 't2i')}; best-of-n reads and fills the store, see pools.")
]


def generate(
    prompt: Prompt,
    model: options.ImageModel = None,
    n: options.Count = 4,
    temperature: options.Temperature = 1.0,
    cfg: options.Cfg = None,
    top_p: options.TopP = 1.0,
    top_k: options.TopK = 0,
    seed: options.Seed = 0,
    reward: RewardNames = "auto",
    out: options.Out = None,
    plot: options.Plot = None,
    strategy: Strategy = "best-of-n",
    json: options.Json = False,
) -> None:
    """Draw N images of PROMPT, score them, and say which is best; --out is a folder for the pictures.

    What was drawn and scored before is read from the store.
    """
    from tts_playground.experiments.generated import as_dict
    from tts_playground.store.spare import open_store
    from tts_playground.tasks.text_to_image import generate as draw

    settings = {"temperature": temperature, "cfg": cfg, "top_p": top_p, "top_k": top_k}
    asked: dict[str, Any] = {"model": model, "n": n, "seed": seed, "reward": reward, "strategy": strategy}
    with open_store(console().print) as store, drawing(f"Drawing {n} images", n) as hear:
        result = draw(prompt, **asked, **settings, store=store, on_round=hear)
    files = None if out is None else _write(out, result)
    if plot is not None:
        _plot(plot, result)
    warn(result.warnings)
    emit(as_dict(result, files), json, _talk)


def _write(out: Path, result: Any) -> list[str]:
    from tts_playground.files import make_folder, write_bytes
    from tts_playground.tasks.picture_facts import png

    make_folder(out)
    files = [out / f"{sample.index:04d}.png" for sample in result.samples]
    for place, file in enumerate(files):
        write_bytes(file, png(result.images[place], result.facts(place)), "The picture")
    return [str(file) for file in files]


def _plot(plot: Path, result: Any) -> None:
    from tts_playground.errors import BadInput
    from tts_playground.estimators.curves import curve
    from tts_playground.figures import best_of_n, save

    if not result.guide:
        raise BadInput("--plot needs a reward to plot; name one with --reward.")
    save(best_of_n(curve([result.rewards[result.guide]], measure=result.guide)), plot)


def _talk(result: dict[str, Any]) -> None:
    for sample in result["samples"]:
        scores = "  ".join(f"{name} {score:.4f}" for name, score in sample["rewards"].items())
        mark = "  best" if sample["index"] == result["best"] and sample["rewards"] else ""
        print(f"{sample['index']:4d}  {scores}  {sample['file'] or ''}{mark}".rstrip())
