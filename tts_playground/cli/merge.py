"""``merge``: chunks of a recipe's rows joined into one set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from tts_playground.cli import options
from tts_playground.cli.output import console, emit
from tts_playground.errors import BadInput, plural, shown

FILTER = "--filter_strings"
Places = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[FOLDER]...",
        help="Folders of chunks, or addresses of such: s3://bucket/run, memory://run; those of --engine ray, too.",
    ),
]
Repository = Annotated[
    str | None, typer.Option("--dataset_name", "--dataset-name", help="Instead: a data set of the hub, OWNER/NAME.")
]
Split = Annotated[str, typer.Option("--dataset_split", "--dataset-split", help="Of the hub: the split of the rows.")]
Filters = Annotated[
    list[str] | None,
    typer.Option(FILTER, "--filter-strings", metavar="WORD...", help="Only what has all these words in its name."),
]
Private = Annotated[
    bool,
    typer.Option(
        "--hub_dataset_private", "--hub-dataset-private", help="Of the hub: a data set that is made is private."
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", help="A file for the rows; else a folder's own, or of a data set a config on the hub."),
]
Start = Annotated[int | None, typer.Option("--dataset_start", "--dataset-start", min=0, help="The first problem; 0.")]
End = Annotated[
    int | None,
    typer.Option("--dataset_end", "--dataset-end", min=1, help="The problem after the last; the chunks' end."),
]


class ManyWords(TyperCommand):
    """A command whose --filter_strings takes all words up to the next option, as the published script's does."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Say the option again before each further word."""
        return super().parse_args(ctx, _spread(args))


def _spread(words: Sequence[str]) -> list[str]:
    found: list[str] = []
    filtering = False
    for word in words:
        if word.startswith("-"):
            filtering = word.replace("-", "_") == FILTER.replace("-", "_")
            found += [] if filtering else [word]
        else:
            found += [FILTER, word] if filtering else [word]
    return found


def merge(
    places: Places = None,
    dataset_name: Repository = None,
    dataset_split: Split = "train",
    filter_strings: Filters = None,
    hub_dataset_private: Private = False,
    out: Out = None,
    dataset_start: Start = None,
    dataset_end: End = None,
    json: options.Json = False,
) -> None:
    """Join the chunks of a recipe, in FOLDER or on the hub, and refuse gaps and duplicates."""
    from tts_playground.experiments.recipes import merging

    words = filter_strings or []
    if bool(places) == bool(dataset_name):
        raise BadInput("Give folders of chunks, or --dataset_name OWNER/NAME, and not both.")
    if out is not None and out.suffix.lower() not in merging.ENDINGS:
        raise BadInput(f"{shown(out)} ends in {shown(out.suffix) or 'nothing'}; --out must end in .jsonl or .parquet.")
    if dataset_name:
        span = (dataset_start, dataset_end)
        with console().status(f"Reading {dataset_name}"):
            merged = merging.of_hub(dataset_name, words, dataset_split, *span)
            pushed = {"private": hub_dataset_private, "split": dataset_split}
            where = _write(out, merged) if out else merging.push(dataset_name, merged, **pushed)
        found = [_facts(merged, where)]
    else:
        found = _folders(places or [], words, out, dataset_start, dataset_end)
    emit({"merged": found}, json, _talk)


def _folders(
    places: Sequence[str], words: Sequence[str], out: Path | None, start: int | None, end: int | None
) -> list[dict[str, Any]]:
    from tts_playground.cluster.places import opened
    from tts_playground.experiments.recipes import merging

    chunks: dict[str, list[Any]] = {}
    for place in places:
        for name, found in merging.chunks_of(place, words).items():
            chunks.setdefault(name, []).extend(found)
    if out is not None and len(chunks) > 1:
        raise BadInput(f"There are chunks of {', '.join(chunks)}; --out is for one of them: add --filter_strings.")
    joined = [merging.joined(found, name, start, end) for name, found in chunks.items()]
    done = []
    for merged in joined:
        if out is not None:
            where = _write(out, merged)
        else:
            folder = opened(places[0])
            where = folder.write(f"{merged.name}.jsonl", merging.jsonl(merged.rows))
            folder.write(f"{merged.name.replace('_completions', '_recipe')}.json", merging.recipe_text(merged))
        done.append(_facts(merged, where))
    return done


def _write(out: Path, merged: Any) -> str:
    from tts_playground import files
    from tts_playground.experiments.recipes import hub, merging

    files.make_folder(out.parent)
    data = hub.parquet(merged.rows) if out.suffix.lower() == ".parquet" else merging.jsonl(merged.rows)
    files.write_bytes(out, data, "The rows")
    return str(out)


def _facts(merged: Any, where: str) -> dict[str, Any]:
    return {
        "name": merged.name,
        "rows": len(merged.rows),
        "skipped": merged.skipped,
        "chunks": list(merged.chunks),
        "where": where,
    }


def _talk(result: dict[str, Any]) -> None:
    for one in result["merged"]:
        print(f"{plural(one['rows'], 'row')} of {plural(len(one['chunks']), 'chunk')} in {one['where']}")
        if one["skipped"]:
            print(f"  {plural(one['skipped'], 'problem')} could not be solved")
