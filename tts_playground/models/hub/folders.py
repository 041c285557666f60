"""A model's folder as its first bytes tell it: the configuration, the weight files, the tensors in them.

Nothing is allocated and nothing is unpickled: JSON is read up to a bound, and of the weights only the headers. What a
file ought to be and is not is one sentence.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tts_playground import jsontext
from tts_playground.errors import BadInput, ModelUnavailable
from tts_playground.models.hub import no_model

CONFIG, WEIGHTS, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"
VOCABULARIES = ("tokenizer.json", "vocab.json", "vocab.txt", "tokenizer.model", "spiece.model", "tekken.json")
PROCESSORS = ("preprocessor_config.json", "processor_config.json")
"""files with settings for pictures; one of them is enough"""
READS_PICTURES = frozenset({"janus", "vlm", "clip", "towers", "detector"})
READS_TEXT = frozenset({"janus", "vlm", "clip", "towers", "lm", "prm"})
LONGEST = 1024
"""characters of a name; no file system takes much longer paths"""
LARGEST = 32 << 20
"""bytes of a configuration or an index; the largest published ones have about 5 MB"""
DEEPEST = 32
"""levels of a configuration; published ones have at most 6"""
MANY = 4096
"""layers, blocks or experts; published models have hundreds"""
_COUNTS = re.compile(r"layers|depth|blocks|experts|stages|levels")
_LABELS = 1_000_000
_POINTER = b"version https://git-lfs"


@dataclass(frozen=True)
class Held:
    """One tensor in a file."""

    dtype: str
    """as safetensors spells it: "F32", "BF16", "U8" ..."""
    shape: tuple[int, ...]


def first_line(error: BaseException) -> str:
    """What another library said, cut to one line of at most 200 characters; its kind where it said nothing."""
    said = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return (said if len(said) <= 200 else f"{said[:199]}…") or type(error).__name__


def named(name: str) -> Path | None:
    """The folder that ``name`` is the path of, or None where there is none.

    Raises:
        BadInput: it can be no path, it is a file, or it may not be looked at.
    """
    if len(name) > LONGEST or "\0" in name:
        what = "has a NUL character in it" if "\0" in name else f"has {len(name)} characters"
        raise BadInput(f"{name[:60]!r}... is no model's name or folder: it {what}.")
    if not name.strip():
        return None
    try:
        folder = Path(name).expanduser()
        if folder.is_file():
            raise BadInput(no_model.a_file(name))
        return folder if folder.is_dir() else None
    except RuntimeError as error:  # "~nobody"
        raise BadInput(f"There is no home folder for {name[:80]!r}; give the whole path.") from error
    except OSError as error:
        raise BadInput(
            f"The folder {name[:80]!r} cannot be looked at: {error.strerror or first_line(error)}."
        ) from error


# ------------------------------------------------------------------------------------------------------------ JSON


def read_json(path: Path) -> Any:
    """What a JSON file holds.

    Raises:
        ModelUnavailable: it cannot be read, is too large or nested too deeply, or is no JSON.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise ModelUnavailable(f"{path} has {path.stat().st_size >> 20} MiB, which no configuration has.")
        data = path.read_bytes()
    except OSError as error:
        raise ModelUnavailable(f"{path} cannot be read: {error.strerror or first_line(error)}.") from error
    if data.startswith(_POINTER):
        raise ModelUnavailable(_pointer(path))
    try:
        return jsontext.parsed(data)
    except ValueError as error:
        again = "download it again, or write it anew"
        raise ModelUnavailable(f"{path} is not JSON that can be read: {error}; {again}.") from error


def config(folder: Path, name: str) -> dict[str, Any]:
    """The folder's ``config.json``, in which nothing asks for more than any model has.

    Raises:
        ModelUnavailable: there is none, or none that a model could have.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise ModelUnavailable(no_model.without_config(folder, name))
    read = read_json(path)
    if not isinstance(read, dict):
        raise ModelUnavailable(
            f"{path} is no model's configuration: it holds a {type(read).__name__}, not an object; download it again."
        )
    for depth, key, value in _walk(read):
        if "implementation" in key and isinstance(value, str) and "/" in value:
            raise ModelUnavailable(f"{path} asks for code from {value[:80]!r} ({key[:60]}), which is never run.")
        if depth > DEEPEST:
            raise ModelUnavailable(f"{path} is no model's configuration: it is nested more than {DEEPEST} levels deep.")
        most = MANY if _COUNTS.search(key) else _LABELS if key == "num_labels" else 2**53
        if isinstance(value, (int, float)) and value > most:
            raise ModelUnavailable(f"{path} is no model's configuration: {key[:60]} is {value:.3g}, more than any has.")
    return read


def check_others(folder: Path) -> None:
    """Whether what transformers reads beside the configuration, and passes over where it is damaged, can be read.

    Raises:
        ModelUnavailable: ``generation_config.json`` is there and is no object.
    """
    path = folder / "generation_config.json"
    if path.is_file() and not isinstance(read_json(path), dict):
        raise ModelUnavailable(f"{path} holds no settings for generation; download it again, or take it out.")


def has_tokenizer(folder: Path) -> bool:
    """Whether there is a vocabulary of any kind; without one transformers makes a tokenizer that knows no words."""
    return any((folder / file).is_file() for file in VOCABULARIES)


def _walk(top: Any) -> Iterator[tuple[int, str, Any]]:
    """Every value with its depth and the key that it stands under."""
    waiting: list[tuple[int, str, Any]] = [(0, "", top)]
    while waiting:
        depth, key, value = waiting.pop()
        yield depth, key, value
        if depth <= DEEPEST:
            if isinstance(value, dict):
                waiting += [(depth + 1, str(k), v) for k, v in value.items()]
            elif isinstance(value, list):
                waiting += [(depth + 1, key, v) for v in value]


# --------------------------------------------------------------------------------------------------------- weights


def shards(folder: Path) -> list[str]:
    """Names of the weight files that the folder should have, as transformers looks for them.

    Raises:
        ModelUnavailable: the index cannot be read, or names files outside the folder.
    """
    index = folder / INDEX
    if (folder / WEIGHTS).is_file() or not index.is_file():
        return [WEIGHTS]
    read = read_json(index)
    places = read.get("weight_map") if isinstance(read, dict) else None
    if not isinstance(places, dict) or not places or not all(isinstance(file, str) for file in places.values()):
        raise ModelUnavailable(f"{index} is no index of weights: it has no weight_map from tensors to files.")
    files = sorted(set(places.values()))
    for file in files:
        if not file.endswith(".safetensors") or "/" in file or "\\" in file or "\0" in file:
            raise ModelUnavailable(f"{index} names {file[:80]!r}, which is no .safetensors file of this folder.")
    return files


def lacking(folder: Path, kind: str = "") -> list[str]:
    """Which of the files that a model must have are not in the folder: its configuration and all its weights.

    Args:
        kind: also those that a model of this kind reads pictures and texts with.
    """
    gone = [file for file in (CONFIG, *shards(folder)) if not (folder / file).is_file()]
    return [*gone, *_reader_lacks(folder, kind)]


def _reader_lacks(folder: Path, kind: str) -> list[str]:
    gone = [VOCABULARIES[0]] if kind in READS_TEXT and not has_tokenizer(folder) else []
    if kind in READS_PICTURES and not any((folder / file).is_file() for file in PROCESSORS):
        gone.append(PROCESSORS[0])
    return gone


def has_reader(folder: Path, kind: str) -> bool:
    """Whether there is what a model of that kind reads with: a vocabulary, and settings for pictures."""
    return not _reader_lacks(folder, kind)


def weight_files(folder: Path, name: str) -> list[Path]:
    """The folder's weights.

    Raises:
        ModelUnavailable: some are not there, or they are of a format that is not loaded.
    """
    wanted = shards(folder)
    gone = [file for file in wanted if not (folder / file).is_file()]
    if not gone:
        return [folder / file for file in wanted]
    if wanted != [WEIGHTS]:
        raise ModelUnavailable(
            f"{name}: {len(gone)} of its {len(wanted)} weight files are not in {folder} (first {gone[0]}); "
            "download them again."
        )
    raise ModelUnavailable(no_model.without_weights(folder, name, (WEIGHTS, INDEX)))


def tensors(files: list[Path]) -> dict[str, Held]:
    """What the files hold, by the tensors' names, from their headers.

    Raises:
        ModelUnavailable: a file is no safetensors file, or is cut off.
    """
    held: dict[str, Held] = {}
    for file in files:
        held |= _header(file)
    return held


def _header(file: Path) -> dict[str, Held]:
    from safetensors import SafetensorError, safe_open

    try:
        with file.open("rb") as stream:
            if stream.read(len(_POINTER)) == _POINTER:
                raise ModelUnavailable(_pointer(file))
        with safe_open(file, "np") as opened:
            parts = {key: opened.get_slice(key) for key in opened.keys()}  # noqa: SIM118
            return {key: Held(part.get_dtype(), tuple(part.get_shape())) for key, part in parts.items()}
    except SafetensorError as error:
        size = file.stat().st_size
        raise ModelUnavailable(
            f"{file} is no whole safetensors file ({size} bytes: {first_line(error)}); download it again."
        ) from error
    except OSError as error:
        raise ModelUnavailable(f"{file} cannot be read: {error.strerror or first_line(error)}.") from error


def count(held: Mapping[str, Held]) -> int:
    """How many numbers the tensors have together."""
    return sum(math.prod(one.shape) for one in held.values())


def _pointer(file: Path) -> str:
    return f"{file} is a Git LFS pointer and not the file itself; run 'git lfs pull' in its folder, or download it."
