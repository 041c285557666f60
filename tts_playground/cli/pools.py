"""``pools list|delete|export|import``: the samples kept on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tts_playground.cli import options
from tts_playground.cli.output import emit, table

app = typer.Typer(help="The sample pools kept on this machine.", no_args_is_help=True)

Key = Annotated[str, typer.Argument(help="The pool's key as `pools list` shows it; a unique beginning is enough.")]


@app.command("list")
def list_pools(json: options.Json = False) -> None:
    """Every pool with its number of samples and its size."""
    from tts_playground.runs.store import Store

    with Store() as store:
        result = {"path": str(store.path), "bytes": store.size(), "pools": [p.as_dict() for p in store.pools()]}
    emit(result, json, _talk_list)


def _talk_list(result: dict) -> None:
    rows = [[p["key"][:12], p["kind"], str(p["samples"]), p["title"]] for p in result["pools"]]
    table(f"{result['path']}: {result['bytes'] / 1e6:.1f} MB", ["key", "kind", "samples", "task"], rows)


@app.command()
def delete(key: Key, json: options.Json = False) -> None:
    """Delete one pool with its samples, scores and pictures that no other pool uses."""
    from tts_playground.runs.store import Store

    with Store() as store:
        removed = store.delete(key)
    emit({"deleted": removed}, json, lambda r: print(f"Deleted {r['deleted']}."))


@app.command("export")
def export_pool(
    key: Key, file: Annotated[Path, typer.Argument(help="A .parquet file.")], json: options.Json = False
) -> None:
    """Write one pool as a parquet file that the datasets library reads."""
    from tts_playground.runs.store import Store

    with Store() as store:
        rows = store.export(key, file)
    emit({"file": str(file), "rows": rows}, json, lambda r: print(f"{r['rows']} samples in {r['file']}"))


@app.command("import")
def import_pool(
    file: Annotated[Path, typer.Argument(help="A .parquet file made by export.")], json: options.Json = False
) -> None:
    """Read the pools of a parquet file; samples that are here already stay as they are."""
    from tts_playground.runs.store import Store

    with Store() as store:
        keys = store.import_(file)
    emit({"keys": keys}, json, lambda r: print(f"Imported as {', '.join(key[:12] for key in r['keys'])}."))
