"""Small pictures as files: galleries are several times faster with paths than with pictures."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

from PIL import Image

from tts_playground import files
from tts_playground.dsl import Program, render

SIDE = 112
SHOWN = 256
"""longest side of a picture in a gallery"""
KEPT = 8000
"""files kept in this process's folder, at most some 100 MB; then the oldest half goes"""


@cache
def folder() -> Path:
    """Where this process keeps them; the app serves them as they lie here (``ui.gradio_patches.files``)."""
    return files.own_folder("pictures")


def thumbnail(program: Program) -> str:
    """The path of a PNG of the program; made once, named by what it shows."""
    return _file(str(program).encode(), lambda file: render(program, SIDE).convert("1").save(file, "PNG"))


def picture_file(png: bytes) -> str:
    """The path of a small picture of a PNG (as it is when it is small); made once, named by what it shows."""

    def write(partial: Path) -> None:
        with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
            if max(picture.size) <= SHOWN:
                partial.write_bytes(png)
                return
            picture.thumbnail((SHOWN, SHOWN))
            picture.save(partial, "PNG")

    return _file(png, write)


def _file(name: bytes, write: Callable[[Path], None]) -> str:
    file = folder() / f"{hashlib.sha256(name).hexdigest()[:32]}.png"
    try:
        os.utime(file)  # what is looked at stays
    except FileNotFoundError:
        files.make_folder(file.parent)  # somebody may have tidied up
        _prune()
        with files.whole(file, "A small picture", lasting=False) as partial:
            write(partial)
    return str(file)


def _prune() -> None:
    there = []
    with os.scandir(folder()) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):  # another thread removed it, or has just finished it
                there.append((entry.stat().st_mtime, entry.path))
    if len(there) > KEPT:
        for _, path in sorted(there)[: KEPT // 2]:
            with contextlib.suppress(OSError):
                Path(path).unlink()
