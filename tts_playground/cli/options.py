"""Options that several verbs share, so that they read the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and talk on stderr.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Same seed, same result.")]
Count = Annotated[int, typer.Option("--n", min=1, max=65536, help="How many candidates to draw.")]
Temperature = Annotated[float, typer.Option("--temperature", help="0.0001 is greedy, 1 is the model's own, up to 5.")]
Out = Annotated[Path | None, typer.Option("--out", help="Where to write the result.")]
Plot = Annotated[Path | None, typer.Option("--plot", help="Write the figure: .html, or .png/.svg with a browser here.")]
