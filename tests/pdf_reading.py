"""What a reader of PDF finds in a file that jsPDF wrote: its words, its lines, its pictures."""

import re
import zlib
from dataclasses import dataclass

PART = re.compile(rb"^(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """The one page of a file."""

    size: tuple[float, float]
    """(width, height) in points"""
    words: str
    """all its text, a line a text"""
    strokes: int
    """operators that draw: curves, lines and areas"""
    pictures: tuple[tuple[float, float], ...]
    """(width, height) in points, of each picture"""


def read(data: bytes) -> Page:
    """The page of the file; it holds one."""
    assert data.startswith(b"%PDF-") and data.rstrip().endswith(b"%%EOF")
    place = int(data.rsplit(b"startxref\n", 1)[1].split()[0])
    assert data[place : place + 4] == b"xref"
    parts = {number: _unpacked(body) for number, body in PART.findall(data)}
    fonts = {
        name: _letters(parts[found[1]])
        for resources in parts.values()
        for name, number in re.findall(rb"/(F\d+) (\d+) 0 R", resources)
        if (found := re.search(rb"/ToUnicode (\d+) 0 R", parts[number]))
    }
    [drawn] = [body for body in parts.values() if re.search(rb"\sre\nW", body)]
    texts, font = [], {}
    for name, text in re.findall(rb"/(F\d+) [\d.]+ Tf|<([0-9a-f]+)> Tj", drawn):
        font = fonts[name] if name else font
        texts += ["".join(font[letter] for letter in re.findall(b"....", text))] if text else []
    # a picture is a unit square: one matrix makes it as large as it has dots, the one before fits it in its place
    n = rb"(-?[\d.]+)"
    fitted = rb"%s 0\. 0\. %s \S+ \S+ cm\nq\n%s 0 0 %s \S+ \S+ cm\n1 0 0 -1 0 0 cm\n/I\d+ Do" % (n, n, n, n)
    squares = [tuple(map(float, one)) for one in re.findall(fitted, drawn)]
    assert len(squares) == len(re.findall(rb"/I\d+ Do", drawn))
    width, height = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", data).groups()
    return Page(
        size=(float(width), float(height)),
        words="\n".join(texts),
        strokes=len(re.findall(rb"^[SBf]\*?$", drawn, re.MULTILINE)),
        pictures=tuple((across * wide, down * high) for across, down, wide, high in squares),
    )


def _unpacked(part: bytes) -> bytes:
    head, _, stream = part.partition(b"stream\n")
    body = stream.removesuffix(b"\nendstream")
    return zlib.decompress(body) if b"FlateDecode" in head else body or head


def _letters(table: bytes) -> dict[bytes, str]:
    pairs = re.findall(rb"<([0-9a-f]{4})><([0-9a-f]{4,})>", table.split(b"beginbfchar")[1])
    return {number: bytes.fromhex(letter.decode()).decode("utf-16-be") for number, letter in pairs}
