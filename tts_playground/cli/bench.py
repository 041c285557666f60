"""``bench``: speed against a named peer, from scripts anyone can rerun."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tts_playground import registry
from tts_playground.cli import options
from tts_playground.cli.output import console, emit, number, table, talking
from tts_playground.errors import BadInput

BenchName = Annotated[str, typer.Argument(help=f"One of: {', '.join(registry.names('bench'))}.")]


Minutes = Annotated[
    float | None,
    typer.Option("--minutes", help="Of bench gpu: what it may take; 8. Of bench load: how long."),
]
Users = Annotated[int | None, typer.Option("--users", help="Of bench load: a mixed crowd of so many.", min=1, max=1000)]
Parts = Annotated[str | None, typer.Option("--parts", metavar="A,B", help="Of bench gpu: only these parts.")]
Rows = Annotated[Path | None, typer.Option("--out", help="Of bench gpu: add each row to this file as it comes.")]


def bench(
    name: BenchName,
    json: options.Json = False,
    minutes: Minutes = None,
    parts: Parts = None,
    out: Rows = None,
    users: Users = None,
) -> None:
    """Measure speed against a named peer in one run, alternating the two, and print medians and their ratio."""
    if name not in registry.names("bench") and ":" in name:
        raise BadInput(
            f"bench runs the project's own scripts only; choose one of: {', '.join(registry.names('bench'))}."
        )
    given: dict[str, Any] = {"minutes": minutes, "parts": parts and tuple(parts.split(",")), "out": out, "users": users}
    given = {key: value for key, value in given.items() if value is not None}
    takes = {"gpu": ("minutes", "parts", "out"), "load": ("minutes", "users")}
    for key in given:
        if key not in takes.get(name, ()):
            whose = " and ".join(f"bench {one}" for one, keys in takes.items() if key in keys)
            raise BadInput(f"--{key} is of {whose}; bench {name} does not take it.")
    script = registry.resolve("bench", name)
    console().print(f"Running bench {name}; this takes a while.", highlight=False)
    with talking(to_stderr=True):
        result = script(**given)
    emit(result, json, _talk_bench)


def _talk_bench(result: dict[str, Any]) -> None:
    rows = [
        [row["what"], number(row["ours"]), number(row["peer"]), number(row["ratio"]), row["unit"], str(row["goal"])]
        for row in result["rows"]
    ]
    table(f"bench {result['name']}", ["what", "ours", "peer", "ratio", "unit", "goal"], rows)
