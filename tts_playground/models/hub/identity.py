"""What is known of a model without loading it: enough to name its pools, and which words its tokenizer knows."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from tts_playground import files, jsontext
from tts_playground.errors import ModelUnavailable, PlaygroundError
from tts_playground.models import loading
from tts_playground.models.hub import folders, locator, pipelines
from tts_playground.models.hub.embedded_models import TINY, revision_of, where
from tts_playground.models.hub.picture_kinds import kind_of
from tts_playground.models.load_options import settled

LARGEST = 1 << 20
"""bytes of a generation config"""
SMALL = 2000
"""tokens of a vocabulary below which each word that was taught is one of them"""
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_HUB = re.compile(r"[\w.-]+/[\w.-]+")
_BYTE = re.compile(r"<0x[0-9A-F]{2}>")


def named(name: str, kind: str, options: loading.Options | None = None) -> loading.Loaded:
    """What ``loading.load`` would give, with None for its ``value``: its fingerprint names what was drawn before.

    Raises:
        BadInput: no such name. ModelUnavailable: its files are not on this machine.
    """
    folder = _local(name, kind)
    if folder is None:
        raise ModelUnavailable(f"{name} is not on this machine yet; drawing with it downloads it first.")
    wanted = settled(name, kind, options)
    revision = revision_of(str(folder)) if name in TINY else locator.revision(folder)
    return loading.Loaded(name, kind, wanted, revision, None)


def guidance_of(name: str) -> float | None:
    """The guidance scale that suits a model, without loading it: its generation config's; None where that names none.

    Models that are not on this machine name none yet.
    """
    try:
        folder = _local(name, kind_of(name))
    except PlaygroundError:
        return None
    if folder is not None and pipelines.is_folder(folder):
        return usual_of(name)[1]
    return None if folder is None else _guidance(folder)


def usual_of(name: str) -> tuple[int, float]:
    """Denoising steps and guidance that suit a pipeline of diffusers, without loading it."""
    try:
        folder = _local(name, locator.PIPELINE)
        return pipelines.UNKNOWN if folder is None else pipelines.usual(folder)
    except PlaygroundError:  # told of when it is loaded
        return pipelines.UNKNOWN


@lru_cache(maxsize=64)
def _guidance(folder: Path) -> float | None:
    try:
        said = jsontext.loads_object(files.read_plain(folder / "generation_config.json", LARGEST).decode(), "it")
    except (PlaygroundError, OSError, UnicodeDecodeError):  # a damaged one is told of when the model is loaded
        return None
    scale = said.get("guidance_scale")
    if isinstance(scale, bool) or not isinstance(scale, (int, float)) or not 1 <= scale <= 100:
        return None
    return float(scale)


def _local(name: str, kind: str = "") -> Path | None:
    """Where a model's files are on this machine; never asks the network, and so is quick."""
    if name in TINY:
        return Path(where(name))
    if folders.named(name) is not None:
        return locator.find(name, kind).folder
    return locator.cached(name, kind) if _HUB.fullmatch(name) else None


@lru_cache(maxsize=8)
def _tokenizer(folder: Path) -> tuple[Any, str | None] | None:
    """A folder's tokenizer without transformers, and its token for what it cannot spell; None where there is none."""
    from tokenizers import Tokenizer

    file = folder / "tokenizer.json"
    if not file.is_file():
        file = folder / "tokenizer" / "tokenizer.json"  # of a pipeline of diffusers
    if not file.is_file():
        return None
    try:
        tokenizer = Tokenizer.from_file(str(file))
        unknown = json.loads(file.read_text(encoding="utf-8"))["model"].get("unk_token")
    except Exception:  # tokenizers raises bare ones; a damaged file is told of when the model is loaded
        return None
    tokenizer.no_padding()  # both may be kept with the file
    tokenizer.no_truncation()
    return tokenizer, unknown


def knows_few_words(name: str) -> bool:
    """Whether a model on this machine has as small a vocabulary as the embedded ones; False where it has none."""
    folder = _local(name)
    found = _tokenizer(folder) if folder else None
    return found is not None and found[0].get_vocab_size() < SMALL


def unknown_words(name: str, text: str) -> list[str]:
    """The words of ``text`` that the model called ``name`` was never taught: its tokenizer spells them in bytes, or,
    where it is a small CLIP's, in pieces.

    Empty for large models, whose tokenizers have pieces for everything, and for models that are not on this machine.
    """
    folder = _local(name)
    found = _tokenizer(folder) if folder else None
    if found is None:
        return []
    tokenizer, unknown = found
    words = dict.fromkeys(_WORD.findall(text.lower()))
    small = tokenizer.get_vocab_size() < SMALL
    return [w for w in words if _spelled(tokenizer.encode(w, add_special_tokens=False).tokens, unknown, small)]


def _spelled(pieces: list[str], unknown: str | None, small: bool) -> bool:
    if small and len(pieces) > 1 and pieces[-1].endswith("</w>"):
        return True
    return not pieces or any(piece == unknown or _BYTE.fullmatch(piece) for piece in pieces)
