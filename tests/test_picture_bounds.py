"""What stands around the pixels of a picture is bounded: tags, chunks, comments, scans."""

import io
import struct
import subprocess
import sys
import zlib

import pytest
from PIL import Image

from tts_playground.errors import BadInput
from tts_playground.images import open_image


def _saved(kind, size=(9, 9), **options):
    stream = io.BytesIO()
    Image.new("RGB", size).save(stream, kind, **options)
    return stream.getvalue()


def _chunk(name, data=b""):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _tags(count, size, kind=7, more=()):
    """A directory whose tags all name the same bytes, from place 8."""
    rows = [*more, *((40000 + place, kind, size, 8) for place in range(count))]
    return struct.pack("<H", len(rows)) + b"".join(struct.pack("<HHII", *row) for row in rows) + bytes(4)


SHAPE = [(256, 3, 1, 8), (257, 3, 1, 8), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
SHAPE += [(273, 4, 1, 8), (277, 3, 1, 1), (278, 3, 1, 8), (279, 4, 1, 64)]


def _tiff(count, size, kind=7):
    return b"II*\0" + struct.pack("<I", 72) + bytes(64) + _tags(count, size, kind, SHAPE) + bytes(size)


def _exif(count, size):
    """An orientation (upside down), and tags."""
    return b"II*\0" + struct.pack("<I", 8) + _tags(count, size, more=[(274, 3, 1, 3)]) + bytes(size)


def _jpeg(before=b"", after=b""):
    whole = _saved("JPEG")
    return whole[:2] + before + whole[2:-2] + after + whole[-2:]


def _exif_jpeg(exif):
    pieces = [exif[at : at + 65000] for at in range(0, len(exif), 65000)]
    return _jpeg(b"".join(b"\xff\xe1" + struct.pack(">H", len(one) + 8) + b"Exif\0\0" + one for one in pieces))


def _png(*chunks):
    whole = _saved("PNG")
    return whole[:33] + b"".join(chunks) + whole[33:]


def _gif(before=b""):
    whole = _saved("GIF")
    place = whole.index(b",\0\0\0\0")
    return whole[:place] + before + whole[place:]


def _scans(count):
    """A black progressive JPEG of 62 million pixels, with empty scans."""
    whole = _saved("JPEG", (7900, 7900), progressive=True)
    last = whole.rindex(b"\xff\xda")
    return whole[:-2] + (whole[last : last + 2 + whole[last + 3]] + b"\0") * count + whole[-2:]


REFUSED = {
    "tags of a TIFF": lambda: _tiff(200, 10**6),
    "numbers of a TIFF": lambda: _tiff(1, 1_100_000, kind=3) + bytes(2_200_000),
    "chunks": lambda: _png(_chunk(b"abCd") * 300_000),
    "markers": lambda: _jpeg(b"\xff\xe5\0\2" * 300_000),
    "comments of a JPEG": lambda: _jpeg(b"\xff\xfe\0\2" * 300_000),
    "filling": lambda: _jpeg(b"\xff" * 600_000),
    "scans": lambda: _scans(100),
    "comments of a GIF": lambda: _gif(b"!\xfe\1a\0" * 5000),
    "pieces of a comment": lambda: _gif(b"!\xfe" + b"\1a" * 5000 + b"\0"),
    "nothing before a frame": lambda: _gif(bytes(5000)),
    "comments of a PPM": lambda: b"P6\n" + b"#a\n" * 200_000 + b"9 9\n255\n" + bytes(243),
    "written numbers": lambda: b"P1\n8000 7900\n" + b"#a\n1" * 300_000,
}


@pytest.mark.parametrize("name", REFUSED)
def test_too_much_around_the_pixels_is_refused(name):
    with pytest.raises(BadInput, match="picture"):
        open_image(REFUSED[name]())


WITH_TAGS = {
    "TIFF": lambda: _tiff(2000, 10**6),
    "PNG": lambda: _png(_chunk(b"eXIf", _exif(2000, 10**6))),
    "JPEG": lambda: _exif_jpeg(_exif(2000, 10**6)),
    "WEBP": lambda: _saved("WEBP", exif=_exif(2000, 10**6)),
}


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited as Linux limits it")
@pytest.mark.parametrize("name", WITH_TAGS)
def test_tags_that_all_name_the_same_bytes_take_no_memory(name, tmp_path):
    file = tmp_path / "picture"
    file.write_bytes(WITH_TAGS[name]())
    code = (
        "import resource, sys\nfrom tts_playground.errors import BadInput\n"
        "from tts_playground.images import open_image\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "try:\n    print(open_image(sys.argv[1]).size)\nexcept BadInput as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True)
    told = "The picture's tags hold more than its file can; save it again and retry." if name == "TIFF" else "(9, 9)"
    assert done.stdout.strip() == told


def test_what_cameras_write_is_read():
    assert open_image(_exif_jpeg(_exif(20, 3))).size == (9, 9)
    assert open_image(_png(_chunk(b"eXIf", _exif(5, 4)), _chunk(b"tEXt", b"a\0b") * 50)).size == (9, 9)
    assert open_image(_gif(b"!\xfe" + (b"\xff" + bytes(255)) * 300 + b"\0")).size == (9, 9)
    assert open_image(_scans(2)).size == (1975, 1975)
    film = b"\xff\xda\xff\xda" * 1000  # phones put a few seconds of film behind a picture
    assert open_image(_saved("JPEG") + film).size == (9, 9)
