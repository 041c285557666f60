"""Any file at all is a picture or one sentence, within a bound on memory, whoever opens it."""

import io
import json
import random
import subprocess
import sys
import warnings

import numpy as np
import pytest
from PIL import Image

from tts_playground.errors import BadInput
from tts_playground.images import FORMATS, KEPT_PIXELS, KEPT_SIDE, open_image, to_grey
from tts_playground.tasks.drawing import letterbox, read_drawing
from tts_playground.tasks.scoring import score_picture
from tts_playground.tasks.vqa import read_picture

MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "LAB", "I;16", "I", "F")
OPENERS = (open_image, read_drawing, read_picture, lambda image: score_picture(image, "a cat", ["sharpness"]))


def _saved(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def _picture(mode: str, size: tuple[int, int] = (40, 30)) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    picture = Image.fromarray(pixels)
    return picture.convert("L").convert(mode) if mode[0] in "IF" else picture.convert(mode)


def _files() -> dict[str, bytes]:
    """A small file of every format and mode that goes together."""
    found = {}
    for kind in FORMATS:
        for mode in MODES:
            try:
                found[f"{kind} {mode}"] = _saved(_picture(mode), kind)
            except (OSError, ValueError, KeyError):
                continue
    return found


FILES = _files()


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize("name", FILES)
def test_every_mode_of_every_format_is_opened_by_all(name):
    opened = open_image(FILES[name])
    assert (opened.mode in ("1", "L", "LA", "RGB", "RGBA"), opened.size, opened.info) == (True, (40, 30), {})
    for opener in OPENERS:
        opener(FILES[name])


def test_damaged_files_are_a_picture_or_a_sentence():
    chance = random.Random(0)
    told = set()
    for _ in range(60):
        data = bytearray(FILES[chance.choice(list(FILES))])
        for _ in range(chance.choice((1, 2, 8))):
            data[chance.randrange(min(len(data), chance.choice((40, 200, 10**6))))] = chance.choice((0, 127, 255))
        cut = bytes(data[: chance.randrange(len(data))]) if chance.random() < 0.3 else bytes(data)
        for opener in (open_image, read_drawing):
            try:
                opener(cut)
            except BadInput as error:
                told.add(str(error))
    assert told
    assert all(len(sentence) < 250 and "\n" not in sentence for sentence in told)


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize(
    ("given", "says"),
    [
        (b"", "empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "git lfs pull"),
        (b"\0\0\0\x18ftypheic" + bytes(40), "HEIC"),
        (b"%PDF-1.7 ...", "PNG, JPEG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "PNG, JPEG"),
        (FILES["PNG RGB"][:60], "damaged"),
        (_saved(Image.new("1", (1, 65500))), "too thin"),
        (_saved(Image.new("1", (5001, 50))), "100 times"),
        (5, "not int"),
        (None, "not NoneType"),
        ("\ud800", "no file|cannot be read"),
        ("a\0b", "cannot be read"),
        ("/nowhere/" + "x" * 5000, "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_sentence(opener, given, says):
    with pytest.raises(BadInput, match=says) as caught:
        opener(given)
    assert len(str(caught.value)) < 300


def test_movement_is_refused_but_where_one_frame_will_do():
    frames = [Image.new("L", (9, 9), grey) for grey in (0, 255)]
    for kind in ("GIF", "WEBP", "PNG", "TIFF"):
        moving = _saved(frames[0], kind, save_all=True, append_images=frames[1:])
        with pytest.raises(BadInput, match="moves"):
            open_image(moving)
        assert open_image(moving, moving=True).size == (9, 9)


def test_a_phones_second_picture_is_no_movement():
    photo = _saved(_picture("RGB"), "MPO", save_all=True, append_images=[_picture("RGB", (8, 8))])
    assert open_image(photo).size == (40, 30)


def test_pictures_of_many_bits_are_stretched_whatever_is_no_number():
    deep = np.linspace(-5, 5, 12, dtype=np.float32).reshape(3, 4)
    deep[0, 0], deep[0, 1] = np.nan, np.inf
    opened = np.asarray(open_image(Image.fromarray(deep)))
    assert (opened.dtype, opened[0, 0], opened[0, 1], opened.max()) == (np.uint8, 0, 255, 255)
    nothing = Image.fromarray(np.full((3, 4), np.nan, np.float32))
    assert not np.asarray(open_image(nothing)).any()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_large_pictures_are_scaled_down_and_show_the_same(mode):
    size = (4000, 1500) if mode != "1" else (5000, 60)
    large = Image.linear_gradient("L").resize(size).convert(mode)
    opened = open_image(_saved(large))
    assert opened.width * opened.height <= KEPT_PIXELS
    assert max(opened.size) <= KEPT_SIDE
    assert opened.width / opened.height == pytest.approx(size[0] / size[1], rel=0.01)
    whole = large.convert("RGB") if mode != "I;16" else Image.linear_gradient("L").resize(size)
    wanted = np.asarray(whole.convert("L").resize(opened.size, Image.Resampling.BOX), int)
    assert np.abs(to_grey(opened) - wanted).max() <= (255 if mode == "1" else 8)


def test_a_photo_of_a_phone_is_scaled_down_and_stands_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = _saved(Image.linear_gradient("L").resize((4000, 3000)).convert("RGB"), "JPEG", exif=exif)
    opened = open_image(photo)
    assert opened.width < opened.height < 3000
    assert np.asarray(opened.convert("L"), int)[0, 0] > 200  # the photo's lower left


def test_a_long_picture_makes_no_huge_square():
    ink = np.zeros((100_000, 100), bool)
    ink[:50_000] = True
    assert letterbox(ink).sum() == 0  # a quarter of a canvas pixel wide
    wide = np.zeros((12_000, 6_000), bool)
    wide[:6_000] = True
    assert letterbox(wide)[:128, 64:192].all()


BIG = {
    "thin": 'Image.new("1", (1, 65500)).save(s, "PNG")',
    "bomb": 'Image.new("1", (12000, 12000)).save(s, "PNG")',
    "two values": 'Image.new("1", (8000, 8000)).save(s, "PNG")',
    "long": 'Image.new("1", (60000, 700)).save(s, "PNG")',
    "alpha": 'Image.new("RGBA", (8000, 8000)).save(s, "PNG", compress_level=1)',
    "webp": 'Image.new("RGB", (4000, 4000)).save(s, "WEBP", method=0)',
    "huge webp": 'Image.new("RGB", (7000, 7000)).save(s, "WEBP", method=0)',
    "photo": 'Image.new("RGB", (8000, 6000)).save(s, "JPEG", progressive=True)',
}


READER = """
import json, os, sys
from pathlib import Path
import numpy
from PIL import Image
from tts_playground.errors import BadInput
from tts_playground.tasks.drawing import read_drawing

def apart(work):
    "What work returns, in a process of its own, and the most MB that it held."
    reading, writing = os.pipe()
    if os.fork() == 0:
        said = work()
        peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
        os.write(writing, json.dumps([said, int(peak.split()[1]) // 1000]).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = json.load(pipe)
    os.wait()
    return told

def made(code, file):
    with open(file, "wb") as s:
        exec(code, {"Image": Image, "s": s})

def read(file):
    try:
        read_drawing(file)
        return ""
    except BadInput as error:
        return str(error)

read_drawing(Image.linear_gradient("L"))  # what reading imports is no picture's doing
found = {}
for name, code in json.loads(sys.argv[1]).items():
    file = str(Path(sys.argv[2]) / name)
    apart(lambda: made(code, file))
    found[name] = apart(lambda: read(file))
    os.remove(file)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def big_ones(tmp_path_factory):
    """(what is said, MB at most) of each of ``BIG``, read in a process of its own."""
    command = [sys.executable, "-c", READER, json.dumps(BIG), str(tmp_path_factory.mktemp("big"))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read where Linux tells it")
@pytest.mark.parametrize("name", BIG)
def test_no_picture_takes_much_memory(name, big_ones):
    said, megabytes = big_ones[name]
    assert 20 < megabytes < 400
    refused = {"thin": "too thin", "bomb": "64 million", "huge webp": "16.2 million"}.get(name)
    assert (refused in said) if refused else said == ""
