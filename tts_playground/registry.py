"""Names to plug-ins: a table of strings, resolved when asked for.

A name that is not in the table may be given as ``"package.module:Attribute"``, which is how a plug-in from outside is
used without registering it: from Python and on the command line, never in what the app serves (``registered_only``).
A missing package shows as the real ImportError, never as "unknown name".
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from tts_playground.errors import BadInput, UnknownName

TABLE: dict[str, dict[str, str]] = {
    "sampler": {
        "image-tokens": "tts_playground.samplers.image_tokens:ImageTokens",
        "proposal": "tts_playground.samplers.proposal:ProposalSampler",
        "vlm": "tts_playground.samplers.vlm:VlmSampler",
        "endpoint": "tts_playground.samplers.endpoint:EndpointSampler",
        "tiny:sketch": "tts_playground.samplers.programs:ProgramSampler",
    },
    "reward": {
        "clip": "tts_playground.rewards.clip:ClipReward",
        "aesthetic": "tts_playground.rewards.aesthetic:AestheticReward",
        "sharpness": "tts_playground.rewards.baselines:Sharpness",
        "colourfulness": "tts_playground.rewards.baselines:Colourfulness",
        "open_clip": "tts_playground.rewards.open_clip:OpenClipReward",
        "pickscore": "tts_playground.rewards.pickscore:PickScore",
        "vqascore": "tts_playground.rewards.vqascore:VQAScore",
        "p_yes": "tts_playground.verifiers.self_verify:PYes",
        "rating": "tts_playground.verifiers.self_verify:Rating",
        "logprob": "tts_playground.verifiers.self_verify:SequenceLogprob",
        "iou": "tts_playground.rewards.iou:IoUReward",
        "fit": "tts_playground.rewards.iou:FitReward",
    },
    "verifier": {
        "render": "tts_playground.verifiers.render:RenderVerifier",
        "geneval": "tts_playground.verifiers.geneval:GenEval",
    },
    "strategy": {
        "best-of-n": "tts_playground.strategies.best_of_n:BestOfN",
        "refine": "tts_playground.strategies.refine:Refine",
        "smc": "tts_playground.strategies.smc:SMC",
        "beam": "tts_playground.strategies.beam:Beam",
        "parm": "tts_playground.strategies.parm:PARM",
        "gridar": "tts_playground.strategies.gridar:GridAR",
        "suffix": "tts_playground.strategies.suffix:Suffix",
    },
    "bench": {
        "t2i": "tts_playground.bench.t2i:run",
        "vqa": "tts_playground.bench.vqa:run",
        "dsl": "tts_playground.bench.dsl:run",
        "sketch": "tts_playground.bench.sketch:run",
        "curves": "tts_playground.bench.curves:run",
        "audit": "tts_playground.bench.audit:run",
        "load": "tts_playground.bench.load:run",
        "stickers": "tts_playground.bench.stickers:run",
    },
    "eval": {
        "vlm": "tts_playground.bench.eval_vlm:run",
        "sketch": "tts_playground.bench.eval_sketch:run",
        "pass-at-k": "tts_playground.bench.pass_at_k:run",
        "stickers": "tts_playground.bench.eval_stickers:run",
    },
}


_registered_only: ContextVar[bool] = ContextVar("registered_only", default=False)


@contextmanager
def registered_only() -> Iterator[None]:
    """In here, and in all tasks and handlers that begin in here, ``resolve`` knows the names of the table only.

    The app serves every request within it, because importing a module that a stranger names runs that module.
    """
    before = _registered_only.set(True)
    try:
        yield
    finally:
        _registered_only.reset(before)


def names(kind: str) -> list[str]:
    """The registered names of a kind ("sampler", "reward", "verifier", "strategy", "bench", "eval"), sorted."""
    if kind not in TABLE:
        raise UnknownName("kind of plug-in", kind, TABLE)
    return sorted(TABLE[kind])


def resolve(kind: str, name: str) -> Any:
    """The object behind ``name``; raises UnknownName with near misses, or the real ImportError of a missing package."""
    known = names(kind)
    target = TABLE[kind].get(name)
    if target is None:
        if ":" not in name or _registered_only.get():
            raise UnknownName(kind, name, known)
        target = name
    module_name, _, attribute = target.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if target is name and error.name and module_name.startswith(error.name):
            raise BadInput(f"The {kind} {name!r} names the module {module_name!r}, which is not installed.") from error
        raise
    try:
        return getattr(module, attribute)
    except AttributeError as error:
        raise BadInput(
            f"The module {module_name!r} has no {attribute!r}, which the {kind} {name!r} asks for."
        ) from error


def register(kind: str, name: str, target: str) -> None:
    """Add a plug-in of your own: ``register("reward", "mine", "my_package.rewards:Mine")``."""
    known = names(kind)
    if ":" not in target:
        raise BadInput(f"A plug-in is named 'package.module:Attribute', but {target!r} has no colon.")
    if name in known and TABLE[kind][name] != target:
        raise BadInput(f"There is a {kind} called {name!r} already ({TABLE[kind][name]}); choose another name.")
    TABLE[kind][name] = target
