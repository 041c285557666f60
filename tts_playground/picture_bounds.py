"""Bounds that Pillow leaves open on what stands around the pixels: directories of tags, chunks, comments, scans.

Read in Pillow 12.3. Measured there: a file of 19 MB whose 65,000 tags all name the same 19 MB takes all memory,
as TIFF or as the EXIF of any other kind; a GIF of 20 MB of comments takes hours, a JPEG of a million scans minutes.
"""

from __future__ import annotations

import re
import struct
from typing import IO, Any

from PIL import TiffImagePlugin

from tts_playground.errors import BadInput

READS = 500_000
"""times that a file is read from, at most; a GIF of 32 million pixels takes half as many, in a second"""
VALUES = 1_000_000
"""numbers in a directory of tags, which become Python's; where the rows of a picture begin takes one each"""
BLOCKS = 4000
"""pieces of comments and the like before a GIF's first frame; Pillow copies all earlier ones for each"""
SCANNED = 2_000_000_000
"""pixels times scans of a JPEG; encoders make up to some twenty"""
PLAIN = 1_000_000
"""bytes of a PPM file whose numbers are written out, which Python reads"""
_MARKER = re.compile(rb"\xff[\x02-\xcf\xd8-\xfe]")
"""of a JPEG's segments: not what stands within a scan"""
_SMALL = {1, 2, 7}
"""types of tags whose values stay bytes"""


class Metered:
    """A file that is read from a bounded number of times: what its parser does in between takes time and memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._left = READS

    def read(self, *size: int) -> bytes:
        """As of a file.

        Raises:
            BadInput: it was read from too often.
        """
        self._left -= 1
        if self._left < 0:
            raise BadInput("The picture holds too many pieces; save it again and retry.")
        return self._file.read(*size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def check_start(file: IO[bytes]) -> None:
    """Look at a file before Pillow does; its place is kept.

    Raises:
        BadInput: a GIF with too many pieces before its first frame, or a long PPM of written numbers.
    """
    place = file.tell()
    head = file.read(13)
    try:
        if head[:4] == b"GIF8":
            _check_gif(file, head)
        elif re.match(rb"P[123]\s", head) and file.seek(0, 2) - place > PLAIN:
            raise BadInput("The picture is a PPM file with its numbers written out, and too long; save it as PNG.")
    finally:
        file.seek(place)


def check_scans(file: IO[bytes], pixels: int) -> None:
    """Refuse a JPEG of that many pixels with too many scans; raises BadInput."""
    file.seek(0)
    data, at = file.read(), 2
    most, scans = max(20, SCANNED // max(1, pixels)), 0
    while (marker := _MARKER.search(data, at)) and marker[0] != b"\xff\xd9":  # what follows may be a film
        scans += marker[0] == b"\xff\xda"
        if scans > most:
            raise BadInput(f"The picture is a JPEG with over {most} scans, too many to be read; save it again.")
        at = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2])


def _check_gif(file: IO[bytes], head: bytes) -> None:
    flags = head[10] if len(head) > 10 else 0
    file.seek(3 << ((flags & 7) + 1) if flags & 128 else 0, 1)
    for _ in range(BLOCKS):
        kind = file.read(1)
        if kind in (b"", b",", b";"):
            return
        if kind == b"!":
            file.read(1)
            for _ in range(BLOCKS):
                size = file.read(1)
                if size in (b"", b"\0"):
                    break
                file.seek(size[0], 1)
            else:
                break
    raise BadInput("The picture is a GIF with too many pieces before its first frame; save it again and retry.")


# ------------------------------------------------------------------------------------------- directories of tags


def _check_tags(directory: Any, file: IO[bytes]) -> None:
    """Refuse a directory whose values overlap, or are too many; its file keeps its place."""
    place, room = file.tell(), file.seek(0, 2)
    file.seek(place)
    big = directory._bigtiff
    entry, head = (20, 8) if big else (12, 2)
    order = directory._endian
    counted = file.read(head)
    if len(counted) == head:
        (count,) = struct.unpack(order + ("Q" if big else "H"), counted)
        table = file.read(entry * min(count, 65535))
        total = numbers = 0
        for at in range(0, len(table) - entry + 1, entry):
            _, kind, values = struct.unpack_from(order + ("HHQ" if big else "HHL"), table, at)
            unit = directory._load_dispatch.get(kind, (0, None))[0]
            total += values * unit if values * unit > (8 if big else 4) else 0
            numbers += values if unit and kind not in _SMALL else 0
        if total > room or numbers > VALUES:
            raise BadInput("The picture's tags hold more than its file can; save it again and retry.")
    file.seek(place)


_load = TiffImagePlugin.ImageFileDirectory_v2.load


def _bounded_load(self: Any, fp: IO[bytes]) -> None:
    _check_tags(self, fp)
    _load(self, fp)


# Pillow makes its directories of tags by this name in TIFF, EXIF and MPO alike, and takes no other class for them
setattr(TiffImagePlugin.ImageFileDirectory_v2, "load", _bounded_load)  # noqa: B010 - no checker lets methods be assigned
