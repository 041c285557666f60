"""``finetune`` and ``adapters``: low-rank adapters on programs, trained, listed, never overwritten."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tts_playground.cli import options
from tts_playground.cli.output import console, emit, table, talking

Data = Annotated[
    str, typer.Argument(help="Rows to learn from: a file, folder or hub id with program and image; or hand-written.")
]
Base = Annotated[str, typer.Option("--model", help="The model: tiny:sketch, a hub id, or a folder.")]
Name = Annotated[str, typer.Option(help="The adapter's name; by default one that is free. Never overwrites.")]
Rows = Annotated[int, typer.Option(min=1, max=100_000, help="Rows, where the data are hand-written.")]
Epochs = Annotated[int, typer.Option(min=1, max=100, help="Passes over the rows.")]
Rank = Annotated[int, typer.Option(min=1, max=256, help="Rank of the adapters.")]
Rate = Annotated[float, typer.Option(help="Highest learning rate.")]
Batch = Annotated[int, typer.Option(min=1, max=4096, help="Rows a step.")]
Backend = Annotated[str, typer.Option(help="auto, peft (any machine), or unsloth (QLoRA; needs a GPU).")]
Rounds = Annotated[int, typer.Option(min=0, max=100, help="Rounds of expert iteration on IoU; programs stay unseen.")]


def finetune(
    data: Data = "hand-written",
    model: Base = "tiny:sketch",
    name: Name = "",
    rows: Rows = 500,
    epochs: Epochs = 1,
    rank: Rank = 16,
    rate: Rate = 2e-4,
    batch: Batch = 16,
    backend: Backend = "auto",
    expert: Rounds = 0,
    seed: options.Seed = 0,
    plot: options.Plot = None,
    json: options.Json = False,
) -> None:
    """Train adapters on programs, the loss on the program alone; use them as --sampler adapter:NAME."""
    from tts_playground.train.finetune.adapting import adapt, expert_iteration, free_name, reserve
    from tts_playground.train.finetune.trainer import Tuning

    tuning = Tuning(rank=rank, alpha=2 * rank, rate=rate, batch=batch, epochs=epochs, seed=seed)
    chosen = name or free_name("expert" if expert else "tuned")
    reserve(chosen)
    learnt = _rows(data, rows, seed)
    with talking(to_stderr=True), console().status("Loading") as status:
        if expert:
            found = []
            images = [row["image"] for row in learnt]
            for done in expert_iteration(model, chosen, images, rounds=expert, tuning=tuning, seed=seed):
                found.append(done.adapter)
                status.update(
                    f"round {done.number}: {done.kept} of {done.drawings} drawings, best {done.mean_best:.3f}"
                )
        else:
            note = f"{len(learnt)} rows of {data}"

            def watch(step: Any) -> None:
                status.update(f"step {step.number} of {step.total}, loss {step.loss:.3f}")

            found = [adapt(model, chosen, learnt, tuning, backend=backend, note=note, watch=watch)]
    if plot is not None:
        _plot(plot, found)
    facts = [{"name": one.name, "folder": str(one.folder), **one.facts} for one in found]
    emit({"adapters": facts}, json, _talk)


def _rows(data: str, rows: int, seed: int) -> Any:
    from tts_playground.dsl.examples import PROGRAMS
    from tts_playground.evolve.rows import dataset, hand_written, read
    from tts_playground.worlds import heldout

    if data == "hand-written":
        return list(dataset(hand_written([*heldout.texts(), *PROGRAMS.values()], rows, seed=seed)))
    return list(read(data, "train"))


def _plot(plot: Path, adapters: list[Any]) -> None:
    from tts_playground.figures import save
    from tts_playground.figures.training import losses

    save(losses({one.name: one.facts["loss"] for one in adapters}), plot)


def _talk(result: dict[str, Any]) -> None:
    for one in result["adapters"]:
        first, last = one["loss"][0][1], one["loss"][-1][1]
        print(f"adapter:{one['name']}  loss {first:.3f} to {last:.3f} in {one['seconds']:.0f} s  {one['folder']}")


def adapters(json: options.Json = False) -> None:
    """The adapters on this machine."""
    from tts_playground.models.adapters import listed

    found = [
        {"name": one.name, "base": one.base, "rows": one.facts.get("rows"), "folder": str(one.folder)}
        for one in listed()
    ]
    emit({"adapters": found}, json, _talk_list)


def _talk_list(result: dict[str, Any]) -> None:
    rows = [[one["name"], one["base"], str(one["rows"]), one["folder"]] for one in result["adapters"]]
    table("adapters", ["name", "base", "rows", "folder"], rows)
