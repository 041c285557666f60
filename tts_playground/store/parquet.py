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
from tts_playground.errors import BadInput, PlaygroundError, StoreError
from tts_playground.store.import_checks import checked
from tts_playground.store.pool import PoolView, Scores, Snapshot
from tts_playground.store.rows import StoredRow, canonical

FORMAT = "1"
_MARK = b"tts_playground"
MOST_ROWS = 1_000_000
"""of a file; a few bytes can claim any number"""
ALWAYS_READ, UNPACKED = 1 << 29, 20
"""bytes that any file may unpack to, and times its own size that a larger one may"""
_NAMES = ("pool", "kind", "task", "sampler", "codec", "text", "cost", "info")


def write(pools: Sequence[PoolView], file: Path) -> int:
    """Write the pools with their rewards; returns the number of samples. The file appears whole or not at all.

    Raises:
        BadInput: there are no samples.
    """
    import pyarrow
    import pyarrow.parquet

    records = [record for pool in pools for record in _records(pool)]
    if not records:
        raise BadInput("There is nothing to export: the pool has no samples yet.")
    table = pyarrow.Table.from_pylist(records, schema=_schema())
    with files.whole(file, "The pool") as partial:
        pyarrow.parquet.write_table(table, partial, compression="zstd")
    return len(records)


def read(file: Path, *, strict: bool = False) -> list[Snapshot]:
    """The pools of a file made by ``write``, in memory; pictures stay encoded until they are asked for.

    Args:
        strict: open every picture and parse every program now, for a file from elsewhere that is to be kept.

    Raises:
        BadInput: there is no such file, or a row of it makes no sense.
        StoreError: it is damaged, of another version, or no file of pools.
    """
    records = _to_records(_table(file), file)
    rows = checked(records, str(file), contents=strict)
    groups: dict[str, list[tuple[dict[str, Any], StoredRow]]] = {}
    for record, row in zip(records, rows, strict=True):
        groups.setdefault(record["pool"], []).append((record, row))
    return [_snapshot(pairs) for pairs in groups.values()]


def _table(file: Path) -> Any:
    """The table in a file of pools, with the columns that it must have."""
    import pyarrow
    import pyarrow.parquet

    if not file.exists():
        raise BadInput(f"There is no file {file}.")
    schema = _schema()
    try:
        files.open_plain(file).close()  # Arrow would wait for a pipe
        with pyarrow.parquet.ParquetFile(file) as opened:
            if opened.metadata.num_rows > MOST_ROWS:
                raise BadInput(f"{file} has {opened.metadata.num_rows:,} rows; at most {MOST_ROWS:,} are read.")
            stamp = (opened.schema_arrow.metadata or {}).get(_MARK, b"").decode(errors="replace")
            there = opened.schema_arrow.names
            if stamp != FORMAT or any(there.count(name) != 1 for name in schema.names):
                found = f"has version {stamp!r}" if stamp else "is not a file of pools"
                found = "lacks columns" if stamp == FORMAT else found
                raise StoreError(f"{file} {found}; this program reads version {FORMAT} made by its export.")
            for column in schema:
                if (kind := opened.schema_arrow.field(column.name).type) != column.type:
                    raise StoreError(f"{file}: its column {column.name!r} holds {str(kind)[:80]}, not {column.type}.")
            table = _bounded(opened, file, schema.names)
            table.validate(full=True)
            return table
    except PlaygroundError:
        raise
    except Exception as error:  # Arrow raises many kinds for a damaged file, OverflowError among them
        raise StoreError(f"{file} is not a parquet file, or it is damaged; export the pool again.") from error


def _bounded(opened: Any, file: Path, names: list[str]) -> Any:
    """The columns, read a few rows at a time: a file names a long text once and repeats it in a bit a row."""
    import pyarrow

    most = max(ALWAYS_READ, UNPACKED * file.stat().st_size)
    groups = [opened.metadata.row_group(one).total_byte_size for one in range(opened.metadata.num_row_groups)]
    batches, size = [], sum(groups)
    if size <= most:
        size = 0
        # no row is longer than what its group has unpacked
        for batch in opened.iter_batches(min(1024, max(16, most // max([*groups, 1]))), columns=names):
            size += batch.nbytes
            if size > most:
                break
            batches.append(batch)
    if size > most:
        raise BadInput(f"{file} unpacks to over {most >> 20:,} MB, which is not read; export the pools anew.")
    return pyarrow.Table.from_batches(batches, opened.schema_arrow.empty_table().select(names).schema)


def _to_records(table: Any, file: Path) -> list[dict[str, Any]]:
    try:
        return table.to_pylist()
    except (ValueError, OverflowError) as error:
        raise StoreError(f"{file} is damaged ({type(error).__name__}); export the pool again.") from error


def _records(pool: PoolView) -> list[dict[str, Any]]:
    head = {
        "pool": pool.key,
        "kind": pool.kind,
        "task": canonical(pool.task_key),
        "sampler": canonical(pool.fingerprint),
    }
    scores = {reward: pool.values(*reward) for reward in pool.rewards()}
    return [head | _record(row, scores) for row in pool.rows(seed=None)]


def _record(row: StoredRow, scores: Mapping[tuple[str, str], Scores]) -> dict[str, Any]:
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


def _snapshot(pairs: list[tuple[dict[str, Any], StoredRow]]) -> Snapshot:
    first, _ = pairs[0]
    scores: dict[tuple[str, str], dict[tuple[int, int], float]] = {}
    pairs = sorted(pairs, key=lambda pair: (pair[1].seed, pair[1].index))
    for record, row in pairs:
        for score in record["rewards"]:
            scores.setdefault((score["reward"], score["revision"]), {})[row.seed, row.index] = score["value"]
    task, sampler = json.loads(first["task"]), json.loads(first["sampler"])
    return Snapshot(first["kind"], task, sampler, tuple(row for _, row in pairs), scores)


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
