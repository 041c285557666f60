"""Chunks of a recipe's rows joined into one set, from folders or from the hub; gaps and duplicates are refused.

A chunk is a file of a run, a revision of the hub, or what the workers of a cluster wrote (``cluster.chunks``).
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from tts_playground import jsontext
from tts_playground.cluster import chunks as workers
from tts_playground.cluster.places import FileFolder, opened
from tts_playground.errors import BadInput, CannotDo, PlaygroundError, plural, shown
from tts_playground.experiments.recipes import hub
from tts_playground.experiments.recipes.run import differences
from tts_playground.experiments.recipes.spans import CHUNK, recipe_beside, run_beside, span_of
from tts_playground.home import expanded
from tts_playground.journal import LARGEST

KNOWN_SIZES = {"lighteval_MATH": 5000, "MATH-500": 500}
"""problems in the sets whose chunks the original script counts"""
ENDINGS = (".jsonl", ".parquet")


@dataclass(frozen=True)
class RecipeChunk:
    """The rows of a part of a set."""

    name: str
    span: tuple[int, int] | None
    """(first problem, the one after the last); None where its name says neither"""
    rows: tuple[Mapping[str, Any], ...]
    run: Mapping[str, Any] = field(default_factory=dict)
    """what its run came to; empty where nobody says"""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """what decides its rows; empty where nobody says"""


@dataclass(frozen=True)
class MergedRows:
    """Chunks joined."""

    name: str
    """of the file or config"""
    rows: tuple[Mapping[str, Any], ...]
    chunks: tuple[str, ...]
    skipped: int = 0
    """problems that could not be solved, as the runs say"""
    facts: Mapping[str, Any] = field(default_factory=dict)


def joined(chunks: Iterable[RecipeChunk], name: str, start: int | None = None, end: int | None = None) -> MergedRows:
    """Chunks in the order of their set.

    Args:
        name: what the result is called.
        start, end: the problems that they must cover; None is 0, and what the runs say or the last chunk's end.

    Raises:
        BadInput: there are none, some are of another recipe, unfinished or overlap, or problems are in none of them.
    """
    given = list(chunks)
    if not given:
        raise BadInput(f"There are no chunks of {name} to join.")
    _one_recipe(given)
    if len(given) == 1 and given[0].span is None:
        ordered = given
    else:
        ordered = sorted(given, key=lambda one: one.span or (-1, -1))
        _tiled(ordered, start, end)
    _no_twins(ordered)
    rows = tuple(row for one in ordered for row in one.rows)
    for words, size in KNOWN_SIZES.items():
        skipped = sum(len(one.run.get("skipped", ())) for one in ordered)
        if words in name and start is None and end is None and len(rows) + skipped != size:
            raise BadInput(f"{words} has {size:,} problems, and these chunks have {len(rows):,}; some are missing.")
    facts = next((one.facts for one in ordered if one.facts), {})
    skips = sum(len(one.run.get("skipped", ())) for one in ordered)
    return MergedRows(name, rows, tuple(one.name for one in ordered), skips, facts)


def _one_recipe(chunks: Sequence[RecipeChunk]) -> None:
    known = [one for one in chunks if one.facts]
    for one in known[1:]:
        if changes := differences(one.facts, known[0].facts):
            raise BadInput(f"{one.name} is of another recipe than {known[0].name}: {changes}; join them apart.")


def _tiled(chunks: Sequence[RecipeChunk], start: int | None, end: int | None) -> None:
    """See that the parts stand one after another and are whole."""
    wholes = {tuple(one.run["whole"]) for one in chunks if one.run.get("whole")}
    whole = next(iter(wholes)) if len(wholes) == 1 else (0, None)
    at, last = whole[0] if start is None else start, whole[1] if end is None else end
    before = ""
    for place, one in enumerate(chunks):
        if one.span is None:
            raise BadInput(f"The name of {one.name} does not say which problems are in it; name it --chunk-START_END.")
        if one.span[0] > at:
            raise BadInput(f"{_gap(at, one.span[0])}; run what is missing, or say where to start.")
        if one.span[0] < at and before:
            raise BadInput(f"{one.name} begins before {before} ends; leave one of them out.")
        if one.span[0] < at:
            raise BadInput(f"{one.name} begins before problem {at}, the first one that is asked for; leave it out.")
        _whole(one, place + 1 == len(chunks))
        if place + 1 < len(chunks) and (stopped := one.run.get("end", one.span[1])) < one.span[1]:
            words = f"problems {stopped} to {one.span[1] - 1} were left out"
            raise BadInput(f"{one.name} is no whole chunk: {words}; run it without num_samples.")
        at, before = one.span[1], one.name
    set_ended = chunks[-1].run.get("end", at) < at  # within the last chunk
    if end is not None and (reached := _ends(chunks[-1])) > end:
        raise BadInput(f"{before} ends after problem {end - 1}, the last one that is asked for, at {reached - 1}; "
                       "leave it out.")  # fmt: skip
    if last is not None and at < last and not set_ended:
        raise BadInput(f"{_gap(at, last)}; run what is missing.")


def _gap(start: int, end: int) -> str:
    return f"Problem {start} is in no chunk" if end - start == 1 else f"Problems {start} to {end - 1} are in no chunk"


def _ends(one: RecipeChunk) -> int:
    """The problem after the last one of the last chunk, which may be for more problems than its set has."""
    assert one.span is not None
    after = int(one.run["end"]) if "end" in one.run else one.span[0] + len(one.rows)
    return min(one.span[1], after)


def _whole(one: RecipeChunk, is_last: bool) -> None:
    """See that a chunk has a row for each problem that it is for."""
    assert one.span is not None
    first, after = one.span
    if one.run:
        wanted = min(after, int(one.run.get("end", after))) - first - len(one.run.get("skipped", ()))
    else:
        wanted = len(one.rows) if is_last and 0 < len(one.rows) < after - first else after - first
    _no_twins([one])  # said first: a row too many is no run that is to be gone on with
    if len(one.rows) > wanted:
        raise BadInput(
            f"{one.name} has {plural(len(one.rows), 'row')} for {plural(wanted, 'problem')}; leave out those of others."
        )
    if len(one.rows) != wanted:
        words = "row is" if len(one.rows) == 1 else "rows are"
        raise BadInput(f"{one.name} is not finished: {len(one.rows)} {words} there of {wanted}; run it again.")


def _no_twins(chunks: Sequence[RecipeChunk]) -> None:
    seen: dict[str, str] = {}
    for one in chunks:
        for row in one.rows:
            key = str(row.get("unique_id") or row.get("problem", ""))
            if key in seen:
                where = f"twice in {one.name}" if seen[key] == one.name else f"in {seen[key]} and in {one.name}"
                raise BadInput(f"{shown(key, 60)!r} is {where}; a problem has one row, so take the other out.")
            seen[key] = one.name


# ------------------------------------------------------------------------------------------------------- folders


def chunks_of(place: str, filters: Sequence[str] = ()) -> dict[str, list[RecipeChunk]]:
    """The chunks in a folder by what they belong to, "best_of_n_completions"; those of workers where no file of their
    run is beside them, too.

    Args:
        place: a folder, or the address of one that ``fsspec`` reads, such as s3://bucket/runs.
        filters: words that all stand in the paths of the files.

    Raises:
        BadInput: there are none, or one cannot be read. CannotDo: the folder cannot be read.
    """
    found: dict[str, list[RecipeChunk]] = {}
    if "://" not in place and expanded(place).is_file():
        raise BadInput(f"{shown(place)} is a file; give the folder that the chunks are in.")
    folder = opened(place)
    paths = folder.find()
    for path in paths:
        name = PurePosixPath(path).name
        if "_completions" in name and CHUNK.search(name) and name.endswith(ENDINGS) and all(w in path for w in filters):
            found.setdefault(name.split("--chunk")[0], []).append(_chunk(folder, path, name))
        elif name == workers.JOB and all(word in path for word in filters):
            for chunk in _of_workers(folder, path, set(paths)):
                found.setdefault(chunk.name.split("--chunk")[0], []).append(chunk)
    if not found and not paths:
        unless = ", or nothing answers there" if not folder.local else ""
        raise BadInput(f"{shown(place)} has no files{unless}; give the folder or address that chunks were written to.")
    if not found:
        raise BadInput(f"There are no chunks in {shown(place)}: files such as best_of_n_completions--chunk-0_50.jsonl.")
    return found


def _of_workers(folder: FileFolder, path: str, beside: set[str]) -> Iterator[RecipeChunk]:
    """What workers wrote of each part of a recipe whose file is not there.

    Args:
        path: of their job's file. beside: all files.

    Raises:
        BadInput: a key has no row or two that differ, or it is another verb's job.
    """
    root = path.rpartition("/")[0]
    place = replace(folder, root=root)
    job = workers.job_of(place)
    if job.get("name") != "recipe":
        again = "run that verb again with the same --chunks, which joins them"
        raise BadInput(f"{shown(root)} holds chunks of {shown(job.get('name'))}, and no recipe's; {again}.")
    approach = f"{job['facts'].get('approach', 'recipe')}_completions"
    parts = job.get("parts") or {_label(root): {"keys": job.get("keys", [])}}
    for label, part in parts.items():
        name = f"{approach}{label}"
        if not beside.isdisjoint(f"{root.rpartition('/')[0]}/{name}{ending}" for ending in ENDINGS):
            continue
        done, found = workers.merged(place, part["keys"])
        rows = tuple(one.row for one in done if one.row is not None)
        skipped = [*part.get("skipped", ()), *({"key": one.key, "why": one.why} for one in done if one.row is None)]
        run = {key: part[key] for key in ("start", "end", "whole") if key in part} | {"skipped": skipped}
        yield RecipeChunk(name, span_of(name), rows, run, dict(job["facts"]) | dict(found.facts))


def _label(name: str) -> str:
    chunk = CHUNK.search(name)
    return chunk[0] if chunk else ""


def _chunk(folder: Any, path: str, name: str) -> RecipeChunk:
    names = run_beside(name), recipe_beside(name)
    beside = [folder.beside(path, other) for other in names]
    run, facts = (jsontext.loads_object(text, other) if text else {} for text, other in zip(beside, names, strict=True))
    return RecipeChunk(name, span_of(name), tuple(rows_of(folder.read(path), name)), run, facts)


def rows_of(data: bytes, name: str) -> Iterator[dict[str, Any]]:
    """The rows of a JSONL or parquet file that is in memory.

    Raises:
        BadInput: it is no such file, or too large.
    """
    if len(data) > LARGEST:
        raise BadInput(f"{name} is larger than {LARGEST >> 20:,} MB, which is not read.")
    if name.endswith(".jsonl"):
        for number, line in enumerate(data.splitlines(), 1):
            if line.strip():
                yield jsontext.loads_object(line, f"Line {number} of {name}")
        return
    import pyarrow.parquet

    try:
        yield from pyarrow.parquet.read_table(io.BytesIO(data)).to_pylist()
    except PlaygroundError:
        raise
    except Exception as error:  # Arrow raises many kinds for a damaged file
        raise BadInput(f"{name} is not a parquet file, or it is damaged.") from error


def recipe_text(merged: MergedRows) -> bytes:
    """What decides joined rows, as it stands beside them, so that a run goes on with them."""
    return (json.dumps(dict(merged.facts), indent=1) + "\n").encode()


def jsonl(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Rows as lines of JSON, as a run writes them."""
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


# ------------------------------------------------------------------------------------------------------- the hub


def of_hub(
    repository: str,
    filters: Sequence[str] = (),
    split: str = hub.SPLIT,
    start: int | None = None,
    end: int | None = None,
) -> MergedRows:
    """The revisions of a data set whose names hold all the words, joined.

    Args:
        repository: OWNER/NAME.
        filters: words that all stand in the name of a revision, such as "last", "T-0.8" and "seed-0".
        start, end: as of ``joined``.

    Raises:
        BadInput: there are none, they are of several runs, or they cannot be joined. CannotDo: the hub refuses.
    """
    api = hub.client()
    there = hub.revisions(hub.checked(repository), api)
    chosen = [name for name in there if all(word in name for word in filters)]
    if not chosen:
        named = f"; it has {', '.join(there[:8])}" if there else ""
        raise BadInput(f"{repository} has no revision that holds {', '.join(filters) or 'anything'}{named}.")
    runs = list(dict.fromkeys(name.split("--chunk")[0] for name in chosen))
    if len(runs) > 1:
        raise BadInput(f"These revisions are of {len(runs)} runs ({', '.join(runs[:4])}); add a filter string.")
    return joined((_of_revision(repository, name, split, api) for name in chosen), runs[0], start, end)


def _of_revision(repository: str, revision: str, split: str, api: Any) -> RecipeChunk:
    names = hub.rows_in(repository, revision, api, split)
    if not names:
        raise CannotDo(f"The revision {revision} of {repository} has no rows of the split {split}; push it again.")
    rows = [row for name in names for row in rows_of(hub.download(repository, revision, name, api), name)]
    run, facts = (
        jsontext.loads_object(text, f"{name} of {revision}")
        if (text := hub.download(repository, revision, name, api, there=False))
        else {}
        for name in ("run.json", "recipe.json")
    )
    plain = tuple({name: value for name, value in row.items() if value is not None} for row in rows)
    return RecipeChunk(revision, span_of(revision), plain, run, facts)


def push(repository: str, merged: MergedRows, *, private: bool = False, split: str = hub.SPLIT) -> str:
    """Push joined rows as a config of the main revision; returns where they are.

    Raises:
        CannotDo: the hub cannot be reached, or refuses.
    """
    return hub.push_config(repository, merged.name, hub.parquet(merged.rows), private=private, split=split)
