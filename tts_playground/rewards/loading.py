"""Where the rewards' networks come from: a name of ours, a folder or a hub id, and which version it was."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from tts_playground.errors import ModelUnavailable
from tts_playground.home import CHECKPOINTS

TINY = {"tiny:clip": "clip", "tiny:aesthetic": "aesthetic"}


def where(name: str) -> str:
    """The folder of an embedded model, or ``name`` itself (a folder or a hub id).

    Raises:
        ModelUnavailable: an embedded model that is not there.
    """
    if name not in TINY:
        return name
    folder = CHECKPOINTS / TINY[name]
    if not any(folder.glob("*.safetensors")):
        raise ModelUnavailable(f"The embedded model {name} is not in {folder}; train it with 'train {name}'.")
    return str(folder)


@cache
def revision_of(path: str) -> str:
    """Ten characters that change with the weights: of a folder a hash of its weight files, of a hub id its name."""
    folder = Path(path)
    if not folder.is_dir():
        return hashlib.blake2b(path.encode(), digest_size=5).hexdigest()
    digest = hashlib.blake2b(digest_size=5)
    for file in sorted(folder.glob("*.safetensors")) or sorted(folder.iterdir()):
        if file.is_file():
            digest.update(file.name.encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


@cache
def clip_and_processor(name: str, device: str) -> tuple[Any, Any]:
    """A CLIPModel in float32, and its processor; loaded once.

    Raises:
        ModelUnavailable: it is not here and cannot be reached, or is not a CLIPModel.
    """
    import torch
    from transformers import CLIPModel, CLIPProcessor

    path = where(name)
    try:
        model = CLIPModel.from_pretrained(path, dtype=torch.float32)
        return model.to(device).eval(), CLIPProcessor.from_pretrained(path)
    except (OSError, ValueError) as error:
        raise ModelUnavailable(
            f"The CLIP model {name!r} cannot be loaded from here ({type(error).__name__}); "
            "give tiny:clip, a local folder, or a hub id that can be reached."
        ) from error
