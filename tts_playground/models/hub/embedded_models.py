"""Where small networks come from: a name of ours, a folder or a hub id, and which version it was."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tts_playground.errors import ModelUnavailable
from tts_playground.home import CHECKPOINTS

TINY = {
    "tiny:janus": "janus",
    "tiny:vlm": "vlm",
    "tiny:sketch": "sketch",
    "tiny:clip": "clip",
    "tiny:aesthetic": "aesthetic",
    "tiny:detector": "detector",
    "tiny:detector2": "detector2",
    "tiny:math": "math",
    "tiny:prm": "prm",
    "tiny:prm2": "prm2",
}
"""name -> folder in the checkpoints that ship"""
PIPELINE = "model_index.json"
"""what a pipeline of diffusers has in place of weights at its top"""
PIECE = 1 << 24
"""bytes of a file that are hashed at once"""
if (CHECKPOINTS / "flow" / PIPELINE).is_file():
    TINY["tiny:flow"] = "flow"


def where(name: str) -> str:
    """The folder of an embedded model, or ``name`` itself (a folder or a hub id).

    Raises:
        ModelUnavailable: an embedded model that is not there.
    """
    if name not in TINY:
        return name
    folder = CHECKPOINTS / TINY[name]
    if not _has_weights(folder):
        raise ModelUnavailable(
            f"The embedded model {name} is not in {folder}; make it with 'train {name.replace(':', '-')}'."
        )
    return str(folder)


def _has_weights(folder: Path) -> bool:
    try:
        with os.scandir(folder) as there:  # pages ask often, and a glob takes five times as long
            return any(entry.name.endswith(".safetensors") or entry.name == PIPELINE for entry in there)
    except OSError:
        return False


def earlier(name: str, revision: str) -> bool:
    """Whether a revision of an embedded model is one that does not ship any more."""
    try:
        return name in TINY and bool(revision) and revision_of(where(name)) != revision
    except ModelUnavailable:
        return False


def ships(folder: str | Path) -> bool:
    """Whether a checkpoint's folder is one of those that ship, which are known to be whole."""
    return CHECKPOINTS in Path(folder).parents


@contextmanager
def quietly(folder: str | Path, *, always: bool = False) -> Iterator[None]:
    """Load without transformers' progress bar where the weights ship with us: a tenth of a second needs none."""
    from transformers.utils import logging

    hush = (always or ships(folder)) and logging.is_progress_bar_enabled()
    if hush:
        logging.disable_progress_bar()
    try:
        yield
    finally:
        if hush:
            logging.enable_progress_bar()


@cache
def revision_of(path: str) -> str:
    """Ten characters that change with the weights: of a folder a hash of its weight files, of a hub id its name.

    Raises:
        ModelUnavailable: the folder or a file in it cannot be read.
    """
    digest = hashlib.blake2b(digest_size=5)
    try:
        folder = Path(path)
        if not folder.is_dir():
            return hashlib.blake2b(path.encode(), digest_size=5).hexdigest()
        weights = sorted(folder.glob("*.safetensors")) or sorted(folder.glob("*/*.safetensors"))
        for file in weights or sorted(folder.iterdir()):
            if file.is_file():
                digest.update(file.name.encode())
                with file.open("rb") as stream:
                    while part := stream.read(PIECE):
                        digest.update(part)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise ModelUnavailable(f"The weights in {path[:200]} cannot be read: {why}.") from error
    return digest.hexdigest()
