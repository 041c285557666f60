"""A pool as plain values and back, for rows that travel between machines; times are left out: rows are equal."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from tts_playground.core import Cost
from tts_playground.errors import BadInput, PlaygroundError
from tts_playground.store.pool import PoolView, Snapshot
from tts_playground.store.rows import StoredRow, read_cost


def to_plain(pool: PoolView) -> tuple[dict[str, Any], Cost]:
    """(the pool as JSON has it, what drawing its samples cost); the seconds stand in that cost alone."""
    rows, cost = [], Cost()
    for row in pool.rows(seed=None):
        spent = Cost(**read_cost(row))
        cost += spent
        image = None if row.image is None else base64.b64encode(row.png()).decode()
        rows.append({
            "seed": row.seed, "index": row.index, "codec": row.codec, "text": row.text, "image": image,
            "logprob": row.logprob, "cost": spent.as_dict() | {"seconds": 0.0}, "info": json.loads(row.info),
        })  # fmt: skip
    rewards = [
        {"reward": name, "revision": revision, "values": [[*at, value] for at, value in sorted(values.items())]}
        for name, revision in pool.rewards()
        if (values := pool.values(name, revision))
    ]
    head = {"kind": pool.kind, "task": dict(pool.task_key), "sampler": dict(pool.fingerprint)}
    return {**head, "rows": rows, "rewards": rewards}, cost


def from_plain(found: Mapping[str, Any], seconds: float = 0.0) -> Snapshot:
    """The pool that ``to_plain`` was given.

    Args:
        seconds: what drawing all samples took; each gets an equal share, as samples of one batch do.

    Raises:
        BadInput: it is no such pool.
    """
    try:
        share = seconds / max(1, len(found["rows"]))
        rows = sorted((_row(one, share) for one in found["rows"]), key=lambda row: (row.seed, row.index))
        scores = {
            (str(one["reward"]), str(one["revision"])): {(int(s), int(i)): float(v) for s, i, v in one["values"]}
            for one in found["rewards"]
        }
        return Snapshot(str(found["kind"]), dict(found["task"]), dict(found["sampler"]), tuple(rows), scores)
    except PlaygroundError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"A row is no pool of samples ({type(error).__name__}); make it again.") from error


def _row(one: Mapping[str, Any], seconds: float) -> StoredRow:
    image = None if one["image"] is None else base64.b64decode(one["image"], validate=True)
    cost = json.dumps(one["cost"] | {"seconds": seconds})
    logprob = None if one["logprob"] is None else float(one["logprob"])
    text = None if one["text"] is None else str(one["text"])
    place = (int(one["seed"]), int(one["index"]), str(one["codec"]))
    return StoredRow(*place, text, image, logprob, cost, json.dumps(one["info"], allow_nan=True))
