"""Pipelines of diffusers as folders: looked at before anything is loaded, and told apart from other models.

A pipeline is believed if its index names a class that draws pictures of a prompt, if every part of it comes from
diffusers or transformers, and if the parts with weights have them as safetensors.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from tts_playground.errors import ModelUnavailable
from tts_playground.models.hub import folders

INDEX = "model_index.json"
CLASSES = {
    "StableDiffusionPipeline": (50, 7.5),
    "StableDiffusionXLPipeline": (50, 5.0),
    "StableDiffusion3Pipeline": (28, 7.0),
    "FluxPipeline": (28, 3.5),
    "PixArtAlphaPipeline": (20, 4.5),
    "PixArtSigmaPipeline": (20, 4.5),
    "SanaPipeline": (20, 4.5),
}
"""pipelines whose call takes a prompt and latents -> denoising steps and guidance that it takes where none are named"""
UNKNOWN = (20, 4.5)
"""of a pipeline that is not on this machine yet"""
LIBRARIES = ("diffusers", "transformers")
PATTERNS = ["*.json", "*/*.json", "*/*.txt", "*/*.model", "*/*.safetensors"]
_PART = re.compile(r"[A-Za-z0-9_]+")
_WEIGHTLESS = re.compile(r"Tokenizer|Scheduler|Processor|FeatureExtractor")


def is_folder(folder: Path) -> bool:
    """Whether a folder holds a pipeline."""
    return (folder / INDEX).is_file()


def parts(folder: Path, name: str) -> dict[str, tuple[str, str]]:
    """A pipeline's parts, by name: library and class.

    Raises:
        ModelUnavailable: the index is not there or damaged, names a class that is not loaded here, or a part that
            comes from elsewhere.
    """
    if not is_folder(folder):
        raise ModelUnavailable(f"{name} is no pipeline of diffusers: the folder {folder} has no {INDEX}.")
    index = folders.read_json(folder / INDEX)
    kind = index.get("_class_name") if isinstance(index, dict) else None
    if not isinstance(kind, str) or kind not in CLASSES:
        raise ModelUnavailable(
            f"{name} is a {str(kind)[:60]}, which draws no pictures here; use one of {', '.join(sorted(CLASSES))}."
        )
    found = {}
    for part, told in index.items():
        if part.startswith("_") or not isinstance(told, list) or told == [None, None]:
            continue
        library, made = (str(one) for one in told) if len(told) == 2 else ("", "")
        if library not in LIBRARIES or not _PART.fullmatch(part) or not _PART.fullmatch(made):
            raise ModelUnavailable(
                f"{name} has a part {part[:40]!r} from {library[:40]!r}; parts are loaded from diffusers and "
                "transformers alone, and code from elsewhere is never run."
            )
        found[part] = (library, made)
    return found


def absent(folder: Path) -> list[str]:
    """Names of the parts that a pipeline's index leaves out, which its class must be told."""
    index = folders.read_json(folder / INDEX)
    return [part for part, told in index.items() if told == [None, None]]


def weight_files(folder: Path, name: str) -> list[Path]:
    """The weights of all parts.

    Raises:
        ModelUnavailable: as ``parts``, or a part has no safetensors.
    """
    found = []
    for part, (_, made) in parts(folder, name).items():
        if _WEIGHTLESS.search(made):
            continue
        mine = [file for file in sorted((folder / part).glob("*.safetensors")) if ".fp16." not in file.name]
        if not mine:
            raise ModelUnavailable(
                f"{name}: its {part} has no .safetensors weights in {folder / part}, and no other format is loaded."
            )
        folders.config(folder / part, name)
        found += mine
    return found


def lacking(folder: Path) -> list[str]:
    """What a folder lacks to be a pipeline, as names of files; [] where it is whole."""
    try:
        weight_files(folder, str(folder))
    except ModelUnavailable:
        return [INDEX]
    return []


def count(folder: Path, name: str) -> int:
    """How many weights a pipeline has, by the headers of its files.

    Raises:
        ModelUnavailable: as ``weight_files``, or a file is damaged.
    """
    return sum(folders.count(folders.tensors([file])) for file in weight_files(folder, name))


@cache
def _defaults(folder: Path) -> dict[str, Any]:
    path = folder / "generation_config.json"
    try:
        said = folders.read_json(path) if path.is_file() else {}
    except ModelUnavailable:
        return {}
    return said if isinstance(said, dict) else {}


def usual(folder: Path) -> tuple[int, float]:
    """Denoising steps and guidance that suit a pipeline: those of its ``generation_config.json``, else its class's."""
    told = _defaults(folder)
    steps, scale = told.get("num_inference_steps"), told.get("guidance_scale")
    fine = isinstance(steps, int) and not isinstance(steps, bool) and 1 <= steps <= 1000
    guided = isinstance(scale, (int, float)) and not isinstance(scale, bool) and 1 <= scale <= 100
    own = CLASSES.get(str(folders.read_json(folder / INDEX).get("_class_name")), UNKNOWN)
    return int(steps) if fine and steps else own[0], float(scale) if guided and scale else own[1]
