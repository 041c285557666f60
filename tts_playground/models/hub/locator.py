"""Where a model's files are, how big they are, and whether this machine can hold them: asked before loading."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tts_playground.errors import BadInput, ModelUnavailable, UnknownName
from tts_playground.models.hub import folders, kinds, pipelines, shapes
from tts_playground.models.hub.code_pins import pin_of
from tts_playground.models.hub.embedded_models import TINY, revision_of, ships, where
from tts_playground.models.hub.refusals import refusal

PATTERNS = ["*.json", "model*.safetensors", "*.txt", "*.model", "*.jinja"]
PIPELINE = "diffusion"
"""the kind whose folders are pipelines of diffusers"""
HASHED_WHOLE = 200 << 20
"""bytes; bigger folders are told apart by their files' sizes and ends"""
HALF = 2.0
"""bytes a weight of bfloat16 and float16"""
OVERHEAD = 1.15
"""activations, keys and values, on top of the weights"""


@dataclass(frozen=True)
class ModelFiles:
    """A model's files."""

    folder: Path | None
    """None: only on the hub"""
    weights: int
    """how many numbers it has, about"""


def find(name: str, kind: str = "", *, reader: bool = True) -> ModelFiles:
    """Where the model called ``name`` is.

    Args:
        kind: refuse other kinds of model ("janus", "vlm", "clip", "towers" or "detector"); "" takes any.
        reader: a download without tokenizer and image processor is not whole, where the kind has them.

    Raises:
        UnknownName: no embedded model of that name.
        BadInput: neither a name of ours, nor a folder, nor a possible hub id.
        ModelUnavailable: not on this machine, and the hub cannot be reached or does not have it; or its folder is
            broken, or holds another kind of model.
    """
    if name.startswith("tiny:"):
        if name not in TINY:
            raise UnknownName("embedded model", name, TINY)
        return _local(Path(where(name)), name, kind)
    folder = folders.named(name)
    if folder is not None:
        return _local(folder, name, kind)
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", name) or name.startswith((".", "/", "~")):
        like = kinds.HUB.get(kind, kinds.HUB["janus"])
        raise BadInput(f"There is no folder {name[:200]!r}, and it is not a hub id like {like!r}.")
    if sentence := kinds.converted(name):
        raise ModelUnavailable(sentence)
    there = _snapshot(name)
    gone = [] if there is None else _lacking(there, kind if reader else "")
    return _on_hub(name, kind, gone) if there is None or gone else _local(there, name, kind)


def _lacking(folder: Path, kind: str) -> list[str]:
    return pipelines.lacking(folder) if kind == PIPELINE else folders.lacking(folder, kind)


def _local(folder: Path, name: str, kind: str) -> ModelFiles:
    if kind == PIPELINE or (not kind and pipelines.is_folder(folder)):
        return ModelFiles(folder, pipelines.count(folder, name))
    config = folders.config(folder, name)
    if kind:
        kinds.require(name, kind, config, pin_of(folder) if "auto_map" in config else "")
    return counted(name, folder)


def counted(name: str, folder: Path) -> ModelFiles:
    """The weights in a folder, of whatever kind of model, by their headers.

    Raises:
        ModelUnavailable: some are not there, or are damaged.
    """
    return ModelFiles(folder, folders.count(folders.tensors(folders.weight_files(folder, name))))


def cached(name: str, kind: str = "") -> Path | None:
    """The hub's snapshot of ``name`` on this machine, if it is whole; the network is not asked."""
    there = _snapshot(name)
    return None if there is None or _lacking(there, kind) else there


def cached_tokenizer(name: str) -> Path | None:
    """The hub's snapshot of ``name`` on this machine if it has a tokenizer; weights need not be there."""
    there = _snapshot(name)
    known = there is not None and any((there / one).is_file() for one in ("tokenizer.json", "vocab.txt"))
    return there if known else None


def reader_of(name: str) -> Path | None:
    """A folder with the tokenizer and the image processor of a hub's model, fetched if need be, without its weights.

    None where the hub does not give them.
    """
    from huggingface_hub import snapshot_download

    there = _snapshot(name)
    if there is not None and folders.has_reader(there, "towers"):
        return there
    try:
        return Path(snapshot_download(name, allow_patterns=[p for p in PATTERNS if "safetensors" not in p]))
    except Exception:  # as in _on_hub; whoever asked says what was wanted
        return None


def _snapshot(name: str) -> Path | None:
    """What there is of a repository, be it whole or not: a download that broke off leaves a folder like any other."""
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError
    from huggingface_hub.file_download import repo_folder_name

    try:
        if not Path(constants.HF_HUB_CACHE, repo_folder_name(repo_id=name, repo_type="model")).is_dir():
            return None  # pages ask often; the hub's own look for what is not there takes 0.2 ms
        return Path(snapshot_download(name, local_files_only=True, allow_patterns=PATTERNS))
    except (LocalEntryNotFoundError, OSError, ValueError):
        return None


def _on_hub(name: str, kind: str, gone: list[str]) -> ModelFiles:
    """A model that must be downloaded, or (``gone``: names of the files that lack) whose download broke off."""
    from huggingface_hub import HfApi

    try:
        info = HfApi().model_info(name, files_metadata=True, timeout=10)
    except Exception as error:  # every kind of network trouble, a missing repository, a gated one
        raise ModelUnavailable(refusal(name, error, gone)) from error
    pipeline = kind == PIPELINE
    if kind and info.config and not pipeline:
        kinds.require(name, kind, info.config, info.sha or "")
    sizes = {file.rfilename: file.size or 0 for file in info.siblings or []}
    wanted = r"\w+/[^/]*(?<!\.fp16)\.safetensors" if pipeline else r"model[^/]*\.safetensors"
    size = sum(size for file, size in sizes.items() if re.fullmatch(wanted, file))
    if not size:
        raise ModelUnavailable(f"{name} has no .safetensors weights on the hub, and no other format is loaded.")
    return ModelFiles(None, size // 2)


def ready(
    name: str,
    kind: str,
    device: str = "cpu",
    bytes_a_weight: float = 4.0,
    *,
    spread: bool = False,
    reader: bool = True,
) -> Path:
    """The folder of a model that can be loaded: downloaded if need be, whole, of its kind, and no larger than memory.

    Nothing is allocated. What ships with us is known to be whole.

    Args:
        kind, reader: see ``find``. device, bytes_a_weight, spread: see ``check_memory``.

    Raises:
        UnknownName, BadInput, ModelUnavailable: as ``find`` does; or its files do not make the model that its
            configuration describes, or that does not fit.
    """
    place = find(name, kind, reader=reader)
    check_memory(name, place, device, bytes_a_weight, spread=spread)
    folder = fetch(name, place, kind)
    if place.folder is None:
        _local(folder, name, kind)
    if not ships(folder) and kind != PIPELINE:  # parts of a pipeline are compared as they are loaded, unallocated
        folders.check_others(folder)
        check_memory(name, ModelFiles(folder, shapes.fit(name, folder, kind)), device, bytes_a_weight, spread=spread)
    return folder


def fetch(name: str, place: ModelFiles, kind: str = "") -> Path:
    """The folder of a found model, downloaded now if it is only on the hub.

    Raises:
        ModelUnavailable: the download failed.
    """
    if place.folder is not None:
        return place.folder
    from huggingface_hub import snapshot_download

    try:
        wanted = pipelines.PATTERNS if kind == PIPELINE else PATTERNS
        return Path(snapshot_download(name, allow_patterns=wanted, ignore_patterns=["*.fp16.*"]))
    except Exception as error:  # as in _on_hub
        raise ModelUnavailable(refusal(name, error, downloading=True)) from error


def ready_folder(folder: Path, kind: str) -> Path:
    """As ``ready``, of a folder alone: never looked for on the hub.

    Raises:
        BadInput: there is no such folder. ModelUnavailable: as ``ready`` does.
    """
    if folders.named(str(folder)) is None:
        raise BadInput(f"There is no folder {str(folder)[:200]!r} with a model to go on from.")
    return ready(str(folder.expanduser().absolute()), kind)


def fits(place: ModelFiles, device: str, bytes_a_weight: float, *, spread: bool = False) -> bool:
    """Whether a model fits into what is free on ``device`` (``spread``: on all devices together)."""
    return _need(place, bytes_a_weight) <= _free(device, spread)


def check_memory(name: str, place: ModelFiles, device: str, bytes_a_weight: float, *, spread: bool = False) -> None:
    """Refuse a model that does not fit into what is free on ``device`` (``spread``: on all devices together).

    Raises:
        ModelUnavailable: it does not fit.
    """
    need, free = _need(place, bytes_a_weight), _free(device, spread)
    if need > free:
        half = bytes_a_weight > HALF and _need(place, HALF) <= free
        instead = "the dtype bfloat16 (--dtype bfloat16), which halves it, or " if half else ""
        packed = "" if bytes_a_weight < 1 else "4-bit weights (--load-4bit), "
        raise ModelUnavailable(
            f"{name} needs about {need / 2**30:.1f} GiB on {device} and {free / 2**30:.1f} GiB are free; "
            f"choose {instead}{packed}a smaller model, or another device."
        )


def _need(place: ModelFiles, bytes_a_weight: float) -> float:
    return place.weights * bytes_a_weight * OVERHEAD


def _free(device: str, spread: bool) -> float:
    return free_memory(device) + (free_memory("cpu") if spread and device != "cpu" else 0)


def free_memory(device: str) -> float:
    """Bytes free on "cpu", within what a container may have, or on a CUDA device."""
    if device.startswith("cuda"):
        import torch

        return float(torch.cuda.mem_get_info(torch.device(device))[0])
    import psutil

    return min(float(psutil.virtual_memory().available), _container_room())


def _container_room(folder: Path = Path("/sys/fs/cgroup")) -> float:
    """Bytes that a container with a limit has left, what it keeps of files not counted; infinite without a limit."""
    try:
        most, taken = (int((folder / f"memory.{name}").read_text()) for name in ("max", "current"))
        found = re.search(r"^inactive_file (\d+)$", (folder / "memory.stat").read_text(), re.MULTILINE)
    except (OSError, ValueError):  # another system, or "max": no limit
        return float("inf")
    return max(0.0, most - taken + (int(found[1]) if found else 0))


def revision(folder: Path) -> str:
    """Ten characters that change with the weights; the hub's commit where the folder is one of its snapshots."""
    if folder.parent.name == "snapshots":
        return folder.name[:10]
    files = sorted(folder.glob("*.safetensors")) or sorted(folder.glob("*/*.safetensors"))
    if sum(file.stat().st_size for file in files) <= HASHED_WHOLE:
        return revision_of(str(folder))
    digest: Any = hashlib.blake2b(digest_size=5)
    for file in files:
        digest.update(f"{file.name} {file.stat().st_size}".encode())
        with file.open("rb") as stream:
            digest.update(stream.read(1 << 20))
            stream.seek(max(0, file.stat().st_size - (1 << 20)))
            digest.update(stream.read())
    return digest.hexdigest()
