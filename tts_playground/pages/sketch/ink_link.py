"""A small drawing as a few characters of an address, and back."""

from __future__ import annotations

import base64
import binascii
import zlib
from urllib.parse import urlencode

import numpy as np
from numpy.typing import NDArray

from tts_playground.errors import BadInput
from tts_playground.tasks.drawing import SIDE

LONGEST = 3000
"""characters of a drawing in a link; some browsers and chats cut longer ones"""
TOO_LARGE = "This link cannot carry your drawing, which is too detailed; save it as PNG and send that beside the link."


def written(ink: NDArray[np.bool_]) -> str:
    """The drawing (SIDE, SIDE) in characters that an address may hold; "" where it is blank or needs too many."""
    if not ink.any():
        return ""
    text = base64.urlsafe_b64encode(zlib.compress(np.packbits(ink).tobytes(), 9)).decode().rstrip("=")
    return text if len(text) <= LONGEST else ""


def read(text: str) -> NDArray[np.bool_]:
    """The drawing that ``written`` wrote.

    Raises:
        BadInput: it is none.
    """
    try:
        packed = base64.urlsafe_b64decode(text[:LONGEST] + "=" * (-len(text[:LONGEST]) % 4))
        bits = zlib.decompressobj().decompress(packed, SIDE * SIDE // 8 + 1)
    except (ValueError, binascii.Error, zlib.error) as error:
        raise BadInput("The drawing in this link cannot be read; ask for the link again.") from error
    if len(bits) != SIDE * SIDE // 8:
        raise BadInput("The drawing in this link is cut off; ask for the link again.")
    return np.unpackbits(np.frombuffer(bits, np.uint8)).astype(bool).reshape(SIDE, SIDE)


def query(ink: NDArray[np.bool_] | None, name: str = "") -> str:
    """What the page's address says of its drawing: an example's name, the ink, or nothing."""
    if name:
        return urlencode({"drawing": name}, errors="replace")
    text = "" if ink is None else written(ink)
    return urlencode({"ink": text}, errors="replace") if text else ""
