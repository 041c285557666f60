"""Sets of questions: the one that ships, InfoVQA as the course's lab loads it, a hub id, a folder or parquet file.

A row has an ``image`` (or ``image_path``), a ``question`` and its answers under ``answers``, ``answer`` or
``ground_truth`` (one or several): the fields of InfoVQA, DocVQA and InfographicVQA. A row that cannot be used is
reported and skipped, never fatal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tts_playground import files, jsontext
from tts_playground.errors import BadInput, CannotDo, PlaygroundError
from tts_playground.home import expanded
from tts_playground.tasks.vqa import VqaTask

SHIPPED = "infographics-eval"
INFOVQA = "Ahren09/InfoVQA"
SHUFFLE = 42
"""seed of the lab's shuffle of InfoVQA"""
LONGEST_LINE = 1 << 24
"""bytes of a line of a file, whose pictures are named and not held"""
ANSWERS = ("answers", "answer", "ground_truth", "label")
QUESTIONS = ("question", "query")
IMAGES = ("image", "image_path", "file_name", "picture")


@dataclass(frozen=True)
class Skipped:
    """A row that cannot be used, and why."""

    number: int
    why: str


Item = VqaTask | Skipped


def questions(name: str, most: int = 200) -> Iterator[Item]:
    """The first ``most`` questions of a set.

    Args:
        name: "infographics-eval", "infovqa", a hub id, a folder with questions.jsonl, or a .parquet or .jsonl file.

    Raises:
        BadInput: there is no such set. CannotDo: the hub cannot be reached.
    """
    if name == SHIPPED:
        yield from _shipped(most)
        return
    path = expanded(name)
    if path.exists():
        rows = _local(path)
    elif name.lower() == "infovqa":
        rows = _hub(INFOVQA, most)
    elif name.count("/") == 1 and not name.startswith((".", "/", "~")):
        rows = _hub(name, most)
    else:
        raise BadInput(f"There is no set of questions {name!r}; use {SHIPPED}, infovqa, a hub id, a folder or a file.")
    for number, row in enumerate(rows):
        if number >= most:
            return
        yield task_of(number, row, path if path.is_dir() else path.parent)


def task_of(number: int, row: Mapping[str, Any] | PlaygroundError, folder: Path) -> Item:
    """One row as a task, or why it is none."""
    if isinstance(row, PlaygroundError):
        return Skipped(number, str(row))
    question, image, given = (_first(row, names) for names in (QUESTIONS, IMAGES, ANSWERS))
    if question is None or image is None:
        missing = "question" if question is None else "image"
        return Skipped(number, f"it has no {missing}; its fields are {', '.join(sorted(row)) or 'none'}")
    listed = given if isinstance(given, (list, tuple)) else [] if given is None else [given]
    answers = [str(answer) for answer in listed if answer is not None and str(answer).strip()]
    if not answers:
        return Skipped(number, "it has no answer")
    try:
        return VqaTask.of(_image(image, folder), str(question), answers)
    except BadInput as error:
        return Skipped(number, str(error))


def _first(row: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((row[name] for name in names if row.get(name) is not None), None)


def _image(value: Any, folder: Path) -> Any:
    """A path beside the file, the bytes of a parquet cell, or what it is."""
    if isinstance(value, str):
        return value if Path(value).is_absolute() else folder / value
    if isinstance(value, Mapping):
        return value.get("bytes") or _image(value.get("path") or "", folder)
    return value


def _shipped(most: int) -> Iterator[Item]:
    from tts_playground.worlds.charts import draw
    from tts_playground.worlds.figure_eval import cases

    for case in cases()[:most]:
        yield VqaTask.of(draw(case.figure), case.question.text, [case.question.answer])


def _local(path: Path) -> Iterator[Any]:
    if path.is_dir():
        found = [path / name for name in ("questions.jsonl", "metadata.jsonl") if (path / name).is_file()]
        found = found or sorted(path.glob("*.parquet"))[:1]
        if not found:
            raise BadInput(f"The folder {path} has no questions.jsonl, metadata.jsonl or .parquet file.")
        path = found[0]
    if path.suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            files.open_plain(path).close()  # Arrow would wait for a pipe
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(64):
                    yield from batch.to_pylist()
        except PlaygroundError:
            raise
        except (OSError, ValueError, OverflowError, pa.ArrowException) as error:
            first = next(iter(str(error).strip().splitlines()), type(error).__name__)
            raise BadInput(f"{path} cannot be read as parquet: {first}.") from error
        return
    try:
        with files.open_plain(path) as lines:
            while line := lines.readline(LONGEST_LINE + 1):
                if len(line) > LONGEST_LINE:
                    raise BadInput(f"{path} has a line of over {LONGEST_LINE >> 20} MB, which is not read.")
                if line.strip():
                    yield _parsed(line)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.") from error


def _parsed(line: bytes) -> Any:
    try:
        return jsontext.loads_object(line, "it")
    except BadInput as error:
        return BadInput(str(error).removesuffix("."))


def _hub(name: str, most: int) -> Iterator[Any]:
    """Streamed, shuffled as in the lab; nothing is stored."""
    import datasets

    split = "train" if name == INFOVQA else None
    load: Callable[..., Any] = datasets.load_dataset
    try:
        found = load(name, split=split, streaming=True)
        if split is None:
            found = found[next((one for one in ("validation", "test", "train") if one in found), next(iter(found)))]
        yield from found.shuffle(seed=SHUFFLE).take(most)
    except PlaygroundError:
        raise
    except Exception as error:  # every kind of network trouble, a missing set, a gated one: same sentence
        why = f"{type(error).__name__}"
        raise CannotDo(f"The set {name} cannot be read from the hub ({why}); go online, or give a folder.") from error
