"""``evolve`` and ``dataset``: programs as training data, made and judged."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from tts_playground.cli import options
from tts_playground.cli.output import console, emit, table, warn

dataset = typer.Typer(help="Data sets of programs and their pictures.", no_args_is_help=True, rich_markup_mode=None)

Folder = Annotated[Path, typer.Argument(help="Folder for the data set and its lineage.")]
Size = Annotated[int, typer.Option(min=1, max=100_000, help="Rows of the data set: exactly so many.")]
FitnessOn = Annotated[bool, typer.Option("--fitness", help="Turn away and rank programs as training data.")]
Generated = Annotated[int, typer.Option(help="Hybrid start: so many programs of the hand-written generator.")]
Mutate = Annotated[
    str, typer.Option("--model", help="Who mutates: tree (surgery, no model), or a model's name, hub id or folder.")
]
AtOnce = Annotated[
    int,
    typer.Option(
        "--at-once",
        min=1,
        max=10_000,
        help="Mutations whose parents are chosen together, so that all can be made at once.",
    ),
]
Barred = Annotated[
    str, typer.Option(help="Data set whose programs must not enter, in no spelling; the held-out drawings always.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the evolution in the folder.")]
Sources = Annotated[
    list[str] | None, typer.Argument(help="Data sets: files, folders or hub ids. None: the four recipes, made now.")
]
Wall = Annotated[Path | None, typer.Option(help="Also write a wall of pictures, one .png a data set, to this folder.")]


def evolve(
    folder: Folder,
    size: Size = 500,
    fitness: FitnessOn = False,
    generated: Generated = 0,
    model: Mutate = "tree",
    barred: Barred = "",
    seed: options.Seed = 0,
    resume: Resume = False,
    json: options.Json = False,
    at_once: AtOnce = 1,
    engine: options.Engine = "",
    address: options.Address = None,
    workers: options.Workers = None,
    gpus_per_worker: options.GpusPerWorker = None,
    chunks: options.Chunks = None,
) -> None:
    """Evolve programs into a data set (program, image); killable, and --resume goes on where it was.

    With --engine ray the mutations that are made at once are made and looked at by many workers; the data set and its
    lineage are those of one process.
    """
    from tts_playground.evolve.evolution import EvolutionPlan
    from tts_playground.evolve.fitness import Fitness
    from tts_playground.evolve.quality import analyze

    plan = EvolutionPlan(size, generated=generated, fitness=Fitness() if fitness else None, seed=seed, at_once=at_once)
    cluster = options.cluster_of(engine, address, workers, gpus_per_worker, chunks)
    with (
        console().status("Evolving") as status,
        _evolving(folder, plan, barred, model, resume, cluster) as kept,
    ):
        for report in kept.generations():
            status.update(f"{report.members} of {plan.wanted} programs after {report.attempts} mutations")
    population = kept.population
    quality = analyze(member.text for member in population.kept()).as_dict()
    result = {
        "folder": str(folder),
        "rows": size,
        "members": len(population.members),
        "attempts": population.attempts,
        "rejected": dict(population.rejected),
        "quality": quality,
    }
    emit(result, json, _talk_evolve)


def _barred(source: str) -> list[str]:
    """The held-out and the qualitative programs, and those of ``source``."""
    from tts_playground.dsl.examples import PROGRAMS
    from tts_playground.evolve.rows import read, texts_of
    from tts_playground.worlds import heldout

    return [*heldout.texts(), *PROGRAMS.values(), *(texts_of(read(source, "test")) if source else [])]


def _evolving(
    folder: Path, plan: Any, barred: str, model: str, resume: bool, cluster: Any
) -> AbstractContextManager[Any]:
    """The evolution in a folder, by this process or by workers."""
    from tts_playground.evolve import checkpoint
    from tts_playground.evolve.llm_mutator import mutator_of

    if cluster is None:
        return nullcontext(checkpoint.open_folder(folder, plan, _barred(barred), mutator_of(model), resume=resume))
    from tts_playground.evolve import clustered

    if plan.at_once == 1:
        warn(["One mutation at a time keeps one worker busy; --at-once 64 makes 64 side by side, with any engine."])
    return clustered.evolving(folder, plan, _barred(barred), model, cluster, resume=resume)


def _talk_evolve(result: dict[str, Any]) -> None:
    print(f"{result['rows']} programs in {result['folder']} after {result['attempts']} mutations")
    for reason, times in sorted(result["rejected"].items(), key=lambda pair: -pair[1]):
        print(f"  turned away: {times} ({reason})")


@dataset.command()
def report(
    sources: Sources = None,
    size: Size = 200,
    wall: Wall = None,
    seed: options.Seed = 0,
    json: options.Json = False,
) -> None:
    """Judge data sets side by side: operands without effect, twins, monotony, blank or full pictures."""
    from tts_playground.evolve import comparison
    from tts_playground.evolve.rows import read, texts_of

    with console().status("Reading" if sources else "Making the four data sets"):
        if sources:
            sets = {source: texts_of(read(source)) for source in sources}
        else:
            sets = {name: make() for name, make in comparison.recipes(_barred(""), size, seed=seed).items()}
        reports = comparison.compare(sets)
    files = _walls(sets, wall) if wall else {}
    found = {name: quality.as_dict() for name, quality in reports.items()}
    emit({"sets": found, "walls": files}, json, lambda _: table("data sets", *comparison.table(reports)))


def _walls(sets: dict[str, list[str]], folder: Path) -> dict[str, str]:
    from tts_playground.evolve.comparison import wall
    from tts_playground.files import make_folder, whole

    make_folder(folder)
    files = {name: folder / f"{Path(name).stem}.png" for name in sets}
    for name, texts in sets.items():
        with whole(files[name], "The wall") as partial:
            wall(texts).save(partial, "PNG")
    return {name: str(file) for name, file in files.items()}
