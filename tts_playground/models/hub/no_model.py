"""What a folder or a file that is no model seems to be, and what to do about it, in one sentence; nothing is loaded."""

from __future__ import annotations

import os
from pathlib import Path

from tts_playground import jsontext
from tts_playground.errors import shown

_SMALL = 1 << 20
"""bytes of an adapter's configuration at most"""


def a_file(name: str) -> str:
    """A file where a folder is wanted."""
    if name.lower().endswith(".gguf"):
        return f"{name} is a file in llama.cpp's format (GGUF), {_gguf()}."
    return f"{name} is a file; give the folder that it is in, with its config.json beside it."


def without_config(folder: Path, name: str) -> str:
    """A folder without a ``config.json``."""
    if (folder / "adapter_config.json").is_file():
        return _adapter(folder, name)
    if (folder / "model_index.json").is_file():
        return f"{name} is a pipeline of diffusers, which draws pictures; use it with generate."
    if (kept := sorted((folder / "snapshots").glob("*/config.json"), key=os.path.getmtime)) and kept[-1].is_file():
        return f"{name} is a folder of the hub's cache, not of a model; give the snapshot in it, {kept[-1].parent}."
    if any(folder.glob("*.gguf")):
        return f"{name}: the folder {folder} holds a model in llama.cpp's format (GGUF), {_gguf()}."
    inner = sorted(one.parent for one in folder.glob("*/config.json"))
    where = f"; perhaps {inner[0]} is meant" if inner else "; give one, a hub id, or a tiny: model"
    if not any(folder.iterdir()):
        return f"{name}: the folder {folder} is empty and has no config.json with .safetensors weights{where}."
    return f"{name}: the folder {folder} has no config.json with .safetensors weights beside it{where}."


def without_weights(folder: Path, name: str, wanted: tuple[str, str]) -> str:
    """A folder with a configuration, and without a file of weights or an index of several (``wanted``)."""
    weights, index = wanted
    parts = sorted(file.name for file in folder.glob("model-*-of-*.safetensors"))
    if parts:
        return (
            f"{name}: the folder {folder} has weights in parts ({parts[0]}, ...) and no {index}, which says what is in "
            "which; download that, too."
        )
    said = f"{name}: the folder {folder} has no {weights} and no {index} beside its config.json"
    if packed := sorted(file.name for file in folder.glob("*.gguf")):
        return f"{said}, only {packed[0]} in llama.cpp's format, {_gguf()}."
    if pickled := sorted(file.name for pattern in ("*.bin", "*.pt", "*.pth") for file in folder.glob(pattern)):
        return (
            f"{said}, only {pickled[0]}, which is not loaded since pickled weights can run code; give a repository "
            "with safetensors, or write them with transformers where you trust the file: from_pretrained(FOLDER) and "
            "then save_pretrained(FOLDER)."
        )
    others = sorted(file.name for file in folder.glob("*.safetensors"))
    if others:
        return f"{said}, only {others[0]}, which is not loaded under that name; rename it to {weights} if it is whole."
    return f"{said}; download it again."


def _gguf() -> str:
    return (
        "which is not loaded; give the original model's folder or hub id with its safetensors, or serve the file with "
        "llama.cpp's llama-server and give endpoint:NAME@http://localhost:8080/v1"
    )


def _adapter(folder: Path, name: str) -> str:
    """An adapter of peft, with what it was trained on where it says so."""
    base = ""
    file = folder / "adapter_config.json"
    if file.stat().st_size <= _SMALL:
        try:
            read = jsontext.parsed(file.read_bytes())
            base = shown(read.get("base_model_name_or_path") or "") if isinstance(read, dict) else ""
        except (ValueError, OSError):
            base = ""
    if (folder / "tuning.json").is_file():
        return (
            f"{name} is an adapter, not a model; where programs are written (sketch, eval, evolve) it is "
            f"adapter:{folder.name}, if its folder stands under adapters in the data folder."
        )
    return (
        f"{name} is an adapter, not a model; merge it into {base or 'its base model'} with peft "
        f"(PeftModel.from_pretrained(BASE, FOLDER).merge_and_unload().save_pretrained(NEW)), save the base's tokenizer "
        "or processor into the same NEW folder, and give that."
    )
