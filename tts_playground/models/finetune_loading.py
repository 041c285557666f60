"""Models to be fine-tuned: a copy of one's own, in 4 bits where that is needed, through unsloth where it is there.

Unsloth raises on import where there is no accelerator, so it is imported only when it was chosen.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from tts_playground.errors import BadInput, ModelUnavailable
from tts_playground.models import loading
from tts_playground.models.hub import folders, locator

BACKENDS = ("auto", "peft", "unsloth")
LARGE = 500_000_000
"""weights from which a model on a GPU is loaded in 4 bits"""


@dataclass(frozen=True)
class Tunable:
    """A model that nobody else holds, with its processor."""

    name: str
    backend: str
    """"peft" or "unsloth" """
    model: Any
    processor: Any


def open_model(name: str, backend: str = "auto", options: loading.Options | None = None) -> Tunable:
    """A model to fine-tune: through unsloth (4 bits) or plain transformers (4 bits by bitsandbytes for large ones).

    Args:
        backend: "peft", "unsloth", or "auto": unsloth where there are a GPU, a large model and the package.

    Raises:
        BadInput: no such backend.
        ModelUnavailable: the model is not here, does not fit, or unsloth is missing or refuses.
    """
    import torch

    if backend not in BACKENDS:
        raise BadInput(f"There is no fine-tuning backend {backend!r}; choose one of: {', '.join(BACKENDS)}.")
    place = locator.find(name, "vlm")
    big = torch.cuda.is_available() and place.weights > LARGE
    if backend == "unsloth" or (backend == "auto" and big and _installed("unsloth")):
        return _by_unsloth(name)
    chosen = options or loading.Options(four_bit=big)
    value = loading.fresh(name, "vlm", chosen).value
    return Tunable(name, "peft", value.model, value.processor)


def is_unsloth() -> bool:
    """Whether unsloth has been chosen in this process: it patches transformers for good when it is imported."""
    return "unsloth" in sys.modules


def unsloth() -> Any:
    """The module.

    Raises:
        ModelUnavailable: it is not installed, or refuses to run here.
    """
    try:
        module = import_module("unsloth")
    except ModuleNotFoundError as error:
        if error.name == "unsloth":
            raise ModelUnavailable(
                "QLoRA through unsloth needs the package unsloth and a GPU; install requirements-train.txt, "
                "or choose the backend peft."
            ) from error
        raise ModelUnavailable(f"unsloth cannot be imported here: {error}; choose the backend peft.") from error
    except Exception as error:  # without an accelerator it raises errors of many kinds
        sys.modules.pop("unsloth", None)
        first = folders.first_line(error)
        raise ModelUnavailable(f"unsloth refuses to run here: {first} Choose the backend peft.") from error
    return module


def _by_unsloth(name: str) -> Tunable:
    import torch

    if (
        folders.named(name) is not None and torch.cuda.is_available()
    ):  # before unsloth patches what the check is made of
        locator.ready(name, "vlm", "cuda", 0.6)
    module = unsloth()
    try:
        model, processor = module.FastVisionModel.from_pretrained(name, load_in_4bit=True, trust_remote_code=False)
    except Exception as error:
        raise ModelUnavailable(f"{name} could not be loaded by unsloth: {folders.first_line(error)}") from error
    module.FastVisionModel.for_inference(model)
    return Tunable(name, "unsloth", model, processor)


def _installed(package: str) -> bool:
    from importlib.util import find_spec

    return find_spec(package) is not None
