"""``sketch`` and ``render``: a drawing to its program, and a program to its drawing."""

from __future__ import annotations

import errno
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from tts_playground import registry
from tts_playground.cli import options
from tts_playground.cli.output import console, emit
from tts_playground.errors import BadInput, plural, shown

File = Annotated[Path, typer.Argument(help="The drawing: any picture; black on white, a photo of a marker on paper.")]
SamplerName = Annotated[
    str,
    typer.Option(
        "--sampler",
        "--model",
        envvar="TTS_PLAYGROUND_SKETCH_MODEL",
        help="Who proposes programs: proposal, tiny:sketch, a model's hub id or folder, adapter:NAME.",
    ),
]
StrategyName = Annotated[str, typer.Option(help=f"{registry.listed('strategy', 'sketch')}.")]
_GUIDES = ", ".join(row.name for row in registry.rewards("sketch"))
RewardName = Annotated[str, typer.Option("--reward", help=f"What guides the search: {_GUIDES}.")]
Outline = Annotated[
    Literal["auto", "fill", "keep"], typer.Option(help="Thin closed loops: auto, fill them, or keep them as lines.")
]
Invert = Annotated[
    bool | None,
    typer.Option("--invert/--no-invert", help="The drawing is light on dark, or is not; else it is guessed."),
]
Crop = Annotated[bool, typer.Option("--crop", help="Let the drawing take up the whole canvas.")]
Seconds = Annotated[
    float | None,
    typer.Option(min=0.01, help="Time limit; without it and --n a budget of renders, the same on a busy machine."),
]
Count = Annotated[
    int | None, typer.Option("--n", "-n", min=1, help="Most candidates that are scored; 64 where no time is given.")
]
Closeness = Annotated[
    float, typer.Option(min=0, max=1, help="0 (shorter) to 1 (closer): what a shape costs in the score.")
]
Grammar = Annotated[bool, typer.Option("--grammar", help="A model may only write what leads to a program.")]
Text = Annotated[str, typer.Argument(help='A program, e.g. "(Circle 3 8 8)", or a file that holds one.')]
LARGEST = 1 << 20
"""bytes of a file with a program"""
Size = Annotated[int, typer.Option(help="Side of the picture in pixels, 16 to 2048.")]
Mode = Annotated[
    Literal["reference", "exact"],
    typer.Option(help="reference (as the data sets were drawn) or exact (set membership)."),
]


def sketch(
    file: File,
    sampler: SamplerName = "proposal",
    strategy: StrategyName = "refine",
    n: Count = None,
    temperature: options.Temperature = 1.0,
    outline: Outline = "auto",
    seconds: Seconds = None,
    seed: options.Seed = 0,
    grammar: Grammar = False,
    out: options.Out = None,
    plot: options.Plot = None,
    json: options.Json = False,
    reward: RewardName = "fit",
    dtype: options.Dtype = "auto",
    load_4bit: options.FourBit = False,
    device: options.Device = "auto",
    trust_code: options.TrustCode = "",
    invert: Invert = None,
    crop: Crop = False,
    closeness: Closeness = 0.6,
) -> None:
    """Find a program that draws FILE; print it with its IoU (overlap with the drawing, 1 is perfect).

    With --plot, also draw N independent candidates and plot the expected best score against N. These, and those of
    --strategy best-of-n, are kept in the store, and are not drawn again.
    """
    from tts_playground.experiments.comparison import BASELINE
    from tts_playground.models.load_options import options_of
    from tts_playground.store.spare import open_store
    from tts_playground.tasks.sketch import CANDIDATES, SketchTask, sampler_of
    from tts_playground.tasks.sketch import sketch as find

    if not file.is_file():
        raise BadInput(f"There is no file {str(file)!r}; give the path of a picture.")
    settings = {"sampler": sampler, "strategy": strategy, "n": n, "temperature": temperature, "outline": outline}
    settings |= {"seconds": seconds, "seed": seed, "grammar": grammar, "reward": reward, "closeness": closeness}
    where: dict[str, Any] = {"dtype": dtype, "load_in_4bit": load_4bit, "device": device, "trust_code": trust_code}
    settings |= {"invert": invert, "crop": crop}
    kept = strategy == BASELINE or plot is not None
    with open_store(console().print) if kept else nullcontext() as store:
        with console().status("Searching"):
            result = find(file, **settings, **where, store=store)
        if out is not None:
            _write(out, result.program, result.raster)
        if plot is not None and store is not None:
            task = SketchTask.of(file, outline=outline, invert=invert, crop=crop)
            loaded = options_of(device, dtype, load_4bit, trust_code)
            proposer = sampler_of(sampler, temperature, grammar, loaded, closeness)
            n = n or CANDIDATES
            with console().status(f"Drawing {n} independent candidates"):
                _plot(plot, store.pool(task, proposer), n, seed, 1.0 if reward in ("iou", "render") else closeness)
    emit(result.as_dict(), json, _talk)


def _plot(plot: Path, pool: Any, n: int, seed: int, closeness: float) -> None:
    from tts_playground.figures import best_of_n, save
    from tts_playground.rewards.iou import IoUReward, ScoreReward

    pool.draw(n, seed=seed)
    reward = IoUReward() if closeness == 1 else ScoreReward(closeness)
    pool.score(reward, n, seed=seed)
    save(best_of_n(pool.curve(reward.name, seed=seed)), plot)


_ENDED = {
    "seconds": "stopped by the time limit; a larger --seconds lets it go on",
    "renders": "the default budget is spent; --seconds or --n lets it go on",
    "samples": "stopped by --n; a larger one lets it go on",
}
"""why a search ended, in words"""


def _talk(result: dict[str, Any]) -> None:
    print(result["program"])
    renders = result["cost"]["renders"]
    tried = plural(renders, "candidate")
    fit = f"IoU {result['iou']:.4f}, score {result['score']:.4f}"
    line = f"{fit} in {result['seconds']:.2f} s, {tried}, {_ENDED.get(result['stopped'], '')}"
    console().print(line.rstrip(", "), highlight=False)
    if result["notes"]:
        console().print(f"Read with: {'; '.join(result['notes'])}.", highlight=False)


def render(
    program: Text, out: options.Out = None, size: Size = 256, mode: Mode = "reference", json: options.Json = False
) -> None:
    """Draw a program, in CSGNet's or tree-diffusion's spelling too; write PNG, SVG or its text to --out."""
    from tts_playground.dsl import render as draw
    from tts_playground.dsl import unparse
    from tts_playground.dsl.spellings import read_spelled

    found = read_spelled(_text(program))
    tree = found.program
    raster = draw(tree, size=size, mode=mode)
    if out is not None:
        _write(out, tree, raster)
    black = raster.convert("L").histogram()[0]

    def talk(result: dict[str, Any]) -> None:
        print(f"{result['program']}\n{black} black pixels")
        if found.note:
            console().print(found.note, highlight=False, markup=False)

    converted = {"notes": [found.note]} if found.note else {}
    emit({"program": unparse(tree), "size": size, "black": black, **converted}, json, talk)


def _text(program: str) -> str:
    """A program, or what a file of that name holds."""
    from tts_playground import files

    try:
        if program.lstrip().startswith("(") or not Path(program).is_file():
            if "(" not in program and ("/" in program or Path(program).suffix):
                raise BadInput(f"There is no file {shown(program)!r}, and it is no program either.")
            return program
        return files.read_plain(program, LARGEST).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{program} is no text in UTF-8, so it holds no program.") from error
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:  # no file; the parser says what is wrong with it
            return program
        raise


def _write(out: Path, program: Any, raster: Any) -> None:
    from tts_playground import files
    from tts_playground.dsl import to_svg

    ending = out.suffix.lower()
    if ending not in {".png", ".svg", ".txt"}:
        raise BadInput(f"--out {str(out)!r}: the name must end in .png, .svg or .txt.")
    files.make_folder(out.parent)
    if ending == ".png":
        with files.whole(out, "The drawing") as partial:
            raster.save(partial, "PNG")
    else:
        files.write_text(out, to_svg(program) if ending == ".svg" else f"{program}\n", "The program")
