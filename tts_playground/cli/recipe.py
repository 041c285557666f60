"""``recipe`` and ``accuracy``: runs of search-and-learn's recipes, and how right what they wrote is."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tts_playground.cli import options
from tts_playground.cli.output import console, emit, number, table, warn
from tts_playground.errors import plural

NAMES = "tiny-math/best_of_n, tiny-math/beam_search, tiny-math/dvts, tiny-math/rebase, tiny-math/mcts"
File = Annotated[
    str, typer.Argument(metavar="FILE", help=f"A YAML file, or a recipe that ships: {NAMES}, Llama-3.2-1B-Instruct/...")
]
Completions = Annotated[str, typer.Argument(metavar="FILE", help="A file of completions: JSONL, JSON, parquet, Arrow.")]
Approach = Annotated[
    str | None, typer.Option(help="best_of_n, beam_search, dvts, rebase or mcts; by default as the file's name says.")
]
Width = Annotated[int | None, typer.Option("--beam-width", "--beam_width", help="Completions of a subtree of dvts.")]
Aggregation = Annotated[
    str | None, typer.Option("--agg-strategy", "--agg_strategy", help="last, min, prod or mean of step scores.")
]
Shard = Annotated[
    str | None, typer.Option("--shard", metavar="I/K", help="Only part I of K parts of the problems, from 1/K to K/K.")
]
ANY_KEY = {"allow_extra_args": True, "ignore_unknown_options": True}
SHOWN = 20
"""rows that could not be used of which the reasons are said"""


def recipe(
    context: typer.Context,
    file: File,
    json: options.Json = False,
    shard: Shard = None,
    engine: options.Engine = "",
    address: options.Address = None,
    workers: options.Workers = None,
    gpus_per_worker: options.GpusPerWorker = None,
    chunks: options.Chunks = None,
) -> None:
    """Run the recipe in FILE; any of its keys as an option: --n=16 --model_path=tiny:math --num_samples=none.

    A run goes on where its file ends. Shards and chunks (--dataset_start with --dataset_end) have files of their own,
    which ``merge`` joins; --push_to_hub pushes the rows as a revision.
    """
    from rich.progress import BarColumn, Progress, TextColumn

    from tts_playground.experiments.recipes.accuracy import accuracy as measure
    from tts_playground.experiments.recipes.reading import overrides_of, recipe_of
    from tts_playground.experiments.recipes.run import run
    from tts_playground.experiments.recipes.spans import sharded

    chosen = recipe_of(file, overrides_of(context.args))
    whole = None
    if shard is not None:
        chosen, whole = sharded(chosen, shard)
    cluster = options.cluster_of(engine, address, workers, gpus_per_worker, chunks)
    if cluster is not None:
        from tts_playground.experiments.recipes import clustered

        rounds = clustered.run(chosen, cluster, whole=whole)
    else:
        rounds = run(chosen, whole=whole)
    state = None
    said = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[words]}")
    with Progress(*said, console=console(), transient=True, disable=not console().is_terminal) as bar:
        task = bar.add_task(chosen.approach, total=1.0, words="loading")
        for state in rounds:
            bar.update(task, completed=state.share, words=_words(state))
    assert state is not None
    _warn(state.skipped)
    found: dict[str, Any] = {"file": str(state.file), "rows": state.done, "tokens_drawn": state.tokens}
    found["skipped"] = [{"row": one.number, "why": one.why} for one in state.skipped]
    found |= {"cost": state.cost.as_dict(), "hub": state.note}
    try:
        measured = measure(str(state.file)) if state.of else None
        found["accuracy"] = None if measured is None else measured.as_dict()
        if measured is not None and measured.skipped:
            uncounted = plural(len(measured.skipped), "row")
            warn([f"{uncounted} of the file not counted; the first, because {measured.skipped[0].why}."])
    except ValueError as error:  # a set without answers
        found["accuracy"] = None
        warn([str(error)])
    emit(found, json, _talk_run)


def _words(state: Any) -> str:
    left = state.seconds_left
    when = "" if left is None else f", {int(left) // 60}:{int(left) % 60:02d} left"
    note = f", {state.note}" if state.note else ""
    return f"{state.done} of {state.of} problems, {state.tokens:,} tokens{when}{note}"


def _warn(skipped: Any) -> None:
    more = [f"{plural(len(skipped) - SHOWN, 'further row')} passed over."] if len(skipped) > SHOWN else []
    warn([*(f"Row {one.number} is passed over: {one.why}." for one in skipped[:SHOWN]), *more])


def _talk_run(result: dict[str, Any]) -> None:
    if result["hub"]:
        print(result["hub"])
    if result["rows"]:
        print(f"{plural(result['rows'], 'row')} in {result['file']}; {result['tokens_drawn']:,} tokens drawn")
    if result["accuracy"] is not None:
        _talk(result["accuracy"])


def accuracy(
    file: Completions,
    approach: Approach = None,
    beam_width: Width = None,
    agg_strategy: Aggregation = None,
    json: options.Json = False,
) -> None:
    """Accuracy by naive, weighted and majority choice and pass@N of a file of completions; search-and-learn's, too."""
    from tts_playground.experiments.recipes.accuracy import accuracy as measure

    found = measure(file, approach=approach, beam_width=beam_width, agg_strategy=agg_strategy)
    _warn(found.skipped)
    emit(found.as_dict(), json, _talk)


def _talk(result: dict[str, Any]) -> None:
    from tts_playground.estimators.intervals import between

    rows = [
        [name, number(m["value"]), between(m["low"], m["high"], ".4g"), number(m["n"])]
        for name, m in result["metrics"].items()
    ]
    title = f"{result['approach']}, {plural(result['n'], 'completion')} of {plural(result['problems'], 'problem')}"
    table(title, ["metric", "value", "95 % interval", "n"], rows)
    if result["unboxed"]:
        boxes = plural(result["unboxed"], "completion") + " without a box"
        print(f"{boxes}, of which {result['silent']} without any answer, and so without a vote.")
    if result["negative"]:
        print(
            f"{plural(result['negative'], 'completion')} with a score below 0, and so without weight in weighted votes."
        )
