"""Whether a folder's files make the model that its configuration describes, asked on the meta device.

transformers itself loads the files' headers into a model without memory, so its rules for renamed, tied and ignored
tensors are the ones that hold; building that model stops as soon as it outgrows what the files could fill.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from tts_playground.errors import ModelUnavailable
from tts_playground.models.hub import folders
from tts_playground.models.hub.building import building
from tts_playground.models.hub.embedded_models import quietly

SECONDS = 60.0
"""for building a model on the meta device; a published one takes a second or two"""
SPARE = 256
"""tensors that a model may have beyond twice those in its files, for tied and derived ones"""
EXTRA = 0.1
"""part of a folder's numbers that may have no place in the model: heads and caches that a class leaves out"""
FEWEST_BITS = 1
"""bits a weight that packed (quantized) files hold at least"""
BLOCK = 64
"""numbers that share a scale in 4 bits"""
SHOWN = 3
_NUMBER = re.compile(r"\d+")
_TYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "U8": "uint8", "BOOL": "bool"}
_TYPES |= {"I8": "int8", "I16": "int16", "I32": "int32", "I64": "int64"}


class _TooLarge(Exception):
    """The model outgrows what its files can fill, or takes too long to build."""


def fit(name: str, folder: Path, kind: str) -> int:
    """How many numbers the model in ``folder`` has, buffers included; nothing is allocated. Kept while no file changes.

    Args:
        kind: "janus", "vlm", "clip", "towers", "detector" or "vq".

    Raises:
        ModelUnavailable: tensors are missing, have another shape, or have no place in the model.
    """
    stamp = tuple(
        (file.name, file.stat().st_size, file.stat().st_mtime_ns)
        for file in sorted(folder.iterdir())
        if file.name.endswith((".json", ".safetensors")) and file.is_file()
    )
    return _fit(name, folder, kind, stamp)


@lru_cache(maxsize=32)
def _fit(name: str, folder: Path, kind: str, stamp: tuple[Any, ...]) -> int:
    files = folders.weight_files(folder, name)
    held = folders.tensors(files)
    size = sum(file.stat().st_size for file in files)
    try:
        config = _config(folder)
        packed = getattr(config, "quantization_config", None) is not None
        with quietly(folder, always=True), building(), _bounded(2 * len(held) + SPARE):
            model, info = _on_meta(kind, config, {} if packed else held)
    except _TooLarge as error:
        raise ModelUnavailable(
            f"{name}: the config.json in {folder} describes a far larger model than its {len(held)} tensors "
            f"({size / 2**20:.1f} MiB) make; give a folder that is whole."
        ) from error
    except ImportError as error:
        raise ModelUnavailable(f"{name} needs a package that is not installed: {folders.first_line(error)}") from error
    except Exception as error:  # a configuration that does not hold together fails in every way that code can
        raise ModelUnavailable(
            f"{name}: no model can be made from the config.json in {folder}: {folders.first_line(error)}"
        ) from error
    numbers = sum(one.numel() for one in model.parameters()) + sum(one.numel() for one in model.buffers())
    if packed and numbers * FEWEST_BITS > size * 8:
        raise ModelUnavailable(
            f"{name}: the config.json in {folder} describes {numbers:,} weights, and its files have {size:,} bytes."
        )
    if not packed:
        _complain(name, folder, info)
        _too_many(name, folder, held, sorted(info["unexpected_keys"]), model.state_dict())
    return numbers


def _config(folder: Path) -> Any:
    from transformers.models.auto.configuration_auto import AutoConfig

    config = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    if getattr(config, "transformers_weights", None):
        raise ValueError("it names its weights itself (transformers_weights); take that out")
    return config


def model_class(kind: str, config: Any = None) -> Any:
    """The transformers class that loads a kind; the one of ``config`` where an auto class would choose."""
    import transformers

    autos = {"vlm": "AutoModelForImageTextToText", "detector": "AutoModelForObjectDetection"}
    autos |= {"towers": "AutoModelForZeroShotImageClassification", "lm": "AutoModelForCausalLM"}
    auto = judging_class(getattr(config, "architectures", None)) if kind == "prm" else autos.get(kind)
    if auto is None:
        names = {"janus": "JanusForConditionalGeneration", "vq": "JanusVQVAE", "clip": "CLIPModel"}
        return getattr(transformers, names[kind])
    found = getattr(transformers, auto)
    if config is None:
        return found
    mapped = found._model_mapping[type(config)]
    return mapped[0] if isinstance(mapped, tuple) else mapped


def judging_class(architectures: Any) -> str:
    """The auto class of a process reward model: of token labels where its configuration names such, else of texts."""
    named = architectures if isinstance(architectures, list) else ()
    labels = any(str(one).endswith("ForTokenClassification") for one in named)
    return "AutoModelForTokenClassification" if labels else "AutoModelForCausalLM"


def whole_parts(folder: str | Path, kind: str) -> list[str]:
    """Patterns of the modules that stay whole when a model is packed in 4 bits; [] where transformers' own choice does.

    Of a Janus that is all but the language model, which is nearly all of it. Of any model it is what bitsandbytes
    cannot pack on a CPU: layers whose inputs are no whole blocks of 64 numbers.
    """
    import torch
    from torch import nn
    from transformers.quantizers.base import get_keys_to_not_convert

    config = _config(Path(folder))
    with building(), torch.device("meta"):
        model = model_class(kind, config)(config)
    narrow = [
        rf"{re.escape(name)}$"
        for name, part in model.named_modules()
        if isinstance(part, nn.Linear) and part.in_features % BLOCK
    ]
    beside = [name for name, _ in model.base_model.named_children() if name != "language_model"]
    beside = [rf"{re.escape(f'{model.base_model_prefix}.{name}')}\." for name in beside] if kind == "janus" else []
    return [*get_keys_to_not_convert(model), *beside, *narrow] if beside or narrow else []


def _on_meta(kind: str, config: Any, held: Mapping[str, folders.Held]) -> tuple[Any, dict[str, Any]]:
    import torch

    def empty(one: folders.Held) -> Any:
        return torch.empty(one.shape, dtype=getattr(torch, _TYPES.get(one.dtype, "float32")), device="meta")

    if hasattr(config, "quantization_config"):
        del config.quantization_config
    return model_class(kind, config).from_pretrained(
        None,
        config=config,
        state_dict={key: empty(one) for key, one in held.items()},
        device_map={"": "meta"},
        dtype=torch.float32,
        output_loading_info=True,
        ignore_mismatched_sizes=True,
        local_files_only=True,
        trust_remote_code=False,
    )


def _complain(name: str, folder: Path, info: Mapping[str, Any]) -> None:
    missing = sorted(key for key in info["missing_keys"] if not key.endswith("num_batches_tracked"))
    wrong = sorted((key, tuple(found), tuple(wanted)) for key, found, wanted in info["mismatched_keys"])
    extra = sorted(info["unexpected_keys"])
    if missing or wrong:
        parts = [f"{_tensors(len(missing))} missing ({_some(missing)})"] if missing else []
        shapes = [f"{key} is {list(found)} and not {list(wanted)}" for key, found, wanted in wrong]
        parts += [f"{_tensors(len(wrong))} of another shape ({_some(shapes)})"] if wrong else []
        parts += [f"{_tensors(len(extra))} unknown to it ({_some(extra)})"] if extra else []
        raise ModelUnavailable(
            f"{name}: the files in {folder} are not the model that its config.json describes: {'; '.join(parts)}; "
            "download it again, or give another checkpoint."
        )


def _too_many(
    name: str, folder: Path, held: Mapping[str, folders.Held], extra: list[str], has: Mapping[str, Any]
) -> None:
    """Extra tensors are let be where they are few, as published files have them, but not where they are layers."""
    unused = folders.count(held) - sum(one.numel() for one in has.values())
    patterns = {_NUMBER.sub("*", key) for key in has}
    if extra and (unused > EXTRA * folders.count(held) or any(_NUMBER.sub("*", key) in patterns for key in extra)):
        raise ModelUnavailable(
            f"{name}: {_tensors(len(extra))} without a place in the model that the config.json in {folder} describes "
            f"({_some(extra)}): it is another model's, or describes fewer layers."
        )


def _tensors(count: int) -> str:
    return f"{count} tensor{' is' if count == 1 else 's are'}"


def _some(names: Iterable[str]) -> str:
    shown = [name if len(name) <= 120 else f"{name[:119]}…" for name in names]
    return ", ".join(shown[:SHOWN]) + (", ..." if len(shown) > SHOWN else "")


@contextmanager
def _bounded(most: int) -> Iterator[None]:
    """Within it this thread builds no model of more than ``most`` tensors, or for longer than ``SECONDS``."""
    from torch.nn.modules import module

    mine, until, made = threading.get_ident(), time.monotonic() + SECONDS, [0, 0]

    def counted(place: int, limit: int) -> None:
        if threading.get_ident() == mine:
            made[place] += 1
            if made[place] > limit or time.monotonic() > until:
                raise _TooLarge

    hooks = [
        module.register_module_parameter_registration_hook(lambda *_: counted(0, 2 * most)),
        module.register_module_module_registration_hook(lambda *_: counted(1, 8 * most)),
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
