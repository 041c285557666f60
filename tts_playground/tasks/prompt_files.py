"""Prompts in files, pictures in folders, and GenEval's layout of both.

GenEval (Ghosh et al. 2023) keeps the pictures of its prompt number i in ``FOLDER/0000i/samples/0000.png`` and so on,
beside ``metadata.jsonl``, whose one line has the prompt and what is asked of the picture.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from tts_playground import files, jsontext
from tts_playground.errors import BadInput
from tts_playground.tasks.picture_facts import facts_of

LARGEST = 16 << 20
"""bytes of a file of prompts"""
MOST = 10_000
"""prompts in a file, and pictures in a folder"""
PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".avif", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"}
_FILE_KEYS = ("file", "file_name", "filename", "image", "path")


@dataclass(frozen=True, slots=True)
class PromptRow:
    """One row of a file of prompts."""

    prompt: str
    file: str = ""
    """the picture that it is of, where the row names one"""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """the whole row"""


def read_prompts(file: Path | str) -> list[PromptRow]:
    """The rows of a file: JSONL (objects with "prompt", and "file" where there are pictures), CSV with such columns, or
    TXT with a prompt a line (or file, tab, prompt).

    Raises:
        BadInput: it is too large, or a row has no prompt; the sentence says which. OSError: it cannot be read.
    """
    path = Path(file)
    try:
        text = files.read_plain(path, LARGEST).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"The file of prompts {path} is not UTF-8 text.") from error
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if path.suffix.lower() in (".jsonl", ".json"):
        rows = [_row(jsontext.loads_object(line, f"Line {at} of {path}"), f"Line {at} of {path}") for at, line in lines]
    elif path.suffix.lower() == ".csv":
        try:
            table = [dict(row) for row in csv.DictReader(io.StringIO(text, newline=""))]
        except csv.Error as error:
            raise BadInput(f"The file of prompts {path} cannot be split into columns ({error}).") from error
        rows = [_row(row, f"Row {at} of {path}") for at, row in enumerate(table, 1)]
    else:
        rows = [_line(line) for _, line in lines]
    if not rows:
        raise BadInput(
            f"The file of prompts {path} holds none; write one a line, or a JSONL or CSV with a field prompt."
        )
    if len(rows) > MOST:
        raise BadInput(f"The file of prompts {path} has {len(rows):,} rows; at most {MOST:,} are read.")
    return rows


def _row(row: dict[str, Any], where: str) -> PromptRow:
    prompt = row.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        raise BadInput(f"{where} has no prompt; every row needs a field prompt with words in it.")
    named = next((row[key] for key in _FILE_KEYS if isinstance(row.get(key), str)), "")
    return PromptRow(prompt.strip(), named, {key: value for key, value in row.items() if isinstance(key, str)})


def _line(line: str) -> PromptRow:
    before, tab, after = line.strip().partition("\t")
    prompt, file = (after.strip(), before.strip()) if tab else (before, "")
    return PromptRow(prompt, file, {"prompt": prompt})


def geneval_file(folder: Path, prompt: int, sample: int) -> Path:
    """Where GenEval keeps a picture."""
    return folder / f"{prompt:05d}" / "samples" / f"{sample:04d}.png"


def write_metadata(folder: Path, prompt: int, asked: PromptRow) -> None:
    """GenEval's ``metadata.jsonl`` of a prompt: its row, the prompt in it."""
    place = files.make_folder(folder / f"{prompt:05d}")
    files.make_folder(place / "samples")
    line = json.dumps({**asked.metadata, "prompt": asked.prompt}, ensure_ascii=False)
    files.write_text(place / "metadata.jsonl", line + "\n", "The metadata")


def pictures_of(folder: Path, prompt: str = "", prompts: Path | None = None) -> list[tuple[Path, str]]:
    """(picture, its prompt) of a folder, in order of names.

    The prompt is ``prompt`` for all, else that of the picture's row in ``prompts`` (by its path in the folder, or its
    name), else that of GenEval's ``metadata.jsonl``, else the one that a picture made by ``generate`` carries inside.

    Raises:
        BadInput: there are no pictures, or one has no prompt; the sentence says what to do.
    """
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURES and path.is_file())
    samples = [path for path in found if _metadata(path, folder)]
    found = samples or found  # of GenEval's layout the samples; grids of them are not scored
    if not found:
        raise BadInput(f"There are no pictures in {folder}; they end in {', '.join(sorted(PICTURES))}.")
    if len(found) > MOST:
        raise BadInput(f"There are {len(found):,} pictures in {folder}; at most {MOST:,} are scored.")
    listed = [] if prompt or prompts is None else read_prompts(prompts)
    told = {_key(row.file): row.prompt for row in listed if row.file}
    if listed and not told:
        return list(zip(found, _in_order(listed, found, folder), strict=True))
    return [(path, prompt or _prompt(path, folder, told)) for path in found]


def _in_order(rows: Sequence[PromptRow], found: Sequence[Path], folder: Path) -> list[str]:
    if len(rows) != len(found):
        raise BadInput(
            f"The file has {len(rows)} prompts without files, and {folder} has {len(found)} pictures; name each row's"
            " file."
        )
    return [row.prompt for row in rows]


def _key(file: str) -> str:
    return Path(file).as_posix()


def _metadata(path: Path, folder: Path) -> Path | None:
    place = path.parent.parent / "metadata.jsonl"
    inside = path.parent.name == "samples" and path.is_relative_to(folder)
    return place if inside and place.is_file() else None


def _prompt(path: Path, folder: Path, told: Mapping[str, str]) -> str:
    for key in (path.relative_to(folder).as_posix(), path.name, path.as_posix()):
        if key in told:
            return told[key]
    if not told and (metadata := _metadata(path, folder)) is not None:
        return read_prompts(metadata)[0].prompt
    if not told and (inside := _inside(path)):
        return inside
    raise BadInput(
        f"Nothing says what {path} should show; give one prompt for all pictures, or a file of prompts with rows of"
        " file and prompt."
    )


def _inside(path: Path) -> str:
    """The prompt that a PNG of ours carries; "" where it carries none. No pixel is decoded."""
    try:
        with files.open_plain(path) as stream, Image.open(stream) as picture:
            return facts_of(picture)["prompt"]
    except (BadInput, OSError, ValueError, SyntaxError, Image.DecompressionBombError):  # told of when it is scored
        return ""
