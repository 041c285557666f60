"""Where and in which precision a model is loaded: what was asked for, and what this machine can hold."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from tts_playground.errors import BadInput, ModelUnavailable
from tts_playground.models.hub import locator
from tts_playground.models.hub.embedded_models import TINY
from tts_playground.typed import typed

DTYPES = {"float32": 4, "bfloat16": 2, "float16": 2}
"""bytes of a number, by the names that torch has for them"""
SHORT = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}
"""other names for the same"""
FOUR_BIT = 0.6
"""bytes a weight in 4 bits, with its scales and the parts that stay whole"""


@dataclass(frozen=True)
@typed
class Options:
    """Where and how to load."""

    device: str = "auto"
    """"auto" (``TTS_PLAYGROUND_DEVICE``, else CUDA where there is one), "cpu", "cuda" or "cuda:1" """
    dtype: str = "auto"
    """"auto" (bfloat16 on CUDA; on a CPU float32, or bfloat16 where float32 does not fit: ``settled``), "float32",
    "bfloat16" or "float16" """
    four_bit: bool = False
    """weights in 4 bits by bitsandbytes"""
    device_map: str | None = None
    """"auto" spreads a model over all devices (accelerate); None keeps it on one"""
    trust_code: str = ""
    """consent to run a repository's own code, "REPO@COMMIT" or "FOLDER@FINGERPRINT" (``models.trusted_code``)"""

    def resolved(self) -> Options:
        """With nothing left at "auto".

        Raises:
            BadInput: an unknown device or dtype.
            ModelUnavailable: CUDA is asked for and there is none.
        """
        import torch

        device = self.device
        if device == "auto":
            device = os.environ.get("TTS_PLAYGROUND_DEVICE") or "auto"
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        kind, _, number = device.partition(":")
        if kind not in {"cpu", "cuda"} or (number and not number.isdecimal()):
            raise BadInput(f"The device {device!r} is unknown; use cpu, cuda or cuda:1.")
        if kind == "cuda" and not torch.cuda.is_available():
            raise ModelUnavailable("CUDA was asked for, but torch sees no GPU here; use the device cpu.")
        count = torch.cuda.device_count() if kind == "cuda" and number else 0
        if 0 < count <= int(number or 0):
            raise ModelUnavailable(f"There is no {device} here: torch sees {count} of them, from cuda:0 on.")
        dtype = SHORT.get(self.dtype, self.dtype)
        if dtype == "auto":
            dtype = "float32" if kind == "cpu" else "bfloat16"
        if dtype not in DTYPES:
            raise BadInput(f"The dtype {dtype!r} is unknown; use auto, {', '.join(DTYPES)}.")
        return Options(device, dtype, self.four_bit, self.device_map, self.trust_code)

    @property
    def bytes_a_weight(self) -> float:
        """Bytes that a weight takes, on average; of resolved options."""
        return FOUR_BIT if self.four_bit else float(DTYPES[self.dtype])


def options_of(device: str = "auto", dtype: str = "auto", load_in_4bit: bool = False, trust_code: str = "") -> Options:
    """The options that public functions and verbs take one by one, resolved once to say what is wrong with them.

    Args:
        device, dtype, load_in_4bit: as the fields of ``Options``.
        trust_code: consent to run a repository's own code, "REPO@COMMIT" or "FOLDER@FINGERPRINT"; see
            ``models.trusted_code``.

    Raises:
        BadInput, ModelUnavailable: as ``Options.resolved``.
    """
    given = Options(device, dtype, load_in_4bit, trust_code=trust_code)
    if given != Options():
        given.resolved()
    return given


def for_no_model(name: str, options: Options | None) -> None:
    """Refuse options for what is not loaded here: an endpoint, or a sampler that needs no model.

    Raises:
        BadInput: some are given.
    """
    if options is not None and options != Options():
        raise BadInput(
            f"A device, a dtype, 4 bits and a repository's code are for models that are loaded here, and {name[:80]!r} "
            "is none; leave them out."
        )


_settled: dict[tuple[str, Options], str] = {}


def settled(name: str, kind: str, options: Options | None = None) -> Options:
    """Resolved options for one model, in the dtype that this machine can hold it in where none was asked for.

    On a CPU that is float32, and bfloat16 for a model that fits in no other way into what is free when it is first
    asked for; that choice holds as long as the process, since the dtype is part of what pools are named by.

    Raises:
        UnknownName, BadInput, ModelUnavailable: as ``locator.find`` does, and as ``Options.resolved``.
    """
    asked = options or Options()
    wanted = asked.resolved()
    if asked.dtype != "auto" or wanted.dtype != "float32" or wanted.four_bit or name in TINY or wanted.trust_code:
        return wanted
    key = (name, wanted)
    if key not in _settled:
        place, spread = locator.find(name, kind), bool(wanted.device_map)
        fits = [locator.fits(place, wanted.device, DTYPES[dtype], spread=spread) for dtype in ("float32", "bfloat16")]
        _settled[key] = "bfloat16" if fits == [False, True] else "float32"
    return replace(wanted, dtype=_settled[key])


def forget() -> None:
    """Choose again for every model."""
    _settled.clear()
