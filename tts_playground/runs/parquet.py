"""Pools as one parquet file, a row per sample, which ``datasets.load_dataset("parquet", ...)`` reads with its pictures.

Only pyarrow is needed here. The feature names of the ``datasets`` library travel in the file's metadata, so that the
image column decodes there; samples come back here exactly as they were.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tts_playground import files
from tts_playground.errors import BadInput, StoreError
from tts_playground.runs.pool import PoolView, Scores, Snapshot
from tts_playground.runs.rows import Row, canonical

FORMAT = "1"
_MARK = b"tts_playground"
_NAMES = ("pool", "kind", "task", "sampler", "codec", "text", "cost", "info")


def write(pools: Sequence[PoolView], file: Path) -> int:
    """Write the pools with their rewards; returns the number of samples. The file appears whole or not at all."""
    import pyarrow
    import pyarrow.parquet

    records = [record for pool in pools for record in _records(pool)]
    if not records:
        raise BadInput("There is nothing to export: the pool has no samples yet.")
    table = pyarrow.Table.from_pylist(records, schema=_schema())
    with files.whole(file, "The pool") as partial:
        pyarrow.parquet.write_table(table, partial, compression="zstd")
    return len(records)


def read(file: Path) -> list[Snapshot]:
    """The pools of a file made by ``write``, in memory; pictures stay encoded until they are asked for."""
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(file)
    except FileNotFoundError as error:
        raise BadInput(f"There is no file {file}.") from error
    except (pyarrow.ArrowException, OSError) as error:
        raise StoreError(f"{file} is not a parquet file, or it is damaged; export the pool again.") from error
    stamp = (table.schema.metadata or {}).get(_MARK, b"").decode(errors="replace")
    if stamp != FORMAT or set(_schema().names) - set(table.schema.names):
        found = f"has version {stamp!r}" if stamp else "is not a file of pools"
        raise StoreError(f"{file} {found}; this program reads version {FORMAT} made by its export.")
    groups: dict[str, list[dict[str, Any]]] = {}
    for record in table.to_pylist():
        groups.setdefault(record["pool"], []).append(record)
    try:
        return [_snapshot(records) for records in groups.values()]
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{file} holds a pool that cannot be read; export it again.") from error


def _records(pool: PoolView) -> list[dict[str, Any]]:
    head = {
        "pool": pool.key,
        "kind": pool.kind,
        "task": canonical(pool.task_key),
        "sampler": canonical(pool.fingerprint),
    }
    scores = {reward: pool.values(*reward) for reward in pool.rewards()}
    return [head | _record(row, scores) for row in pool.rows(seed=None)]


def _record(row: Row, scores: Mapping[tuple[str, str], Scores]) -> dict[str, Any]:
    place = (row.seed, row.index)
    return {
        "seed": row.seed,
        "index": row.index,
        "codec": row.codec,
        "text": row.text,
        "image": None if row.image is None else {"bytes": row.png(), "path": None},
        "logprob": row.logprob,
        "cost": row.cost,
        "info": row.info,
        "rewards": [
            {"reward": name, "revision": revision, "value": values[place]}
            for (name, revision), values in scores.items()
            if place in values
        ],
    }


def _snapshot(records: list[dict[str, Any]]) -> Snapshot:
    first = records[0]
    rows, scores = [], {}
    for record in sorted(records, key=lambda r: (r["seed"], r["index"])):
        image = None if record["image"] is None else record["image"]["bytes"]
        same = {name: record[name] for name in ("seed", "index", "codec", "text", "logprob", "cost", "info")}
        rows.append(Row(image=image, **same))
        for score in record["rewards"]:
            values = scores.setdefault((score["reward"], score["revision"]), {})
            values[record["seed"], record["index"]] = score["value"]
    return Snapshot(first["kind"], json.loads(first["task"]), json.loads(first["sampler"]), tuple(rows), scores)


def _schema() -> Any:
    import pyarrow as pa

    text, number, real = pa.string(), pa.int64(), pa.float64()
    columns = {
        **dict.fromkeys(("pool", "kind", "task", "sampler"), text),
        **dict.fromkeys(("seed", "index"), number),
        **dict.fromkeys(("codec", "text"), text),
        "image": pa.struct({"bytes": pa.binary(), "path": text}),
        "logprob": real,
        **dict.fromkeys(("cost", "info"), text),
        "rewards": pa.list_(pa.struct({"reward": text, "revision": text, "value": real})),
    }
    value = {kind: {"dtype": kind, "_type": "Value"} for kind in ("string", "int64", "float64")}
    features: dict[str, Any] = {
        **dict.fromkeys(_NAMES, value["string"]),
        **dict.fromkeys(("seed", "index"), value["int64"]),
        "image": {"_type": "Image"},
        "logprob": value["float64"],
        "rewards": {
            "feature": {"reward": value["string"], "revision": value["string"], "value": value["float64"]},
            "_type": "List",
        },
    }
    ordered = {name: features[name] for name in columns}
    metadata = {_MARK: FORMAT.encode(), b"huggingface": json.dumps({"info": {"features": ordered}}).encode()}
    return pa.schema(list(columns.items()), metadata=metadata)
