"""Sets of questions: the one that ships, InfoVQA as the course's lab loads it, a hub id, a folder or a file.

The published forms of DocVQA, InfographicVQA, ChartQA, TextVQA, VQAv2, MMBench, LLaVA and chats are read, and
tables and folders of pictures with their metadata (``question_sources``). A row that cannot be used is reported and
skipped, never fatal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from tts_playground.errors import BadInput, CannotDo, PlaygroundError
from tts_playground.home import expanded
from tts_playground.tasks.question_sources import folders, joining
from tts_playground.tasks.question_sources.places import Places
from tts_playground.tasks.question_sources.shapes import Asked, questions_of
from tts_playground.tasks.vqa import LONGEST_SIDE, VqaTask

SHIPPED = "infographics-eval"
INFOVQA = "Ahren09/InfoVQA"
SHUFFLE = 42
"""seed of the lab's shuffle of InfoVQA"""


@dataclass(frozen=True)
class Skipped:
    """A row that cannot be used, and why."""

    number: int
    why: str


Item = VqaTask | Skipped


def questions(name: str, most: int = 200, *, longest: int = LONGEST_SIDE) -> Iterator[Item]:
    """The first ``most`` questions of a set; a row that cannot be used counts as one.

    Args:
        name: "infographics-eval", "infovqa", a hub id, a folder, or a file that ends in .jsonl, .json, .csv, .tsv,
            .parquet or .arrow. Of a folder all shards are read, in order. Pictures are files below the
            folder, or of the file's.
        longest: pixels of a picture's longer side; larger ones are scaled down to it.

    Raises:
        BadInput: there is no such set, or a file of it cannot be read. CannotDo: the hub cannot be reached.
    """
    if name == SHIPPED:
        yield from _shipped(most, longest)
        return
    yield from islice(_read(name, most, longest), most)


def _read(name: str, most: int, longest: int) -> Iterator[Item]:
    path = expanded(name)
    if path.exists():
        root = path if path.is_dir() else path.parent
        number = 0
        for file in folders.data_files(path):
            places = Places(root, file)
            for row in joining.with_pictures(joining.joined(file, folders.rows(file))):
                yield from items_of(number, row, places, longest)
                number += 1
        if not number:
            raise BadInput(f"{path} holds no rows; give objects with a picture, a question and answers.")
        return
    if name.lower() == "infovqa":
        rows = _hub(INFOVQA, most)
    elif name.count("/") == 1 and not name.startswith((".", "/", "~")):
        rows = _hub(name, most)
    else:
        raise BadInput(f"There is no set of questions {name!r}; use {SHIPPED}, infovqa, a hub id, a folder or a file.")
    for number, row in enumerate(rows):
        yield from items_of(number, row, Places(path.parent), longest)


def items_of(
    number: int, row: Mapping[str, Any] | PlaygroundError, places: Places, longest: int = LONGEST_SIDE
) -> Iterator[Item]:
    """One row as tasks, or why it is none."""
    if isinstance(row, PlaygroundError):
        yield Skipped(number, str(row))
        return
    try:
        found = questions_of(row)
    except BadInput as error:
        yield Skipped(number, str(error).removesuffix("."))
        return
    for asked in found:
        yield _task(number, asked, places, longest)


def _task(number: int, asked: Asked, places: Places, longest: int) -> Item:
    if not asked.answers:
        return Skipped(number, "it has no answer")
    try:
        return VqaTask.of(places.picture(asked.image), asked.question, asked.answers, longest=longest)
    except BadInput as error:
        return Skipped(number, str(error))


def _shipped(most: int, longest: int) -> Iterator[Item]:
    from tts_playground.worlds.charts import draw
    from tts_playground.worlds.figure_eval import cases

    for case in cases()[:most]:
        yield VqaTask.of(draw(case.figure), case.question.text, [case.question.answer], longest=longest)


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
