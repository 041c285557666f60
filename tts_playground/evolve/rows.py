"""Data sets of programs with their pictures: as ``datasets.Dataset``, from files, and from the generator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tts_playground import files as plain_files
from tts_playground import journal, jsontext
from tts_playground.dsl.generator import Difficulty, generate
from tts_playground.dsl.raster import render
from tts_playground.errors import BadInput, CannotDo, PlaygroundError
from tts_playground.evolve.exclusion import Barred
from tts_playground.evolve.fitness import Gallery

if TYPE_CHECKING:
    from datasets import Dataset

SIDE = 256
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
    return [str(row["program"]) if not isinstance(row, str) else row for row in rows]


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
    """A data set from a folder or file (parquet, json, jsonl, csv, or ``save_to_disk``), or a hub id.

    A file with programs but without pictures gets them rendered.

    Raises:
        BadInput: there is no such file, or it holds no programs.
        CannotDo: the hub cannot be reached.
    """
    from datasets import Dataset, load_dataset, load_from_disk

    path = Path(source)
    try:
        if (path / "dataset_info.json").is_file() or (path / "dataset_dict.json").is_file():
            found: Any = load_from_disk(str(path))
        elif path.exists():
            found = _from_files(path, load_dataset)
        else:
            found = _from_hub(str(source), load_dataset)
    except PlaygroundError:
        raise
    except Exception as error:  # the readers of datasets, Arrow and pandas raise many kinds for a damaged file
        first = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise BadInput(f"{source} cannot be read as a data set: {first}") from error
    if not isinstance(found, Dataset):
        names = list(found)
        found = found[split or next((name for name in ("test", "validation", "train") if name in names), names[0])]
    if "program" not in found.column_names:
        raise BadInput(f"{source} has no column 'program'; it has {', '.join(found.column_names)}.")
    return found if "image" in found.column_names else dataset(texts_of(found))


def _from_files(path: Path, load_dataset: Any) -> Any:
    kinds = {".parquet": "parquet", ".json": "json", ".jsonl": "json", ".csv": "csv"}
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    files = [file for file in files if file.suffix in kinds and file.name not in ("plan.json", "lineage.jsonl")]
    if not files:
        raise BadInput(f"{path} holds no .parquet, .json, .jsonl or .csv file with programs.")
    kind = files[0].suffix
    chosen = [str(file) for file in files if file.suffix == kind]
    if kinds[kind] == "json":
        return _from_json([Path(file) for file in chosen])
    for file in chosen:  # Arrow and pandas would wait for a pipe
        plain_files.open_plain(file).close()
    return load_dataset(kinds[kind], data_files=chosen, split="train")


def _from_json(files: Sequence[Path]) -> Dataset:
    """Objects, one a line or in one list, or one object of columns.

    Read without Arrow's parser, which ``datasets`` would use: a line of NaN, or 20,000 brackets, end the process there.
    """
    from datasets import Dataset

    rows = [row for file in files for row in _objects(file)]
    names = dict.fromkeys(name for row in rows for name in row)
    if not names:
        raise BadInput(f"{files[0]} holds no rows; give objects with a field 'program'.")
    return Dataset.from_dict({name: [row.get(name) for row in rows] for name in names})


def _objects(file: Path) -> list[dict[str, Any]]:
    try:
        data = plain_files.read_plain(file, journal.LARGEST)
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror or error}.") from error
    try:
        whole = jsontext.loads(data, str(file))
    except BadInput:
        return journal.read(file, torn=False)  # more than one value: a line each
    if isinstance(whole, dict) and whole and all(isinstance(column, list) for column in whole.values()):
        if len({len(column) for column in whole.values()}) > 1:
            raise BadInput(f"The columns of {file} have different lengths.")
        whole = [dict(zip(whole, cells, strict=True)) for cells in zip(*whole.values(), strict=True)]
    rows = whole if isinstance(whole, list) else [whole]
    if not all(isinstance(row, dict) for row in rows):
        raise BadInput(f"{file} holds something else than objects with a field 'program'.")
    return rows


def _from_hub(name: str, load_dataset: Any) -> Any:
    if name.count("/") != 1 or name.startswith((".", "/")):
        raise BadInput(f"There is no file or folder {name!r}; give one, or a data set's id on the hub (owner/name).")
    try:
        return load_dataset(name)
    except Exception as error:  # the hub's client raises many kinds, all of which mean the same here
        first = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise CannotDo(f"The data set {name} cannot be fetched from the hub: {first}") from error
