"""Samples as rows: how contents, keys and infos become text and bytes for a store or a parquet file, and back."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from tts_playground import jsontext
from tts_playground.core import Cost, Sample
from tts_playground.dsl.tree import Program
from tts_playground.errors import BadInput, StoreError

MOST_PIXELS = 40_000_000
"""of a picture that is decoded"""


@dataclass(frozen=True, slots=True)
class StoredRow:
    """One sample of a pool, encoded."""

    seed: int
    index: int
    codec: str
    """"text", "program" or "image": how the content is written"""
    text: str | None
    """the content of a text or a program"""
    image: bytes | Path | None
    """the content of an image: a PNG, or the file that holds it"""
    logprob: float | None
    cost: str
    """JSON of ``core.Cost``"""
    info: str
    """JSON of the sample's info"""

    def png(self) -> bytes:
        """The PNG bytes of an image; a file is checked against its name, which is its sha256.

        Raises:
            BadInput: the sample is no image.
            StoreError: the file is gone or damaged.
        """
        if isinstance(self.image, bytes):
            return self.image
        if self.image is None:
            raise BadInput(f"Sample {self.index} is a {self.codec}, not an image.")
        try:
            data = self.image.read_bytes()
        except OSError as error:
            raise StoreError(f"The picture of sample {self.index} is gone ({self.image}); delete its pool.") from error
        if hashlib.sha256(data).hexdigest() != self.image.stem:
            raise StoreError(f"The picture of sample {self.index} is damaged ({self.image}); delete its pool.")
        return data


def encode(sample: Sample) -> StoredRow:
    """The sample as a row. Texts, programs and pictures are known; a picture keeps its pixels and nothing else."""
    codec = _codec(sample)
    text, image = _WRITE[codec](sample.content)
    info = json.dumps(plain(sample.info, f"the info of sample {sample.index}"), allow_nan=True)
    cost = json.dumps(sample.cost.as_dict())
    logprob = None if sample.logprob is None else float(sample.logprob)
    return StoredRow(sample.seed, sample.index, codec, text, image, logprob, cost, info)


def decode(row: StoredRow) -> Sample:
    """The sample that ``encode`` was given; raises StoreError where the row is damaged."""
    try:
        content = _READ[row.codec](row)
        cost, info = Cost(**read_cost(row)), jsontext.loads_object(row.info, "its info")
    except StoreError:
        raise
    except Exception as error:  # Pillow raises anything on damaged files
        raise StoreError(
            f"Sample {row.index} of a pool cannot be read back; delete the pool and draw again."
        ) from error
    return Sample(content, row.index, row.seed, row.logprob, cost, None, info)


def read_cost(row: StoredRow) -> dict[str, Any]:
    """The cost of a row by the names of ``core.Cost``.

    Raises:
        StoreError: it is damaged.
    """
    try:
        cost = jsontext.loads_object(row.cost, "its cost")
        numbers = [cost[f.name] for f in fields(Cost)]
        if len(cost) != len(numbers) or not all(type(n) in (int, float) and abs(n) < 1e300 for n in numbers):
            raise BadInput("its cost is not a finite number for each of its names")
    except (BadInput, KeyError, TypeError, AttributeError) as error:
        raise StoreError(
            f"The cost of sample {row.index} cannot be read back; delete its pool and draw again."
        ) from error
    return cost


def canonical(value: Any, what: str = "the key") -> str:
    """JSON that is equal for equal values: sorted keys, no spaces, 1.0 written as 1, ASCII only."""
    return json.dumps(_whole(plain(value, what)), sort_keys=True, separators=(",", ":"), allow_nan=False)


def pool_key(kind: str, task: Mapping[str, Any], sampler: Mapping[str, Any]) -> str:
    """sha256 (hex) of what identifies a pool: the task and how it is sampled; never how many samples there are."""
    return hashlib.sha256(canonical({"kind": kind, "task": task, "sampler": sampler}).encode()).hexdigest()


def plain(value: Any, what: str) -> Any:
    """The value as JSON has it: tuples become lists, numpy numbers and arrays become numbers and lists.

    Raises:
        BadInput: something that JSON cannot hold.
    """
    if value is None or isinstance(value, (bool, str, int, float)):
        return value
    if isinstance(value, Mapping):
        if not all(isinstance(name, str) for name in value):
            raise BadInput(f"A name in {what} is not text; JSON has text names only.")
        return {name: plain(item, what) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, what) for item in value]
    if type(value).__module__ == "numpy":
        return plain(value.tolist(), what)
    raise BadInput(f"A {type(value).__name__} in {what} cannot be written as JSON; use text, numbers, lists or dicts.")


def _whole(value: Any) -> Any:
    """Floats without a fraction as integers, so that temperature 1 and 1.0 are one setting."""
    if isinstance(value, dict):
        return {name: _whole(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise BadInput("A pool's key holds a number that is not finite; leave the setting out instead.")
        return int(value) if value.is_integer() else value
    return value


# ------------------------------------------------------------------------------------------------- contents


def _codec(sample: Sample) -> str:
    if isinstance(sample.content, str):
        return "text"
    if isinstance(sample.content, Program):
        return "program"
    if type(sample.content).__module__.startswith("PIL."):
        return "image"
    raise BadInput(
        f"Sample {sample.index} is a {type(sample.content).__name__}; a store keeps text, programs and Pillow images."
    )


def _write_text(content: str) -> tuple[str, None]:
    try:
        content.encode()
    except UnicodeEncodeError as error:
        raise BadInput("A sample's text holds half a surrogate pair, which is not valid Unicode.") from error
    return content, None


def _write_image(content: Any) -> tuple[None, bytes]:
    picture = content.copy() if content.mode in ("1", "L", "LA", "RGB", "RGBA") else content.convert("RGB")
    picture.info = {}
    file = io.BytesIO()
    picture.save(file, "PNG")
    return None, file.getvalue()


def _read_program(row: StoredRow) -> Program:
    from tts_playground.dsl.text import parse

    return parse(_text(row))


def _read_image(row: StoredRow) -> Any:
    from PIL import Image

    with Image.open(io.BytesIO(row.png()), formats=["PNG"]) as picture:
        if picture.width * picture.height > MOST_PIXELS:
            raise ValueError(f"{picture.width} x {picture.height} pixels")
        picture.load()
        picture.info = {}
        return picture.copy()


def _text(row: StoredRow) -> str:
    if row.text is None:
        raise ValueError("a row without its text")
    return row.text


_WRITE: dict[str, Callable[[Any], tuple[str | None, bytes | None]]] = {
    "text": _write_text,
    "program": lambda content: (str(content), None),
    "image": _write_image,
}
_READ: dict[str, Callable[[StoredRow], Any]] = {"text": _text, "program": _read_program, "image": _read_image}
