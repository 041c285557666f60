"""``score``: what the rewards say of a picture, or of all pictures in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tts_playground.cli import options
from tts_playground.cli.output import console, emit, number, table, warn

File = Annotated[
    Path, typer.Argument(help="The picture: a PNG, JPEG, WEBP, ...; or a folder of them, GenEval's layout included.")
]
Prompt = Annotated[str, typer.Argument(help="What it should show; for a folder, all of its pictures.")]
Names = Annotated[
    str, typer.Option("--reward", help=f"E.g. clip,aesthetic; empty for all that are here. Of {options.REWARDS}.")
]
Named = Annotated[str, typer.Option("--prompt", help="The same as PROMPT.")]
Prompts = Annotated[
    Path | None,
    typer.Option("--prompts", help="A file with each picture's prompt: JSONL or CSV with file and prompt, or TXT."),
]


def score(
    file: File,
    prompt: Prompt = "",
    reward: Names = "",
    json: options.Json = False,
    prompt_option: Named = "",
    prompts: Prompts = None,
) -> None:
    """Score FILE as a picture of PROMPT by one or more rewards; higher is better. Of a folder, a row for each picture.

    Pictures of a folder have the prompt that is given, that of --prompts, of GenEval's metadata.jsonl, or the one that
    "generate" wrote into them.
    """
    from tts_playground import registry
    from tts_playground.errors import BadInput
    from tts_playground.tasks.reward_worlds import warnings
    from tts_playground.tasks.scoring import score_picture

    prompt, names = prompt or prompt_option, registry.split(reward)
    if file.is_dir():
        _folder(file, prompt, prompts, names, json)
        return
    if prompts is not None:
        raise BadInput(f"--prompts is for a folder of pictures, and {str(file)!r} is none; give PROMPT.")
    with console().status("Scoring"):
        found = score_picture(file, prompt, names)
    told = warnings(list(found), "", prompt)
    warn(told)
    emit({"prompt": prompt, "file": str(file), "rewards": found, "warnings": told}, json, _talk)


def _folder(folder: Path, prompt: str, prompts: Path | None, names: list[str], json: bool) -> None:
    from rich.progress import Progress

    from tts_playground.tasks.prompt_files import pictures_of
    from tts_playground.tasks.reward_worlds import warnings
    from tts_playground.tasks.scoring import score_folder

    pictures = pictures_of(folder, prompt, prompts)
    with Progress(console=console(), transient=True, disable=not console().is_terminal) as bar:
        work = bar.add_task("Scoring", total=len(pictures))
        rows, refusals = score_folder(pictures, names, told=lambda done: bar.update(work, completed=done))
    told = [*refusals, *warnings(list(rows[0]["rewards"]), "", " ".join(dict.fromkeys(row["prompt"] for row in rows)))]
    warn(told)
    emit({"folder": str(folder), "rows": rows, "means": _means(rows), "warnings": told}, json, _sheet)


def _means(rows: list[dict[str, Any]]) -> dict[str, float | None]:
    """Mean of each reward over the pictures that it could score; None where it could score none."""
    found: dict[str, float | None] = {}
    for name in rows[0]["rewards"]:
        scores: list[float] = [row["rewards"][name] for row in rows if row["rewards"][name] is not None]
        found[name] = sum(scores) / len(scores) if scores else None
    return found


def _sheet(result: dict[str, Any]) -> None:
    names = list(result["means"])
    rows = [[row["file"], row["prompt"], *(number(row["rewards"][name]) for name in names)] for row in result["rows"]]
    rows.append(["mean", "", *(number(result["means"][name]) for name in names)])
    table(result["folder"], ["file", "prompt", *names], rows)


def _talk(result: dict[str, Any]) -> None:
    for name, value in result["rewards"].items():
        print(f"{name}  {value:.4f}")
