"""What pins a repository's own code: a commit of the hub's, or a fingerprint of a folder's .py files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tts_playground.errors import ModelUnavailable

FLAG = "--trust-code"
"""of the command line; ``trust_code`` in Python"""
REWARD_FLAG = "--reward-code"
"""the same of a judge of steps; ``reward_code`` in Python"""


def flag_of(kind: str) -> str:
    """What the command line calls the consent to the code of a kind of model."""
    return REWARD_FLAG if kind == "prm" else FLAG


def fingerprint(folder: Path) -> str:
    """40 hexadecimal digits that change with the names and the bytes of all .py files in a folder and below it.

    Raises:
        ModelUnavailable: one of them cannot be read.
    """
    digest = hashlib.blake2b(digest_size=20)
    try:
        for file in sorted(folder.rglob("*.py")):
            data = file.read_bytes()
            digest.update(f"{file.relative_to(folder).as_posix()}\0{len(data)}\0".encode() + data)
    except OSError as error:
        raise ModelUnavailable(f"The code in {folder} cannot be read: {error.strerror or error}.") from error
    return digest.hexdigest()


def pin_of(folder: Path) -> str:
    """The commit of one of the hub's snapshots; of any other folder its fingerprint."""
    return folder.name if folder.parent.name == "snapshots" else fingerprint(folder)
