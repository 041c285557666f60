"""Rows of an export as a stranger might change them, for tests of importing."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tts_playground.store.rows import pool_key

OLD = Path(__file__).parents[1] / "data" / "pools-0.1"


def table(name: str) -> pa.Table:
    """The export of one of the old pools."""
    return pq.read_table(OLD / f"{name}.parquet")


def rekeyed(row: dict, **changed: str) -> dict:
    """A row of another task or sampler with the key that belongs to them, so that the key is not what is refused."""
    row = row | changed
    return row | {"pool": pool_key(row["kind"], json.loads(row["task"]), json.loads(row["sampler"]))}


def write(file: Path, name: str, rows: list[dict], schema: pa.Schema | None = None) -> Path:
    """A file of the rows under the schema of an export."""
    pq.write_table(pa.Table.from_pylist(rows, schema=schema or table(name).schema), file)
    return file
