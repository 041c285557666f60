"""``train``: make one of the embedded checkpoints again, on a CPU or a GPU, killable and resumable."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tts_playground.cli import options
from tts_playground.cli.output import emit

Name = Annotated[
    str,
    typer.Argument(
        help="tiny-janus, tiny-clip, tiny-detector, tiny-aesthetic, tiny-vlm, tiny-sketch, tiny-math, tiny-prm or "
        "tiny-flow."
    ),
]
Folder = Annotated[
    Path | None, typer.Option("--out", help="Folder for the checkpoint (default: under the data folder).")
]
Minutes = Annotated[float, typer.Option(help="Wall-clock time for the training.")]
Steps = Annotated[int | None, typer.Option(help="Steps instead of minutes: exactly repeatable.")]
Device = Annotated[str, typer.Option(envvar="TTS_PLAYGROUND_DEVICE", help="auto, cpu or cuda.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the saved state.")]
Given = Annotated[Path | None, typer.Option(help="A checkpoint that this training builds on.")]
Miniature = Annotated[bool, typer.Option("--miniature", help="A toy size, to see the script work.")]
Workers = Annotated[int | None, typer.Option(help="Processes that draw scenes (default: all cores but one).")]
Distil = Annotated[Path | None, typer.Option(help="tiny-janus: one to distil, so that guidance pulls more gently.")]
Teach = Annotated[bool, typer.Option("--teach", help="With --distil: its teacher goes on learning meanwhile.")]
Strength = Annotated[float, typer.Option(help="With --distil: pull of the prompt, in parts of the teacher's.")]
Floor = Annotated[float, typer.Option(help="With --distil: part of the probability that all codes share.")]
Tinted = Annotated[bool, typer.Option("--tinted", help="tiny-janus, tiny-flow: more scenes of tinted things.")]

Judged = Annotated[Path | None, typer.Option(help="tiny-prm: the tiny:math whose solutions it judges.")]
DataSeed = Annotated[int, typer.Option(help="tiny-prm: which problems and solutions it learns from.")]
Short = Annotated[float, typer.Option(min=0, max=1, help="tiny-math: part of solutions that join steps.")]
Careful = Annotated[float, typer.Option(min=0, max=1, help="tiny-math: part that writes every calculation out.")]
Noise = Annotated[float, typer.Option(min=0, max=1, help="tiny-math: part with a wrong result.")]
Reach = Annotated[int, typer.Option(min=1, max=20, help="tiny-math, tiny-prm: calculations joined into one at most.")]
Lower = Annotated[Path | None, typer.Option(help="tiny-prm: the tiny:math whose lower layers it starts from.")]
Rate = Annotated[float | None, typer.Option("--lr", help="tiny-math, tiny-prm, tiny-flow: peak learning rate.")]
FromSearch = Annotated[
    Path | None, typer.Option("--from-search", help="tiny-math: one that learns from its own solved search trees.")
]
Judge = Annotated[Path | None, typer.Option(help="With --from-search: the tiny-prm that guides.")]
Problems = Annotated[int, typer.Option(min=1, help="With --from-search: problems to search.")]
SearchTokens = Annotated[int, typer.Option(min=1, help="With --from-search: tokens for each problem.")]
Preferences = Annotated[
    bool, typer.Option("--preferences", help="With --from-search: right solutions are preferred to wrong ones, too.")
]


def train(
    name: Name,
    out: Folder = None,
    minutes: Minutes = 30.0,
    steps: Steps = None,
    device: Device = "auto",
    seed: options.Seed = 0,
    resume: Resume = False,
    miniature: Miniature = False,
    vq: Given = None,
    init: Given = None,
    clip: Given = None,
    workers: Workers = None,
    json: options.Json = False,
    distil: Distil = None,
    teach: Teach = False,
    strength: Strength = 0.3,
    floor: Floor = 0.002,
    tinted: Tinted = False,
    math: Judged = None,
    data_seed: DataSeed = 0,
    short: Short = 0.5,
    careful: Careful = 0.25,
    noise: Noise = 0.03,
    lr: Rate = None,
    reach: Reach = 3,
    lower: Lower = None,
    from_search: FromSearch = None,
    judge: Judge = None,
    problems: Problems = 1000,
    search_tokens: SearchTokens = 2048,
    preferences: Preferences = False,
) -> None:
    """Train an embedded model; state is saved every two minutes under TTS_PLAYGROUND_HOME, and --resume continues."""
    from tts_playground import home
    from tts_playground.cli.output import talking
    from tts_playground.train.common.config import TRAINERS, TrainConfig
    from tts_playground.train.common.config import train as run

    order = TrainConfig(
        out=out or home.home() / "trained" / name if name in TRAINERS else Path(name),
        minutes=minutes,
        steps=steps,
        device=device,
        seed=seed,
        resume=resume,
        miniature=miniature,
        vq=vq,
        init=init,
        clip=clip,
        workers=workers,
        distil=distil,
        teach=teach,
        strength=strength,
        floor=floor,
        tinted=tinted,
        math=math,
        data_seed=data_seed,
        short=short,
        careful=careful,
        noise=noise,
        lr=lr,
        reach=reach,
        lower=lower,
        from_search=from_search,
        judge=judge,
        problems=problems,
        search_tokens=search_tokens,
        preferences=preferences,
    )
    with talking(to_stderr=json):
        folder = run(name, order)
    emit({"name": name, "folder": str(folder)}, json, lambda r: print(f"Saved in {r['folder']}"))
