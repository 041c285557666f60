"""``audit run`` and ``audit analyze``: does a vision-language model choose uniformly, and what does its bias do?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tts_playground.cli import options
from tts_playground.cli.output import console, emit, table, warn
from tts_playground.errors import BadInput

app = typer.Typer(help="Audit how a vision-language model chooses at random.", no_args_is_help=True)

Model = Annotated[
    str | None,
    typer.Option(
        envvar="TTS_PLAYGROUND_AUDIT_MODEL",
        help="tiny:vlm, a hub id (llava-hf/llava-1.5-7b-hf), a folder, endpoint:NAME@http://host:port/v1, "
        "or scripted:fair, scripted:loves-7, ...",
    ),
]
Preset = Annotated[str, typer.Option(help="debug (2 images a condition, 50 samples) or full (10 and 1000).")]
Task = Annotated[str, typer.Option(help="choice (a digit) or color (a digit and its colour).")]
Protocol = Annotated[str, typer.Option(help="exact (probabilities from logits), sampled (independent draws) or list.")]
PerCond = Annotated[int | None, typer.Option(envvar="PER_COND", help="Layouts a condition, 1-1000 (default 10).")]
Samples = Annotated[
    int | None, typer.Option(envvar="SAMPLES", help="Draws an image; with exact the N that power is stated for.")
]
Batch = Annotated[int, typer.Option(envvar="BATCH", min=1, help="Images in one forward pass.")]
Dtype = Annotated[str, typer.Option("--dtype", envvar="DTYPE", help=options.DTYPE_HELP)]
FourBit = Annotated[bool, typer.Option("--load-4bit", envvar="LOAD_4BIT", help=options.FOUR_BIT_HELP)]
DeviceMap = Annotated[str | None, typer.Option(help="auto spreads the model over all devices (accelerate).")]
Conditions = Annotated[str | None, typer.Option(help="E.g. sym,center,size; default all six.")]
Cells = Annotated[int, typer.Option("--k", help="Cells in an image, 2-9.")]
Gpus = Annotated[
    int | None, typer.Option("--gpus", min=1, max=64, help="Runs at a time, a GPU each; as many as there are GPUs.")
]
Permute = Annotated[bool, typer.Option("--permute", help="Show every layout k times, digits moved round (for PriDe).")]
Temper = Annotated[
    float,
    typer.Option(min=1e-4, max=100, help="For exact: report what the digits would be at this temperature, as the app."),
]
Restricted = Annotated[bool, typer.Option("--restricted", help="Control: only digits in the image can be drawn.")]
Folder = Annotated[Path, typer.Option("--out", help="Folder for JSONL, CSV and figures; a stopped run goes on there.")]
File = Annotated[
    Path,
    typer.Argument(help="A .jsonl file that `audit run` wrote, or another program with counts of digits an image."),
]
Fields = Annotated[
    list[str] | None,
    typer.Option(
        "--field",
        help="For rows of another program, as often as needed: what is in which field, as in counts=raw.counts; "
        "special= says that there is none.",
    ),
]
COLUMNS = {
    "condition": "condition",
    "images": "images",
    "valid_rate": "valid",
    "reject_rate_chi2": "rejected",
    "mean_cramers_v": "V",
    "mean_total_variation": "distance",
    "mean_p_special": "p special",
    "mean_joint_accuracy_valid": "joint acc.",
}
"""fields of the summary, and what stands over them"""


@app.command("run")
def run_audit(
    model: Model = None,
    preset: Preset = "",
    task: Task = "choice",
    protocol: Protocol = "exact",
    per_cond: PerCond = None,
    samples: Samples = None,
    temperature: options.Temperature = 1.0,
    temper: Temper = 1.0,
    k: Cells = 4,
    conditions: Conditions = None,
    permute: Permute = False,
    restricted: Restricted = False,
    seed: options.Seed = 0,
    batch: Batch = 8,
    dtype: Dtype = "auto",
    load_4bit: FourBit = False,
    device: options.Device = "auto",
    device_map: DeviceMap = None,
    out: Folder = Path("audit_outputs"),
    json: options.Json = False,
    extra_body: options.ExtraBody = None,
    trust_code: options.TrustCode = "",
    engine: options.Engine = "",
    address: options.Address = None,
    workers: options.Workers = None,
    gpus_per_worker: options.GpusPerWorker = None,
    chunks: options.Chunks = None,
) -> None:
    """Show images of labelled cells, ask for a random choice, and report how far from uniform it is and why."""
    from tts_playground.auditing import responders, run
    from tts_playground.auditing.settings import settings_from
    from tts_playground.models.loading import Options

    wanted = {"task": task, "protocol": protocol, "per_cond": per_cond, "samples": samples, "temperature": temperature}
    wanted |= {"k": k, "permute": permute, "restricted": restricted, "seed": seed}
    if conditions is not None:
        wanted["conditions"] = tuple(name.strip() for name in conditions.split(",") if name.strip())
    settings = settings_from(wanted, preset)
    run.check_temper(temper, settings)
    where = Options(device, dtype, load_4bit, device_map, trust_code)
    cluster = options.cluster_of(engine, address, workers, gpus_per_worker, chunks)
    if cluster is not None:
        from tts_playground.auditing import clustered

        loader = clustered.AuditLoader(model, where, batch, options.fields_of(extra_body))
        _work(
            clustered.recorded(
                out, settings, loader, cluster, found=lambda file: _report(file, settings.samples, json, temper)
            )
        )
        return
    with console().status("Loading"):
        chooser = responders.resolve(model, where, batch, own=True, extra_body=options.fields_of(extra_body))
    file = run.file_of(out, chooser, settings)
    _work(run.recorded(file, chooser, settings, batch=batch))
    _report(file, settings.samples, json, temper)


@app.command("all")
def run_all(
    model: Model = None,
    per_cond: PerCond = None,
    samples: Samples = None,
    batch: Batch = 8,
    dtype: Dtype = "auto",
    load_4bit: FourBit = False,
    gpus: Annotated[
        int | None, typer.Option(min=1, max=64, help="Runs at a time, a GPU each; as many as there are.")
    ] = None,
    preset: Preset = "full",
    seed: options.Seed = 0,
    out: Folder = Path("audit_outputs"),
    json: options.Json = False,
) -> None:
    """The whole audit in one command: choice and colour, sampled and exact, four runs on as many GPUs as there are."""
    from tts_playground.auditing import all_runs
    from tts_playground.auditing.settings import settings_from
    from tts_playground.models.loading import Options

    settings_from({"per_cond": per_cond, "samples": samples, "seed": seed}, preset)  # or four runs would say the same
    Options(dtype=dtype, four_bit=load_4bit).resolved()
    words = {"model": model, "per-cond": per_cond, "samples": samples, "batch": batch, "dtype": dtype}
    words |= {"preset": preset, "seed": seed, "out": str(out), "load-4bit": load_4bit}
    found = all_runs.run(words, gpus, say=lambda line: console().print(line, highlight=False))
    emit(found, json, _talk_all)


def _talk_all(result: dict[str, Any]) -> None:
    for one in result["runs"]:
        print(f"{one['run']}: {one['summary']}")


@app.command()
def pictures(
    folder: Annotated[Path, typer.Argument(help="Folder for the PNG files and metadata.jsonl.")],
    preset: Preset = "",
    task: Task = "choice",
    per_cond: PerCond = None,
    k: Cells = 4,
    conditions: Conditions = None,
    permute: Permute = False,
    seed: options.Seed = 0,
    side: Annotated[int | None, typer.Option(min=32, max=4096, help="Pixels of a side; as they are shown.")] = None,
    json: options.Json = False,
) -> None:
    """Write the pictures of an audit to disk, with the truth about each; no model is asked."""
    from tts_playground.auditing.picture_set import write_pictures
    from tts_playground.auditing.settings import settings_from

    wanted: dict[str, Any] = {"task": task, "per_cond": per_cond, "k": k, "permute": permute, "seed": seed}
    if conditions is not None:
        wanted["conditions"] = tuple(name.strip() for name in conditions.split(",") if name.strip())
    lines = write_pictures(folder, settings_from(wanted, preset), **({} if side is None else {"side": side}))
    found = {"folder": str(folder), "pictures": len(lines)}
    emit(found, json, lambda result: print(f"{result['pictures']} pictures in {result['folder']}"))


@app.command()
def analyze(
    file: File,
    samples: Annotated[int, typer.Option(min=1, help="For exact rows: the N that power is stated for.")] = 1000,
    temperature: Annotated[float, typer.Option(min=1e-4, max=100, help="For exact rows: at another one.")] = 1.0,
    json: options.Json = False,
    field: Fields = None,
) -> None:
    """Summarise a JSONL file again: CSV and figures beside it, verdict and effects here; or another program's."""
    from tts_playground.auditing import foreign

    named = foreign.chosen(field or ())
    if foreign.is_foreign(file):
        _report_foreign(file, named, json)
    elif named and file.is_file():
        raise BadInput(f"--field is for rows of another program, and {file} holds none.")
    else:
        _report(file, samples, json, temperature)


def _work(rounds: Any) -> None:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console()) as bar:
        line = bar.add_task("Images", total=None)
        for progress in rounds:
            bar.update(line, completed=progress.done, total=progress.of)


def _report(file: Path, samples: int, json: bool, temperature: float = 1.0) -> None:
    from tts_playground.auditing.html_report import write_page
    from tts_playground.auditing.report import analyze as analyse
    from tts_playground.auditing.run import read

    if not (rows := read(file)):
        raise BadInput(f"{file} is empty; give the .jsonl file of an audit that has begun.")
    report = analyse(rows, samples, temperature=temperature)
    files = {"rows": file, "summary": file.with_suffix(".csv"), "figures": file.with_suffix(".html")}
    report.write(files["summary"])
    write_page(report, files["figures"], f"Random-choice audit: {file.stem}")
    emit({**report.as_dict(), "files": {name: str(path) for name, path in files.items()}}, json, _talk)


def _report_foreign(file: Path, named: Mapping[str, str], json: bool) -> None:
    """The CSV file has a name of its own: the other program's may lie beside its rows."""
    from tts_playground.auditing import foreign, foreign_report

    report = foreign_report.analyze(foreign.read(file, named))
    warn(report.notes)
    summary = report.write(file.with_suffix(".audit.csv"))
    emit({**report.as_dict(), "files": {"rows": str(file), "summary": str(summary)}}, json, _talk)


def _talk(result: dict[str, Any]) -> None:
    for line in result["verdict"]:
        print(line)
    rows = [[_short(part[name]) for name in COLUMNS] for part in result["conditions"]]
    table(f"{result['protocol']}, N = {result['n']}, k = {result['k']}", list(COLUMNS.values()), rows)
    found = sorted(result["effects"], key=lambda effect: -abs(effect["estimate"]))[:12]
    lines = [
        [
            f"{e['factor']} {e['level']}",
            f"{e['estimate']:+.3f}",
            f"{e['low']:+.3f} to {e['high']:+.3f}",
            f"{e['ratio']:.2f}",
        ]
        for e in found
    ]
    if lines:
        table(
            "largest effects on the probability of being chosen", ["level", "effect", "95 % interval", "ratio"], lines
        )
    for name, path in result["files"].items():
        console().print(f"{name}: {path}", highlight=False)


def _short(value: Any) -> str:
    return "-" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)
