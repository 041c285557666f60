"""Where a model's files are, how big they are, and whether this machine can hold them: asked before loading."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tts_playground.errors import BadInput, ModelUnavailable, UnknownName
from tts_playground.home import expanded
from tts_playground.models.embedded import TINY, revision_of, where

PATTERNS = ["*.json", "*.safetensors", "*.txt", "*.model", "*.jinja"]
HASHED_WHOLE = 200 << 20
"""bytes; bigger folders are told apart by their files' sizes and ends"""
OVERHEAD = 1.15
"""activations, keys and values, on top of the weights"""


@dataclass(frozen=True)
class Place:
    """A model's files."""

    folder: Path | None
    """None: only on the hub"""
    weights: int
    """how many numbers it has, about"""


def find(name: str) -> Place:
    """Where the model called ``name`` is.

    Raises:
        UnknownName: no embedded model of that name.
        BadInput: neither a name of ours, nor a folder, nor a possible hub id.
        ModelUnavailable: not on this machine, and the hub cannot be reached or does not have it.
    """
    if name.startswith("tiny:"):
        if name not in TINY:
            raise UnknownName("embedded model", name, TINY)
        return _local(Path(where(name)), name)
    folder = expanded(name)
    if folder.is_dir():
        return _local(folder, name)
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", name) or name.startswith((".", "/", "~")):
        raise BadInput(f"There is no folder {name!r}, and it is not a hub id like 'deepseek-community/Janus-Pro-1B'.")
    cached = _cached(name)
    return _local(cached, name) if cached else _on_hub(name)


def _local(folder: Path, name: str) -> Place:
    size = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    if not (folder / "config.json").is_file() or not size:
        raise ModelUnavailable(f"{name}: the folder {folder} has no config.json with .safetensors weights beside it.")
    return Place(folder, size // _stored_bytes(folder))


def _stored_bytes(folder: Path) -> int:
    """Bytes a weight in the files, from the first tensor of the first file's header."""
    first = sorted(folder.glob("*.safetensors"))[0]
    with first.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    kinds = [value["dtype"] for key, value in header.items() if key != "__metadata__"]
    return {"F32": 4, "F16": 2, "BF16": 2, "F64": 8}.get(max(set(kinds), key=kinds.count), 1) if kinds else 4


def _cached(name: str) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(name, local_files_only=True, allow_patterns=PATTERNS))
    except (LocalEntryNotFoundError, OSError, ValueError):
        return None
    return folder if any(folder.glob("*.safetensors")) else None


def _on_hub(name: str) -> Place:
    from huggingface_hub import HfApi

    try:
        info = HfApi().model_info(name, files_metadata=True, timeout=10)
    except Exception as error:  # every kind of network trouble, a missing repository, a gated one: same sentence
        raise ModelUnavailable(
            f"{name} is not on this machine and the hub does not give it ({type(error).__name__}); "
            "go online, give a folder, or use a tiny: model."
        ) from error
    size = sum(file.size or 0 for file in info.siblings or [] if file.rfilename.endswith(".safetensors"))
    if not size:
        raise ModelUnavailable(f"{name} has no .safetensors weights on the hub, and no other format is loaded.")
    return Place(None, size // 2)


def fetch(name: str, place: Place) -> Path:
    """The folder of a found model, downloaded now if it is only on the hub.

    Raises:
        ModelUnavailable: the download failed.
    """
    if place.folder is not None:
        return place.folder
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=PATTERNS))
    except Exception as error:  # as in _on_hub
        raise ModelUnavailable(f"{name} could not be downloaded ({type(error).__name__}); try again later.") from error


def check_memory(name: str, place: Place, device: str, bytes_a_weight: float, *, spread: bool = False) -> None:
    """Refuse a model that does not fit into what is free on ``device`` (``spread``: on all devices together).

    Raises:
        ModelUnavailable: it does not fit.
    """
    need = place.weights * bytes_a_weight * OVERHEAD
    free = free_memory(device) + (free_memory("cpu") if spread and device != "cpu" else 0)
    if need > free:
        raise ModelUnavailable(
            f"{name} needs about {need / 2**30:.1f} GiB on {device} and {free / 2**30:.1f} GiB are free; "
            "choose a smaller model, 4-bit weights, or another device."
        )


def free_memory(device: str) -> float:
    """Bytes free on "cpu" or a CUDA device."""
    if device.startswith("cuda"):
        import torch

        return float(torch.cuda.mem_get_info(torch.device(device))[0])
    import psutil

    return float(psutil.virtual_memory().available)


def revision(folder: Path) -> str:
    """Ten characters that change with the weights; the hub's commit where the folder is one of its snapshots."""
    if folder.parent.name == "snapshots":
        return folder.name[:10]
    files = sorted(folder.glob("*.safetensors"))
    if sum(file.stat().st_size for file in files) <= HASHED_WHOLE:
        return revision_of(str(folder))
    digest: Any = hashlib.blake2b(digest_size=5)
    for file in files:
        digest.update(f"{file.name} {file.stat().st_size}".encode())
        with file.open("rb") as stream:
            digest.update(stream.read(1 << 20))
            stream.seek(-(1 << 20), 2)
            digest.update(stream.read())
    return digest.hexdigest()
