"""``app``: start the web app. ``serve --gateway``: start the OpenAI-compatible gateway alone."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from typing import Annotated

import typer

from tts_playground.cli import options

SPINS = "3000"
"""turns that an idle torch thread waits awake. Measured on two cores with a browser drawing beside it: 16 programs of
tiny:sketch took over 4 s with the default and 0.7 s with this; on a quiet machine nothing changes"""
Alone = Annotated[bool, typer.Option("--gateway", help="Serve an OpenAI-compatible /v1 and no pages.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="Where it listens; 0 takes a free one.")]
Host = Annotated[
    str, typer.Option("--host", help="Others than 127.0.0.1 can be reached by others, and want a key (see README).")
]
Models = Annotated[
    list[str],
    typer.Option(
        "--model",
        metavar="[ID=]NAME",
        help="What is served: tiny:math, tiny:vlm, a hub id, a folder, endpoint:NAME@URL or vllm:HUB_ID; may be given "
        "several times. By default TTS_PLAYGROUND_GATEWAY_MODELS, or the embedded models and this machine's defaults.",
    ),
]
Rewards = Annotated[
    list[str],
    typer.Option(
        "--reward",
        metavar="[ID=]NAME",
        help="What may judge solutions besides the embedded judges, for example judge=prm:FOLDER.",
    ),
]
AtOnce = Annotated[int, typer.Option("--at-once", min=1, max=64, help="Requests at work at a time; others wait.")]


def app() -> None:
    """Start the app in your browser (GRADIO_SERVER_NAME and GRADIO_SERVER_PORT are honoured)."""
    gc.disable()  # imports make a million objects that all stay: searching them for garbage costs a second of start-up
    _spin_less()
    from tts_playground.pages import address

    address.check()  # gradio reads it as it is imported
    from tts_playground.ui.shell import launch

    launch()


def serve(
    gateway: Alone = False,
    port: Port = 8080,
    host: Host = "127.0.0.1",
    model: Models = [],  # noqa: B006
    reward: Rewards = [],  # noqa: B006
    at_once: AtOnce = 2,
    json: options.Json = False,
) -> None:
    """Serve models over OpenAI's protocol, with any search strategy behind a reply; the pages are 'app'."""
    from tts_playground.cli.output import emit
    from tts_playground.errors import BadInput

    if not gateway:
        raise BadInput("Say what is to be served: serve --gateway, or app for the pages.")
    _spin_less()
    from tts_playground.gateway.server import GatewayServer

    server = GatewayServer.bound(model, reward, host=host, port=port, at_once=at_once)
    served = [one.id for one in server.gateway.catalogue.models]
    emit({"address": server.address, "models": served}, json, lambda told: print(_line(told), file=sys.stderr))
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):  # it is how one stops it
        server.serve()


def _line(told: dict[str, object]) -> str:
    models = told["models"]
    return f"{told['address']} serves {', '.join(models) if isinstance(models, list) else models}; stop it with Ctrl-C."


def _spin_less() -> None:
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)  # read when torch is imported, which comes later
