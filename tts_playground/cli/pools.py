"""``pools list|curve|delete|export|import``: the samples kept on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tts_playground.cli import options
from tts_playground.cli.output import emit, table

app = typer.Typer(help="The sample pools kept on this machine.", no_args_is_help=True)

Key = Annotated[str, typer.Argument(help="The pool's key as `pools list` shows it; a unique beginning is enough.")]
Parquet = Annotated[Path, typer.Argument(help="A .parquet file; the datasets library reads it too.")]
RewardName = Annotated[str, typer.Option(help="The reward whose curve is wanted.")]


@app.command("list")
def list_pools(json: options.Json = False) -> None:
    """Every pool with its number of samples and its size."""
    from tts_playground.store.store import Store

    with Store() as store:
        pools = [pool.as_dict() for pool in store.pools()]
        emit({"folder": str(store.path), "bytes": store.size(), "pools": pools}, json, _talk_list)


def _talk_list(result: dict[str, Any]) -> None:
    rows = [
        [pool["key"][:12], pool["kind"], str(pool["samples"]), f"{pool['bytes'] / 1e3:.0f} kB", _task(pool)]
        for pool in result["pools"]
    ]
    title = f"{result['folder']}: {result['bytes'] / 1e6:.1f} MB"
    table(title, ["key", "kind", "samples", "contents", "task"], rows)


def _task(pool: dict[str, Any]) -> str:
    if pool["damage"]:
        return f"{pool['title']}; damaged: {pool['damage']}"
    return f"{pool['title']}; {pool['checkpoint']}" if pool["checkpoint"] else pool["title"]


@app.command()
def curve(key: Key, reward: RewardName, plot: options.Plot = None, json: options.Json = False) -> None:
    """Expected best of N for every N, exact from the pool, with a 95 % band."""
    from tts_playground.figures import best_of_n, save
    from tts_playground.store.store import Store

    with Store() as store:
        line = store.open(key).curve(reward)
    if plot is not None:
        save(best_of_n(line), plot)
    emit(line.as_dict(), json, _talk_curve)


def _talk_curve(line: dict[str, Any]) -> None:
    from tts_playground.estimators.intervals import between

    columns = zip(line["n"], line["mean"], line["low"], line["high"], strict=True)
    rows = [[str(n), f"{mean:.4f}", between(low, high, ".4f")] for n, mean, low, high in columns]
    table(line["label"], ["N", line["measure"], "95 % band"], rows)


@app.command()
def delete(key: Key, json: options.Json = False) -> None:
    """Delete one pool with its samples, scores and pictures that no other pool uses."""
    from tts_playground.store.store import Store

    with Store() as store:
        removed = store.delete(key)
    emit({"deleted": removed}, json, lambda r: print(f"Deleted {r['deleted'][:12]}."))


@app.command("export")
def export_pool(key: Key, file: Parquet, json: options.Json = False) -> None:
    """Write one pool as a parquet file that the datasets library reads."""
    from tts_playground.store.store import Store

    with Store() as store:
        rows = store.export(key, file)
    emit({"file": str(file), "rows": rows}, json, lambda r: print(f"{r['rows']} samples in {r['file']}"))


@app.command("import")
def import_pools(file: Parquet, json: options.Json = False) -> None:
    """Read pools from a parquet file; samples that are here already stay as they are."""
    from tts_playground.store.store import Store

    with Store() as store:
        keys = store.import_(file)
    emit({"keys": keys}, json, lambda r: print(f"Imported {', '.join(key[:12] for key in r['keys'])}."))
