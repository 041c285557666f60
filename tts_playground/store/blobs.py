"""Pictures as files named by their sha256: written once, whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tts_playground import files
from tts_playground.errors import StoreError

DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Blobs:
    """A folder of content-addressed PNG files."""

    folder: Path

    def path(self, digest: str) -> Path:
        """Where the file of this sha256 (hex) lies.

        Raises:
            StoreError: it is none: a damaged name must not lead out of the folder.
        """
        if not DIGEST.fullmatch(digest):
            raise StoreError(f"The name of a picture in {self.folder.parent} is damaged ({digest[:80]!r}).")
        return self.folder / digest[:2] / f"{digest}.png"

    def put(self, data: bytes) -> str:
        """Write the bytes unless they are there; returns their sha256.

        There is never half a file under a final name; one that a power cut left short is written again.
        """
        digest = hashlib.sha256(data).hexdigest()
        target = self.path(digest)
        with contextlib.suppress(OSError):
            if target.stat().st_size == len(data):
                return digest
        files.make_folder(target.parent, "The store's folder")
        files.write_bytes(target, data, "A picture")
        return digest

    def digests(self) -> Iterator[str]:
        """The sha256 of every file."""
        return (file.stem for file in self.folder.glob("??/*.png") if DIGEST.fullmatch(file.stem))

    def remove(self, digest: str) -> None:
        """Remove one file if it is there.

        Raises:
            StoreError: it cannot be removed.
        """
        try:
            self.path(digest).unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"The picture {self.path(digest)} cannot be removed: {error.strerror}.") from error

    def remove_unfinished(self) -> None:
        """Remove what killed processes left half written, once it is an hour old."""
        for folder in self.folder.glob("??"):
            files.sweep(folder)
            for file in folder.glob("*.tmp"):  # of version 0.1 before it held locks
                with contextlib.suppress(OSError):  # its writer may finish, or another sweep may come first
                    if abs(time.time() - file.stat().st_mtime) > files.STALE:
                        file.unlink()
