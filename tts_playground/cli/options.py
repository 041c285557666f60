"""Options that several verbs share, so that they read the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tts_playground import registry

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and talk on stderr.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Same seed, same result.")]
Count = Annotated[int, typer.Option("--n", min=1, max=65536, help="How many candidates to draw.")]
Temperature = Annotated[float, typer.Option("--temperature", help="0.0001 is greedy, 1 is the model's own, up to 5.")]
TopP = Annotated[float, typer.Option("--top-p", help="Keep the likeliest tokens with this probability; 1 keeps all.")]
TopK = Annotated[int, typer.Option("--top-k", help="Keep this many likeliest tokens; 0 keeps all.")]
Cfg = Annotated[
    float | None,
    typer.Option("--cfg", help="Guidance by the prompt: 1 is none, up to 100; the model's own when not given."),
]
Denoising = Annotated[
    int | None,
    typer.Option("--steps", help="Of a pipeline of diffusers: denoising steps; what suits it when not given."),
]
Eta = Annotated[
    float | None,
    typer.Option("--eta", help="Of a pipeline of diffusers: share of the noise that every step draws anew, 0-1."),
]
ExtraBody = Annotated[
    str | None,
    typer.Option(
        "--extra-body",
        metavar="JSON",
        help="Of an endpoint: further fields of its requests, e.g. "
        '\'{"chat_template_kwargs": {"enable_thinking": false}}\'.',
    ),
]
MostTokens = Annotated[
    int | None,
    typer.Option(
        "--most-tokens",
        min=1,
        max=4096,
        help="A reply is cut when it gets so long; 96, of an endpoint 512, by default.",
    ),
]
DTYPE_HELP = (
    "Precision of a model: auto (bfloat16 on a GPU; on a CPU float32, or bfloat16 where that alone fits), "
    "float32, bfloat16 or float16."
)
FOUR_BIT_HELP = "Weights in 4 bits (bitsandbytes)."
Dtype = Annotated[str, typer.Option("--dtype", help=DTYPE_HELP)]
FourBit = Annotated[bool, typer.Option("--load-4bit", help=FOUR_BIT_HELP)]
Device = Annotated[str, typer.Option("--device", help="Where a model runs: auto, cpu, cuda or cuda:1.")]
TrustCode = Annotated[
    str,
    typer.Option(
        "--trust-code",
        metavar="REPO@COMMIT",
        help="Run the code that this model's repository brings along, in this version; read it before. Of a folder: "
        "FOLDER@FINGERPRINT, as the refusal without it says.",
    ),
]
REWARDS = ", ".join(row.usage for row in registry.rewards("t2i") if ":" not in row.name)
"""what scores pictures, for help texts"""


def plugged(task: str) -> str:
    """The registered samplers that may be named where a model is, with commas behind them; "" where there are none."""
    return "".join(f"{row.name}, " for row in registry.standalone(task))


ImageModel = Annotated[
    str | None,
    typer.Option(
        "--model",
        "--sampler",
        envvar="TTS_PLAYGROUND_T2I_MODEL",
        help=f"tiny:janus, a hub id (Janus-Pro), {plugged('t2i')}or a folder.",
    ),
]
Out = Annotated[Path | None, typer.Option("--out", help="Where to write the result.")]
Plot = Annotated[Path | None, typer.Option("--plot", help="Write the figure: .html, or .png/.svg with a browser here.")]


Engine = Annotated[
    str,
    typer.Option("--engine", help="ray runs it in several processes, on this machine or a cluster; else in one."),
]
Address = Annotated[
    str | None,
    typer.Option("--address", help="Of --engine ray: auto or HOST of a cluster that runs; by default this machine's."),
]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Of --engine ray: processes that hold a model; as many as fit.")
]
GpusPerWorker = Annotated[
    float | None,
    typer.Option(
        "--gpus-per-worker",
        "--gpus_per_worker",
        help="Of --engine ray: .5 puts two workers on a GPU; 1 where there are.",
    ),
]
Chunks = Annotated[
    str | None,
    typer.Option("--chunks", help="Of --engine ray: where workers write, a shared folder or an address (s3://...)."),
]


def cluster_of(
    engine: str, address: str | None, workers: int | None, gpus_per_worker: float | None, chunks: str | None
) -> Any:
    """What the options of a cluster come to; None where one process is to do it.

    Raises:
        BadInput: they do not go together, or cannot be used. UnknownName: no such engine.
    """
    from tts_playground.errors import BadInput, UnknownName

    given = {"address": address, "workers": workers, "gpus-per-worker": gpus_per_worker, "chunks": chunks}
    if engine in ("", "local"):
        wrong = next((name for name, value in given.items() if value is not None), None)
        if wrong is not None:
            raise BadInput(f"--{wrong} is of --engine ray; add that, or leave it out.")
        return None
    if engine != "ray":
        raise UnknownName("engine", engine, ["ray", "local"])
    from tts_playground.cluster.ray_room import ClusterOptions

    return ClusterOptions(address, workers, gpus_per_worker, chunks=chunks)


def fields_of(text: str | None) -> dict[str, Any]:
    """What ``--extra-body`` says.

    Raises:
        BadInput: it is no JSON object.
    """
    from tts_playground import jsontext
    from tts_playground.errors import BadInput

    found = jsontext.loads(text, "--extra-body") if text is not None else {}
    if not isinstance(found, dict):
        raise BadInput("--extra-body is a JSON object, for example '{\"min_p\": 0.1}'.")
    return found
