"""Data sets of programs with their pictures: as ``datasets.Dataset``, from files, and from the generator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tts_playground import files as plain_files
from tts_playground.dsl.generator import Difficulty, generate
from tts_playground.dsl.raster import render
from tts_playground.errors import BadInput, CannotDo, PlaygroundError
from tts_playground.evolve.exclusion import Barred
from tts_playground.evolve.fitness import Gallery
from tts_playground.home import expanded
from tts_playground.tasks.question_sources import folders
from tts_playground.tasks.question_sources.places import Places

if TYPE_CHECKING:
    from datasets import Dataset

SIDE = 256
USUAL = ("test", "validation", "train")
"""the splits of which one is read where nobody says, the first that there is"""
LARGEST_PICTURE = 1 << 26
"""bytes of a picture's file"""
HAND_WRITTEN = Difficulty(primitives=(1, 6), coverage=(0.055, 0.75), visible=0.004)
"""the hand-written generator's settings: nothing hidden, nothing nearly blank or nearly full"""


def dataset(texts: Sequence[str], side: int = SIDE) -> Dataset:
    """Programs and their reference renders as rows (program, image).

    Raises:
        DSLError: a text that does not parse.
    """
    from datasets import Dataset, Features, Image, Value

    features = Features({"program": Value("string"), "image": Image()})
    columns = {"program": list(texts), "image": [render(text, side) for text in texts]}
    return Dataset.from_dict(columns, features=features)


def texts_of(rows: Any) -> list[str]:
    """The programs of a data set, a list of mappings, or a list of texts.

    Raises:
        BadInput: there are none, or one is no text.
    """
    if hasattr(rows, "column_names"):
        if "program" not in rows.column_names:
            raise BadInput(f"The data set has no column 'program'; it has {', '.join(rows.column_names)}.")
        try:
            return [str(text) for text in rows["program"]]
        except UnicodeDecodeError as error:
            raise BadInput(f"A program of the data set is no Unicode text: {error}.") from error
    found = []
    for place, row in enumerate(rows):
        if isinstance(row, Mapping) and "program" in row:
            row = str(row["program"])
        if not isinstance(row, str):
            raise BadInput(f"Row {place} of the data set has no 'program'; a row is a text, or a mapping that has one.")
        found.append(row)
    return found


def hand_written(
    barred: Iterable[str] | Barred, size: int, *, settings: Difficulty = HAND_WRITTEN, seed: int = 0
) -> list[str]:
    """``size`` programs of the generator: no two with one picture, none barred.

    Raises:
        CannotDo: the settings do not allow so many different ones.
    """
    if size < 1:
        raise BadInput(f"A data set has at least one row, not {size}.")
    kept: list[str] = []
    barred = barred if isinstance(barred, Barred) else Barred(barred)
    gallery = Gallery()
    for index in range(20 * size + 1000):
        program = generate(seed, index, settings)
        if gallery.distance(program) <= 0.0 or program in barred:
            continue
        gallery.add(program)
        kept.append(str(program))
        if len(kept) == size:
            return kept
    raise CannotDo(f"The generator found {len(kept)} of {size} different programs; loosen its settings.")


def read(source: str | Path, split: str = "") -> Dataset:
    """A data set from a folder or file (parquet, Arrow, json, jsonl, csv, tsv, or ``save_to_disk``), or a hub id.

    Local files are read as sets of questions are (``tasks.question_sources``): all shards, in order. Rows without a
    picture get their program's.

    Args:
        split: of several only this one; "" takes all files of a folder, and of a saved dictionary or the hub the test
            split, else validation, else train.

    Raises:
        BadInput: there is no such file, a row is damaged, or it holds no programs.
        CannotDo: the hub cannot be reached.
    """
    path = expanded(source)
    if path.exists():
        return _local(path, split)
    found: Any = _from_hub(str(source))
    if not hasattr(found, "features") or isinstance(found, dict):
        names = list(found)
        found = found[split or next((name for name in USUAL if name in names), names[0])]
    if "program" not in found.column_names:
        raise BadInput(f"{source} has no column 'program'; it has {', '.join(found.column_names)}.")
    return found if "image" in found.column_names else dataset(texts_of(found))


def _local(path: Path, split: str) -> Dataset:
    from datasets import Dataset, Features, Image, Value

    root = path if path.is_dir() else path.parent
    texts: list[str] = []
    pictures: list[bytes | None] = []
    for file in _of_split(folders.data_files(path), split, saved=(path / "dataset_dict.json").is_file()):
        places = Places(root, file)
        for row in folders.rows(file):
            try:
                texts.append(_program(row))
                pictures.append(_picture(row, places))
            except PlaygroundError as error:
                why = str(error).removesuffix(".")
                raise BadInput(f"Row {len(pictures)} of {path} cannot be used: {why}.") from error
    if not texts:
        raise BadInput(f"{path} holds no rows; give objects with a field 'program'.")
    if all(picture is None for picture in pictures):
        return dataset(texts)
    shown = [render(text, SIDE) if one is None else {"bytes": one} for text, one in zip(texts, pictures, strict=True)]
    features = Features({"program": Value("string"), "image": Image()})
    return Dataset.from_dict({"program": texts, "image": shown}, features=features)


def _of_split(files: list[Path], split: str, *, saved: bool) -> list[Path]:
    """The files of the asked split, or all where their names tell none such; of a saved dictionary one split."""
    there = {folders.split_of(file) for file in files}
    wanted = split or (next((name for name in USUAL if name in there), "") if saved else "")
    return [file for file in files if folders.split_of(file) == wanted] if wanted in there and wanted else files


def _program(row: Any) -> str:
    if isinstance(row, PlaygroundError):
        raise row
    if "program" not in row:
        raise BadInput(f"it has no column 'program', only {', '.join(map(str, row)) or 'none'}")
    if not isinstance(row["program"], str):
        raise BadInput(f"its program is a {type(row['program']).__name__} and no text")
    return row["program"]


def _picture(row: Any, places: Places) -> bytes | None:
    """The bytes of a row's picture; None where it has none."""
    if row.get("image") is None:
        return None
    found = places.picture(row["image"])
    try:
        return found if isinstance(found, bytes) else plain_files.read_plain(found, LARGEST_PICTURE)
    except OSError as error:
        raise BadInput(f"its picture cannot be read: {error.strerror or error}") from error


def _from_hub(name: str) -> Any:
    from datasets import load_dataset

    if name.count("/") != 1 or name.startswith((".", "/")):
        raise BadInput(f"There is no file or folder {name!r}; give one, or a data set's id on the hub (owner/name).")
    try:
        return load_dataset(name)
    except Exception as error:  # the hub's client raises many kinds, all of which mean the same here
        first = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise CannotDo(f"The data set {name} cannot be fetched from the hub: {first}") from error
