"""What workers have made, as parquet files in a folder at any address; each file has one writer, and joining is safe.

A file has the columns key, row (JSON), why, hopeless and the counts of ``core.Cost``, and in its metadata what decides
its rows. Times differ from run to run and stand beside it, in a file of the same name that ends in .times.json: when
a key was done, and the seconds of its cost.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any

from tts_playground import jsontext
from tts_playground.cluster.places import FileFolder
from tts_playground.cluster.work import ClusterJob, Done
from tts_playground.core import Cost
from tts_playground.errors import BadInput, PlaygroundError, shown

JOB = "job.json"
ROWS = 512
"""rows of a file before its writer begins another"""
BYTES = 8 << 20
"""of a file after which its writer begins another: it is written whole each time"""
DIGEST = "digest"
"""what stands in a row of which only the key is wanted"""
COUNTS = ("samples", "tokens", "verifier_calls", "renders")
_MARK = b"tts_playground_chunk"


class ChunkWriter:
    """Writes what one worker makes; the file in work is written again, whole, with each flush."""

    def __init__(self, folder: FileFolder, worker: str, facts: Mapping[str, Any]) -> None:
        """``worker``: no other writer ever has its name."""
        self.folder, self.worker, self.facts = folder, worker, dict(facts)
        self._number, self._rows, self._fresh = 0, list[Done](), list[Done]()
        self._times: dict[str, float] = {}
        self._began = self.flushed = monotonic()
        """when it wrote last"""

    @property
    def waiting(self) -> int:
        """Keys that are done and not yet written."""
        return len(self._fresh)

    @property
    def file(self) -> str:
        """The name of the file in work."""
        return f"{self.worker}-{self._number:05d}.parquet"

    def add(self, done: Done) -> None:
        """Take in a key that is done."""
        self._fresh.append(done)
        self._times[done.key] = round(monotonic() - self._began, 3)

    def flush(self) -> list[Done]:
        """Write what was taken in since the last time; returned when it is written.

        Raises:
            CannotDo: it cannot be written.
        """
        self.flushed = monotonic()
        if not self._fresh:
            return []
        rows = [*self._rows, *self._fresh]
        data = written(rows, self.facts)
        self.folder.write(self.file, data)
        times = {"seconds_since_start": {one.key: self._times[one.key] for one in rows}}
        times["seconds"] = {one.key: round(one.cost.seconds, 6) for one in rows}
        self.folder.write(self.file.replace(".parquet", ".times.json"), json.dumps(times).encode())
        told, self._fresh, self._rows = self._fresh, [], rows
        if len(rows) >= ROWS or len(data) >= BYTES:
            self._number, self._rows, self._times = self._number + 1, [], {}
        return told


def write_failure(folder: FileFolder, failed: Done, name: str) -> None:
    """Write down a key that is given up.

    Raises:
        CannotDo: it cannot be written.
    """
    file = f"{name}-{hashlib.blake2b(failed.key.encode(), digest_size=4).hexdigest()}.parquet"
    folder.write(file, written([failed], {}))


def written(rows: Sequence[Done], facts: Mapping[str, Any]) -> bytes:
    """Keys that are done as a parquet file."""
    import pyarrow
    import pyarrow.parquet

    text, number = pyarrow.string(), pyarrow.int64()
    kinds = {"key": text, "row": text, "why": text, "hopeless": pyarrow.bool_(), **dict.fromkeys(COUNTS, number)}
    mark = {_MARK: json.dumps(dict(facts), sort_keys=True).encode()}
    records = [
        {"key": one.key, "row": None if one.row is None else json.dumps(one.row), "why": one.why}
        | {"hopeless": one.hopeless}
        | {name: getattr(one.cost, name) for name in COUNTS}
        for one in rows
    ]
    table = pyarrow.Table.from_pylist(records, schema=pyarrow.schema(list(kinds.items()), metadata=mark))
    stream = io.BytesIO()
    pyarrow.parquet.write_table(table, stream, compression="zstd")
    return stream.getvalue()


@dataclass(frozen=True)
class ReadChunks:
    """All that workers have made in a folder."""

    done: dict[str, Done] = field(default_factory=dict[str, Done])
    """by key; a row stands before a failure"""
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """what decides the rows besides the job"""

    @property
    def rows(self) -> dict[str, Done]:
        """Those with a row."""
        return {key: one for key, one in self.done.items() if one.row is not None}


def read(folder: FileFolder, worker: str = "", *, rows: bool = True) -> ReadChunks:
    """What is in a folder.

    Args:
        worker: only what this one wrote; "" is all.
        rows: False keeps a digest of each row in its place, where rows are large and only their keys are wanted.

    Raises:
        BadInput: a file is damaged, two rows of one key differ, or workers had other models. CannotDo: a file cannot be
            read.
    """
    found: dict[str, Done] = {}
    where: dict[str, str] = {}
    facts: dict[str, Any] | None = None
    for name, own, made in each(folder, worker):
        if not any(one.row is not None for one in made):
            own = facts if facts is not None else {}
        if facts and own != facts:
            differ = ", ".join(key for key in own | facts if own.get(key) != facts.get(key))
            raise BadInput(
                f"{name} was made with another {differ} than the chunks beside it; load the same everywhere."
            )
        facts = own or facts
        for one in made if rows else map(_digested, made):
            old = found.get(one.key)
            if old is not None and old.row is not None:
                if one.row is not None and one.row != old.row:
                    raise BadInput(
                        f"{shown(one.key)} stands in {where[one.key]} and, otherwise, in {name}; remove one."
                    )
                continue
            found[one.key], where[one.key] = one, name
    return ReadChunks(found, facts or {})


def each(
    folder: FileFolder, worker: str = "", *, times: bool = False
) -> Iterator[tuple[str, dict[str, Any], list[Done]]]:
    """(name, facts, what was done) of each file, one after the other.

    Args:
        worker: only what this one wrote; "" is all.
        times: give costs the seconds that stand beside the file; 0 where none do.

    Raises:
        BadInput: a file is damaged. CannotDo: one cannot be read.
    """
    for path in folder.find():
        name = path.rpartition("/")[2]
        if name.endswith(".parquet") and name.startswith(worker):
            facts, made = _read_file(folder.read(path), name)
            if times:
                beside = name.replace(".parquet", ".times.json")
                text = folder.beside(path, beside)
                seconds = jsontext.loads_object(text, beside).get("seconds", {}) if text else {}
                made = [replace(one, cost=replace(one.cost, seconds=_number(seconds, one.key))) for one in made]
            yield name, facts, made


def _number(seconds: Any, key: str) -> float:
    found = seconds.get(key) if isinstance(seconds, dict) else None
    return float(found) if isinstance(found, (int, float)) and 0 <= found < 1e9 else 0.0


def _digested(one: Done) -> Done:
    if one.row is None:
        return one
    text = json.dumps(dict(one.row), sort_keys=True).encode()
    return replace(one, row={DIGEST: hashlib.blake2b(text, digest_size=16).hexdigest()})


def _read_file(data: bytes, name: str) -> tuple[dict[str, Any], list[Done]]:
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(io.BytesIO(data))
        mark = (table.schema.metadata or {})[_MARK]
        facts = jsontext.loads_object(mark, f"The metadata of {name}")
        return facts, [_done(record, name) for record in table.to_pylist()]
    except PlaygroundError:
        raise
    except Exception as error:  # Arrow raises many kinds for a damaged file
        raise BadInput(f"{name} is no chunk of a worker, or it is damaged; remove it.") from error


def _done(record: Mapping[str, Any], name: str) -> Done:
    row = None if record["row"] is None else jsontext.loads_object(record["row"], f"A row of {name}")
    cost = Cost(**{count: int(record[count]) for count in COUNTS})
    return Done(record["key"], row, cost, record["why"] or "", bool(record["hopeless"]))


# ------------------------------------------------------------------------------------------------------- the job


def begin(folder: FileFolder, job: ClusterJob) -> None:
    """Write down what a folder's chunks are for, or see that it is the same as before; keys may be added.

    Raises:
        BadInput: it is for another job. CannotDo: it cannot be read or written.
    """
    facts = json.loads(json.dumps(dict(job.facts)))
    before = job_of(folder)
    if before:
        old = before.get("facts", {})
        differ = ", ".join(key for key in {**facts, **old} if facts.get(key) != old.get(key))
        if before.get("name") != job.name or differ:
            why = f": {differ} differ" if differ else ""
            raise BadInput(f"{folder.name} holds chunks of another {before.get('name')}{why}; choose another folder.")
    keys = list(dict.fromkeys([*before.get("keys", []), *job.items]))
    parts, name = dict(before.get("parts", {})), str(job.part.get("name", ""))
    own = dict.fromkeys([*parts.get(name, {}).get("keys", []), *job.items])
    parts |= {name: json.loads(json.dumps(dict(job.part) | {"keys": list(own)}))}
    if keys != before.get("keys") or parts != before.get("parts"):
        folder.write(JOB, json.dumps({"name": job.name, "facts": facts, "keys": keys, "parts": parts}).encode())


def merged(
    folder: FileFolder, keys: Iterable[str] | None = None, *, rows: bool = True
) -> tuple[list[Done], ReadChunks]:
    """All keys in the order of the job, those without a row among them.

    Args:
        keys: None is all keys that the folder was begun with.
        rows: as of ``read``.

    Raises:
        BadInput: keys are missing, or what ``read`` refuses.
    """
    wanted = list(job_of(folder).get("keys", []) if keys is None else keys)
    if not wanted:
        raise BadInput(f"There are no chunks of workers in {folder.name}.")
    found = read(folder, rows=rows)
    missing = [key for key in wanted if key not in found.done]
    if missing:
        some = ", ".join(map(shown, missing[:3]))
        raise BadInput(
            f"{len(missing)} of {len(wanted)} keys have no row in {folder.name}, such as {some}; run it again."
        )
    return [found.done[key] for key in wanted], found


def total(done: Iterable[Done]) -> Cost:
    """What keys cost together."""
    return sum((replace(one.cost, seconds=0.0) for one in done), Cost())


def job_of(folder: FileFolder) -> dict[str, Any]:
    """{"name", "facts", "keys", "parts"} of the job that a folder was begun with; empty where it was not.

    Each of the parts, by name, is what ``ClusterJob.part`` says with its "keys".

    Raises:
        BadInput: it is damaged. CannotDo: it cannot be read.
    """
    if not folder.there(JOB):
        return {}
    return jsontext.loads_object(folder.read(f"{folder.root}/{JOB}"), JOB)
