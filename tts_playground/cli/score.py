"""``score``: what the rewards say of a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tts_playground.cli import options
from tts_playground.cli.output import console, emit

File = Annotated[Path, typer.Argument(help="The picture: a PNG, JPEG, WEBP, ...")]
Prompt = Annotated[str, typer.Argument(help="What it should show.")]
Names = Annotated[
    str, typer.Option("--reward", help=f"E.g. clip,aesthetic; empty for all that are here. Of {options.REWARDS}.")
]


def score(file: File, prompt: Prompt, reward: Names = "", json: options.Json = False) -> None:
    """Score FILE as a picture of PROMPT by one or more rewards; higher is better."""
    from tts_playground.tasks.scoring import score_picture

    names = [name.strip() for name in reward.split(",") if name.strip()]
    with console().status("Scoring"):
        found = score_picture(file, prompt, names)
    emit({"prompt": prompt, "file": str(file), "rewards": found}, json, _talk)


def _talk(result: dict[str, Any]) -> None:
    for name, value in result["rewards"].items():
        print(f"{name}  {value:.4f}")
