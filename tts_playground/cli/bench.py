"""``bench`` and ``eval``: speed against a named peer, and quality with intervals, from scripts anyone can rerun."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tts_playground import registry
from tts_playground.cli import options
from tts_playground.cli.output import console, emit, table, talking
from tts_playground.errors import BadInput

BenchName = Annotated[str, typer.Argument(help=f"One of: {', '.join(registry.names('bench'))}.")]
EvalName = Annotated[str, typer.Argument(help=f"One of: {', '.join(registry.names('eval')) or 'none yet'}.")]


def bench(name: BenchName, json: options.Json = False) -> None:
    """Measure speed against a named peer in one run, alternating the two, and print medians and their ratio."""
    result = _run("bench", name)
    emit(result, json, _talk_bench)


def evaluate(name: EvalName, json: options.Json = False) -> None:
    """Measure quality on held-out data and print each number with its 95 % interval."""
    result = _run("eval", name)
    emit(result, json, _talk_eval)


def _run(kind: str, name: str) -> dict[str, Any]:
    if name not in registry.names(kind) and ":" in name:
        raise BadInput(f"{kind} runs the project's own scripts only; choose one of: {', '.join(registry.names(kind))}.")
    script = registry.resolve(kind, name)
    console().print(f"Running {kind} {name}; this takes a while.", highlight=False)
    with talking(to_stderr=True):
        return script()


def _talk_bench(result: dict[str, Any]) -> None:
    rows = [
        [row["what"], _number(row["ours"]), _number(row["peer"]), _number(row["ratio"]), row["unit"], str(row["goal"])]
        for row in result["rows"]
    ]
    table(f"bench {result['name']}", ["what", "ours", "peer", "ratio", "unit", "goal"], rows)


def _talk_eval(result: dict[str, Any]) -> None:
    rows = [
        [name, _number(m["value"]), f"{_number(m['low'])} to {_number(m['high'])}", str(m["n"])]
        for name, m in result["metrics"].items()
    ]
    table(f"eval {result['name']}", ["metric", "value", "95 % interval", "n"], rows)


def _number(value: Any) -> str:
    return "-" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
