"""``generate``: images for a prompt, the best of N by a reward."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from tts_playground import registry
from tts_playground.cli import options
from tts_playground.cli.output import console, drawing, emit, say_read, warn
from tts_playground.errors import shown

Prompt = Annotated[str, typer.Argument(help="What the pictures should show; not with --prompts.")]
Prompts = Annotated[
    Path | None,
    typer.Option("--prompts", help="Instead of PROMPT, a file: a prompt a line, or JSONL or CSV with prompt."),
]
Layout = Annotated[
    Path | None,
    typer.Option(
        "--geneval-layout",
        help="Write pictures as GenEval reads them: FOLDER/00000/metadata.jsonl and samples/0000.png.",
    ),
]
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
    prompt: Prompt = "",
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
    prompts: Prompts = None,
    geneval_layout: Layout = None,
    dtype: options.Dtype = "auto",
    load_4bit: options.FourBit = False,
    device: options.Device = "auto",
    steps: options.Denoising = None,
    eta: options.Eta = None,
    engine: options.Engine = "",
    address: options.Address = None,
    workers: options.Workers = None,
    gpus_per_worker: options.GpusPerWorker = None,
    chunks: options.Chunks = None,
) -> None:
    """Draw N images of PROMPT, score them, and say which is best; --out is a folder for the pictures.

    What was drawn and scored before is read from the store. With --prompts the result is {"results": [...]}, one for
    each prompt. With --engine ray the pools of best-of-n are filled by many workers.
    """
    from tts_playground.experiments.generated import as_dict
    from tts_playground.store.spare import open_store

    settings = {"temperature": temperature, "cfg": cfg, "top_p": top_p, "top_k": top_k, "steps": steps, "eta": eta}
    rows = _asked(prompt, prompts, out, plot)
    asked: dict[str, Any] = {"model": model, "n": n, "seed": seed, "reward": reward, "strategy": strategy}
    asked |= {"dtype": dtype, "load_in_4bit": load_4bit, "device": device}
    cluster = options.cluster_of(engine, address, workers, gpus_per_worker, chunks)
    results: list[dict[str, Any]] = []
    failed: dict[int, str] = {}
    with open_store(console().print) as store:
        drawn = _drawn(rows, asked | settings, store) if cluster is None else None
        for place, result in drawn or _drawn_by_many(rows, asked | settings, cluster, store, failed):
            row = rows[place]
            files = None if out is None else _write(out, result)
            if geneval_layout is not None:
                files = _lay_out(geneval_layout, place, row, result)
            if plot is not None:
                _plot(plot, result)
            results.append(as_dict(result, files))
        say_read(store)
    warn(f"“{shown(rows[place].prompt, 60)}” could not be drawn: {why}." for place, why in failed.items())
    warn(dict.fromkeys(line for one in results for line in one["warnings"]))
    if prompts is None:
        emit(results[0], json, _talk)
    else:
        lost = [{"prompt": rows[place].prompt, "why": why} for place, why in failed.items()]
        emit({"results": results} | ({"failed": lost} if lost else {}), json, _talk_of_all)


def _drawn(rows: list[Any], asked: dict[str, Any], store: Any) -> Iterator[tuple[int, Any]]:
    """(place, result) of each prompt, drawn here."""
    from tts_playground.tasks.text_to_image import generate as draw

    for place, row in enumerate(rows):
        with drawing(f"Drawing {asked['n']} images", asked["n"]) as hear:
            result = draw(row.prompt, **asked, store=store, on_round=hear)
        yield place, result


def _drawn_by_many(
    rows: list[Any], asked: dict[str, Any], cluster: Any, store: Any, failed: dict[int, str]
) -> Iterator[tuple[int, Any]]:
    """(place, result) of each prompt, once workers have drawn all of them.

    Raises:
        BadInput: a search is asked for.
    """
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from tts_playground.errors import BadInput
    from tts_playground.experiments import clustered_images

    if (strategy := asked.pop("strategy")) != "best-of-n":
        raise BadInput(
            f"--engine ray fills pools of best-of-n; the strategy {shown(strategy)!r} is no independent draw."
        )
    request, found = clustered_images.ImageRequest(**asked), clustered_images.GeneratedByMany()
    columns = TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console(), transient=True, disable=not console().is_terminal) as bar:
        line = bar.add_task("Starting workers", total=1.0)
        for report in clustered_images.run([row.prompt for row in rows], request, cluster, store, found):
            words = f"{report.done} of {report.of} blocks of images, {len(report.workers)} workers"
            bar.update(line, completed=report.share, description=words)
    failed |= found.failed
    yield from found.results.items()


def _asked(prompt: str, prompts: Path | None, out: Path | None, plot: Path | None) -> list[Any]:
    """What is to be drawn: PROMPT, or the rows of a file.

    Raises:
        BadInput: both or neither are given, or options that are for one prompt.
    """
    from tts_playground.errors import BadInput
    from tts_playground.tasks.prompt_files import PromptRow, read_prompts

    if prompts is None:
        if out is not None:
            _of_one_prompt(out, prompt)
        return [PromptRow(prompt)]
    if prompt:
        raise BadInput("Give PROMPT or --prompts FILE, not both.")
    if out is not None or plot is not None:
        raise BadInput(
            "--out and --plot are for one prompt; with --prompts, write the pictures by --geneval-layout FOLDER."
        )
    return read_prompts(prompts)


def _of_one_prompt(out: Path, prompt: str) -> None:
    """Refuse, before anything is drawn, a folder that cannot be made or holds pictures of another prompt.

    Raises:
        BadInput: it does.
    """
    from PIL import Image

    from tts_playground.errors import BadInput
    from tts_playground.files import make_folder
    from tts_playground.tasks.picture_facts import facts_of

    make_folder(out)
    for file in sorted(out.glob("[0-9]*.png")):
        try:
            with Image.open(file) as picture:
                other = facts_of(picture)["prompt"]
        except (BadInput, OSError):  # not ours, so nothing of ours is lost
            continue
        if other.strip() != prompt.strip():
            held = f"pictures of “{shown(other, 60)}” already ({file.name})"
            raise BadInput(f"--out {str(out)!r} holds {held}; choose another folder.")


def _lay_out(folder: Path, place: int, row: Any, result: Any) -> list[str]:
    """Write the pictures of one prompt as GenEval keeps them; their files."""
    from tts_playground.files import write_bytes
    from tts_playground.tasks.picture_facts import png
    from tts_playground.tasks.prompt_files import geneval_file, write_metadata

    write_metadata(folder, place, row)
    files = [geneval_file(folder, place, sample.index) for sample in result.samples]
    for at, file in enumerate(files):
        write_bytes(file, png(result.images[at], result.facts(at)), "The picture")
    return [str(file) for file in files]


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


def _talk_of_all(many: dict[str, Any]) -> None:
    for result in many["results"]:
        print(result["prompt"])
        _talk(result)


def _talk(result: dict[str, Any]) -> None:
    for sample in result["samples"]:
        scores = "  ".join(f"{name} {score:.4f}" for name, score in sample["rewards"].items())
        mark = "  best" if sample["index"] == result["best"] and sample["rewards"] else ""
        print(f"{sample['index']:4d}  {scores}  {sample['file'] or ''}{mark}".rstrip())
