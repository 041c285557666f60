"""Folders wherever they are: on this machine, or at an address that ``fsspec`` reads, such as s3://bucket/run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tts_playground import files
from tts_playground.errors import BadInput, CannotDo, PlaygroundError, shown
from tts_playground.home import expanded


@dataclass(frozen=True)
class FileFolder:
    """A folder that files are read from and written to, each whole or not at all."""

    name: str
    system: Any
    """an ``fsspec`` file system"""
    root: str

    @property
    def local(self) -> bool:
        """Whether it is on this machine."""
        return "://" not in self.name

    def find(self) -> list[str]:
        """The files below it, in order of their names; none where it is not there.

        Raises:
            CannotDo: it cannot be read.
        """
        with _told(self.name, "read"):
            return sorted(self.system.find(self.root)) if self.system.exists(self.root) else []

    def read(self, path: str) -> bytes:
        """A file that ``find`` named.

        Raises:
            CannotDo: it cannot be read.
        """
        with _told(path, "read"):
            if self.local:
                return files.read_plain(path, 1 << 30)
            return self.system.cat_file(path)

    def beside(self, path: str, name: str) -> bytes:
        """The file of that name in the folder of another one; empty where there is none.

        Raises:
            CannotDo: it cannot be read.
        """
        other = f"{path.rpartition('/')[0]}/{name}"
        with _told(other, "read"):
            there = self.system.exists(other)
        return self.read(other) if there else b""

    def there(self, name: str) -> bool:
        """Whether it has a file of that name.

        Raises:
            CannotDo: nobody can tell.
        """
        with _told(self.name, "read"):
            return self.system.exists(f"{self.root}/{name}")

    def write(self, name: str, data: bytes) -> str:
        """Write a file below it; returns its path.

        Raises:
            CannotDo: it cannot be written.
        """
        path = f"{self.root}/{name}"
        if self.local:
            files.make_folder(Path(path).parent)
            files.write_bytes(path, data, "The chunk")
            return path
        with _told(path, "written"):
            self.system.makedirs(path.rpartition("/")[0], exist_ok=True)
            self.system.pipe_file(path, data)
        return path


def opened(name: str) -> FileFolder:
    """The folder of that name or address.

    Raises:
        BadInput: nothing here reads such addresses.
    """
    import fsspec
    from fsspec.core import url_to_fs

    if "://" not in name:
        return FileFolder(name, fsspec.filesystem("file"), str(expanded(name).absolute()))
    try:
        system, root = url_to_fs(name)
    except (ImportError, ValueError) as error:
        raise BadInput(f"{shown(name)} is no folder that can be read here: {shown(error, 300)}.") from error
    except Exception as error:  # a server's own
        raise CannotDo(f"{shown(name)} cannot be reached: {shown(error, 300)}.") from error
    return FileFolder(name, system, str(root).rstrip("/"))


@contextmanager
def _told(name: str, done: str) -> Iterator[None]:
    """What a file system raises as a sentence."""
    try:
        yield
    except PlaygroundError:
        raise
    except Exception as error:  # each file system has its own
        raise CannotDo(f"{shown(name)} cannot be {done}: {shown(error, 300).removesuffix('.')}.") from error
