"""Small pictures of programs as files: galleries are several times faster with paths than with pictures."""

from __future__ import annotations

import hashlib
import os
import tempfile
from functools import cache
from pathlib import Path

from tts_playground.dsl import Program, render

SIDE = 112
KEPT = 4000
"""files kept in this process's folder, about 2 MB; then the oldest half goes"""


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="tts-playground-"))


def thumbnail(program: Program) -> str:
    """The path of a PNG of the program; made once, named by what it shows."""
    file = _folder() / f"{hashlib.sha256(str(program).encode()).hexdigest()[:32]}.png"
    if not file.exists():
        _prune()
        trial = file.with_suffix(f".{os.urandom(4).hex()}")
        render(program, SIDE).convert("1").save(trial, "PNG")
        trial.replace(file)
    return str(file)


def _prune() -> None:
    with os.scandir(_folder()) as entries:
        files = [(entry.stat().st_mtime, entry.path) for entry in entries]
    if len(files) > KEPT:
        for _, path in sorted(files)[: KEPT // 2]:
            Path(path).unlink(missing_ok=True)
