"""The data files of a set of questions, in the order in which they are read."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from tts_playground import files, jsontext
from tts_playground.errors import BadInput
from tts_playground.tasks.question_sources import arrow_files, text_files
from tts_playground.tasks.question_sources.text_files import Row

READERS: dict[str, Callable[[Path], Iterator[Row]]] = {
    ".parquet": arrow_files.parquet,
    ".arrow": arrow_files.arrow,
    ".jsonl": text_files.jsonl,
    ".json": text_files.json_file,
    ".tsv": text_files.table,
    ".csv": text_files.table,
}
"""ending -> what reads the rows of such a file; a new format is a row here"""
FIRST = ("questions.jsonl",)
METADATA = ("metadata.jsonl", "metadata.csv", "metadata.parquet")
ABOUT = {"dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json", "config.json", "package.json"}
"""JSON files that describe a set and hold none of its rows"""
ASIDE = {"tables", "annotations", "ocr"}
"""folders of what belongs to single pictures"""
SPLITS = ("validation", "valid", "val", "dev", "test", "train")
"""the rows of the first of these come first, as from the hub"""
DEEPEST, MOST_FILES = 4, 20_000
_SMALL = 1 << 20


def data_files(path: Path) -> list[Path]:
    """The file itself, or all data files of a folder that are of one kind: shards in order, splits one after another.

    A folder of ``save_to_disk`` gives its Arrow files; else questions.jsonl, metadata.*, or all files of the first
    ending of ``READERS`` that there is.

    Raises:
        BadInput: there are none; the sentence names what is looked for.
    """
    if not path.is_dir():
        if path.suffix.lower() not in READERS and path.is_file():
            raise BadInput(f"{path} ends in {path.suffix or 'nothing'}; give a file that ends in {', '.join(READERS)}.")
        return [path]
    if (path / "dataset_dict.json").is_file() or (path / "state.json").is_file():
        return _saved(path)
    for name in FIRST:
        if (path / name).is_file():
            return [path / name]
    there = list(_below(path))
    for name in METADATA:
        if found := [file for file in there if file.name.lower() == name]:
            return sorted(found, key=_order)
    for ending in READERS:
        found = [file for file in there if file.suffix.lower() == ending and file.name not in ABOUT]
        nearer = [file for file in found if ASIDE.isdisjoint(file.relative_to(path).parts[:-1])]
        if found:
            asked = [file for file in nearer or found if not _is_answers(file, found)]
            return sorted(asked, key=_order)
    wanted = ", ".join((*FIRST, *METADATA))
    raise BadInput(f"The folder {path} has no {wanted} and no file that ends in {', '.join(READERS)}.")


def rows(file: Path) -> Iterator[Row]:
    """The rows of one data file.

    Raises:
        BadInput: it cannot be read.
    """
    return READERS.get(file.suffix.lower(), text_files.jsonl)(file)


def _is_answers(file: Path, others: list[Path]) -> bool:
    """Whether it holds the answers to questions that another file asks (see ``joining``)."""
    name = file.name.lower()
    return "annotation" in name and any(one.parent == file.parent and "question" in one.name.lower() for one in others)


def _below(folder: Path) -> Iterator[Path]:
    """Plain files of a folder and of those in it; links to folders are not followed."""
    count = 0
    for at, folders, names in os.walk(folder):
        depth = len(Path(at).relative_to(folder).parts)
        folders[:] = [] if depth >= DEEPEST else sorted(name for name in folders if not name.startswith("."))
        for name in names:
            count += 1
            if Path(name).suffix.lower() in READERS and not name.startswith("."):
                yield Path(at, name)
        if count > MOST_FILES * 10:
            return


def split_of(file: Path) -> str:
    """The split that a data file's name tells, or else its folder's; one of ``SPLITS``, or ""."""
    for told in (file.name, file.parent.name):
        words = re.split(r"[^a-z]+", told.lower())
        if found := next((name for name in SPLITS if name in words), ""):
            return found
    return ""


def _order(file: Path) -> tuple[int, list[str]]:
    """By split, then by name with numbers in their order."""
    split = [*SPLITS, ""].index(split_of(file))
    pieces = [f"{int(piece):030d}" if piece.isdigit() else piece for piece in re.split(r"(\d{1,20})", str(file))]
    return split, pieces


def _saved(folder: Path) -> list[Path]:
    """The Arrow files of ``save_to_disk``, in the order of its state.json."""
    if (folder / "dataset_dict.json").is_file():
        splits = _facts(folder / "dataset_dict.json").get("splits")
        names = [str(name) for name in splits] if isinstance(splits, list) else []
        ranked = sorted(names, key=lambda name: SPLITS.index(name) if name in SPLITS else len(SPLITS))
        return [file for name in ranked for file in _saved(_inside(folder, name))]
    listed = _facts(folder / "state.json").get("_data_files")
    names = (
        [one.get("filename") if isinstance(one, dict) else None for one in listed] if isinstance(listed, list) else []
    )
    if not names or not all(isinstance(name, str) for name in names):
        raise BadInput(f"{folder / 'state.json'} names no data files; save the set again with save_to_disk.")
    return [_inside(folder, str(name)) for name in names]


def _inside(folder: Path, name: str) -> Path:
    if Path(name).name != name or name in ("", ".", ".."):
        raise BadInput(f"{folder} names {name[:60]!r}, which does not lie in it.")
    return folder / name


def _facts(file: Path) -> dict[str, object]:
    try:
        return jsontext.loads_object(files.read_plain(file, _SMALL), str(file))
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror or error}.") from error
