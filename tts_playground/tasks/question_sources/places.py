"""The picture that a row names: bytes, base64, a data: address, or a file that lies below the set's folder."""

from __future__ import annotations

import base64
import binascii
import os
import re
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tts_playground.errors import BadInput

LARGEST = 1 << 25
"""bytes of a picture in base64"""
MOST_FOLDERS, DEEPEST = 300, 4
"""folders in which a picture is looked for, and how far down"""
ENDINGS = (".jpg", ".png", ".jpeg", ".webp", ".JPG", ".PNG")
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]+={0,2}\s*")
SHORTEST = 64
"""letters of base64 that are a picture; a GIF of one pixel has 56 or so"""


class Places:
    """Where the pictures of one data file lie."""

    def __init__(self, root: Path, file: Path | None = None) -> None:
        """``root``: the folder that was named, or that of the file that was; no picture is read from outside of it."""
        self._root = Path(os.path.realpath(root))
        self._near = Path(os.path.realpath(file.parent)) if file is not None else self._root
        self._folders: list[Path] | None = None
        self._last = self._near

    def picture(self, value: Any) -> Any:
        """What ``read_picture`` takes, for the value of a picture's field.

        Raises:
            BadInput: it is an address on the web, lies outside of the folder, is not there, or is damaged base64.
        """
        if isinstance(value, Mapping):
            given = value.get("bytes")
            if isinstance(given, (bytes, bytearray)) and given:
                return bytes(given)
            if isinstance(given, str) and given:
                return _decoded(given)
            named = next((value[name] for name in ("path", "url", "image", "image_url") if value.get(name)), None)
            if named is None or (isinstance(named, Mapping) and named is value):
                raise BadInput("its picture has neither bytes nor a path")
            return self.picture(named)
        if isinstance(value, str):
            return self._named(value.strip())
        if isinstance(value, int) and not isinstance(value, bool):
            return self._found(str(value))
        return value

    def _named(self, text: str) -> Any:
        if text.lower().startswith("data:"):
            return _from_address(text)
        if len(text) >= SHORTEST and not text.lower().endswith(ENDINGS) and _BASE64.fullmatch(text):
            return _decoded(text)
        if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", text):
            if text.lower().startswith("file://"):
                return self._found(urllib.parse.unquote(text[7:]))
            raise BadInput(f"its picture {text[:60]!r} is an address on the web, which is not fetched")
        if not text or len(text) > 1000 or "\0" in text:
            raise BadInput("its picture has no name that a file can have")
        return self._found(text)

    def _found(self, name: str) -> Path:
        """The file of that name, or number, in the folder of the data file, the root, or a folder below it."""
        name = name.replace("\\", "/")
        if ".." in Path(name).parts:
            raise BadInput(f"its picture {name[:80]!r} does not lie below the folder of its set")
        for path in self._candidates(name):
            if _is_file(path):
                if not Path(os.path.realpath(path)).is_relative_to(self._root):
                    raise BadInput(f"its picture {name[:80]!r} does not lie below the folder of its set")
                self._last = path.parent if "/" not in name else self._last
                return path
        if Path(name).is_absolute() and not Path(os.path.realpath(name)).is_relative_to(self._root):
            raise BadInput(f"its picture {name[:80]!r} does not lie below the folder of its set")
        raise BadInput(f"there is no file {name[:80]!r} below {self._root}")

    def _candidates(self, name: str) -> Iterator[Path]:
        if Path(name).is_absolute():
            if Path(os.path.realpath(name)).is_relative_to(self._root):
                yield Path(name)
            return
        names = list(_spelled(name))
        for folder in dict.fromkeys((self._near, self._last, self._root)):
            for one in names:
                yield folder / one
        for folder in self._all():
            for one in names:
                yield folder / one

    def _all(self) -> list[Path]:
        """Folders below the root, nearest first."""
        if self._folders is None:
            found: list[Path] = []
            for at, inner, _ in os.walk(self._root):
                depth = len(Path(at).relative_to(self._root).parts)
                inner[:] = [] if depth >= DEEPEST else sorted(one for one in inner if not one.startswith("."))
                found.append(Path(at))
                if len(found) >= MOST_FOLDERS:
                    break
            self._folders = sorted(found, key=lambda one: len(one.parts))
        return self._folders


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _spelled(name: str) -> Iterator[str]:
    """A name, and where it has no ending, the files that it may mean: COCO's numbers have twelve digits."""
    yield name
    if Path(name).suffix.lower() in {one.lower() for one in ENDINGS}:
        return
    stems = [name]
    if name.isdigit() and len(name) <= 12:
        padded = name.zfill(12)
        stems += [padded, *(f"COCO_{split}_{padded}" for split in ("val2014", "train2014", "test2015", "val2017"))]
    for stem in stems:
        for ending in ENDINGS:
            yield stem + ending


def _from_address(text: str) -> bytes:
    """The bytes of a data: address."""
    head, comma, data = text.partition(",")
    if not comma:
        raise BadInput("its picture is a data: address without data")
    if head.lower().endswith(";base64"):
        return _decoded(data)
    if len(data) > LARGEST:
        raise BadInput(f"its picture is a data: address of over {LARGEST >> 20} MB")
    return urllib.parse.unquote_to_bytes(data)


def _decoded(text: str) -> bytes:
    if len(text) > LARGEST * 4 // 3:
        raise BadInput(f"its picture in base64 is larger than {LARGEST >> 20} MB")
    try:
        clean = "".join(urllib.parse.unquote(text).split()).replace("-", "+").replace("_", "/")
        return base64.b64decode(clean + "=" * (-len(clean) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadInput(f"its picture is damaged base64 ({error})") from error
