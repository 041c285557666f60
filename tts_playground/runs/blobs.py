"""Pictures as files named by their sha256: written once, whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tts_playground.errors import StoreError

_STALE = 3600.0
"""seconds after which an unfinished file was left behind by a killed process"""


@dataclass(frozen=True)
class Blobs:
    """A folder of content-addressed PNG files."""

    folder: Path

    def path(self, digest: str) -> Path:
        """Where the file of this sha256 (hex) lies."""
        return self.folder / digest[:2] / f"{digest}.png"

    def put(self, data: bytes) -> str:
        """Write the bytes unless they are there; returns their sha256.

        Temporary file, fsync, rename: there is never half a file under a final name.
        """
        digest = hashlib.sha256(data).hexdigest()
        target = self.path(digest)
        if target.exists():
            return digest
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=target.parent, suffix=".tmp")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(target)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise StoreError(f"A picture cannot be written to {target.parent}: {error.strerror}.") from error
        return digest

    def digests(self) -> Iterator[str]:
        """The sha256 of every file."""
        return (file.stem for file in self.folder.glob("??/*.png"))

    def remove(self, digest: str) -> None:
        """Remove one file if it is there."""
        self.path(digest).unlink(missing_ok=True)

    def remove_unfinished(self) -> None:
        """Remove what killed processes left half written, once it is an hour old."""
        for file in self.folder.glob("??/*.tmp"):
            with contextlib.suppress(FileNotFoundError):  # its writer may finish, or another sweep may come first
                if time.time() - file.stat().st_mtime > _STALE:
                    file.unlink()
