"""Reading pictures: canvases, photos, outlines, odd formats, and what is refused."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from tts_playground.dsl import render
from tts_playground.errors import BadInput
from tts_playground.tasks.drawing import SIDE, otsu, read_drawing


def canvas(draw_on, size=1024):
    """A drawing with soft edges, as a browser's canvas gives it."""
    image = Image.new("L", (size, size), 255)
    draw_on(ImageDraw.Draw(image))
    return image.resize((SIDE, SIDE), Image.Resampling.BOX)


def photo(shadow=True, invert=False):
    """A filled square and a thin ring drawn with a marker, in uneven light, with noise."""
    image = Image.new("L", (1200, 900), 235)
    draw = ImageDraw.Draw(image)
    draw.ellipse((500, 250, 900, 650), outline=40, width=16)
    draw.rectangle((100, 300, 300, 500), fill=50)
    pixels = np.asarray(image.filter(ImageFilter.GaussianBlur(2))).astype(float)
    if shadow:
        pixels *= np.linspace(1, 0.45, 1200)[None] * np.linspace(1, 0.8, 900)[:, None]
    pixels = np.clip(pixels + np.random.default_rng(0).normal(0, 5, pixels.shape), 0, 255)
    return Image.fromarray((255 - pixels if invert else pixels).astype(np.uint8))


@pytest.mark.parametrize("text", ["(- (Circle 6 8 8) (Circle 5 8 8))", "(Quad 5 5 4 6 45)", "(Quad 8 8 15 15 0)"])
def test_two_values_are_taken_literally(text):
    picture = render(text)
    assert np.array_equal(read_drawing(picture).mask, np.asarray(picture)[..., 0] == 0)


def test_the_switch_fills_a_ring_that_is_thin_whatever_its_values():
    ring = np.asarray(canvas(lambda d: d.ellipse((200, 200, 800, 800), outline=0, width=24))) < 128
    assert np.array_equal(read_drawing(ring, outline="keep").mask, ring)
    assert np.array_equal(read_drawing(ring, outline="auto").mask, ring), "two values: nothing is filled"
    assert read_drawing(ring, outline="fill").mask.sum() > 3 * ring.sum()


def test_a_thin_loop_on_a_canvas_is_filled_up_to_the_middle_of_the_stroke_even_if_it_does_not_quite_close():
    disc = np.asarray(canvas(lambda d: d.ellipse((212, 212, 788, 788), fill=0))) < 128
    for start, stop in ((0, 360), (2, 359)):
        picture = canvas(lambda d, a=start, b=stop: d.arc((200, 200, 800, 800), a, b, fill=0, width=24))
        filled = read_drawing(picture).mask
        assert (filled & disc).sum() / (filled | disc).sum() > 0.97
        assert read_drawing(picture, outline="keep").mask.sum() < disc.sum() / 3


def test_an_open_stroke_stays_a_stroke_and_a_thick_ring_a_ring():
    for picture in (
        canvas(lambda d: d.arc((200, 200, 800, 800), 0, 250, fill=0, width=24)),
        canvas(lambda d: d.ellipse((200, 200, 800, 800), outline=0, width=100)),
    ):
        assert np.array_equal(read_drawing(picture).mask, read_drawing(picture, outline="keep").mask)


def test_a_loop_in_a_loop_is_a_hole():
    def two(draw):
        draw.ellipse((100, 100, 900, 900), outline=0, width=24)
        draw.ellipse((350, 350, 650, 650), outline=0, width=24)

    mask = read_drawing(canvas(two)).mask
    assert not mask[128, 128]
    assert mask[60, 128]


@pytest.mark.parametrize("invert", [False, True])
def test_a_photo_in_uneven_light(invert):
    ink = read_drawing(photo(invert=invert))
    assert "photo, levelled" in ink.notes
    assert ("light on dark, turned" in ink.notes) == invert
    truth = np.zeros((1200, 1200), np.uint8)
    page = Image.fromarray(truth)
    draw = ImageDraw.Draw(page)
    draw.ellipse((508, 408, 892, 792), fill=255)
    draw.rectangle((100, 450, 300, 650), fill=255)
    wanted = np.asarray(page.resize((SIDE, SIDE), Image.Resampling.BOX)) >= 128
    assert (ink.mask & wanted).sum() / (ink.mask | wanted).sum() > 0.93


def test_blank_paper_has_no_ink():
    noise = np.random.default_rng(1).normal(200, 6, (600, 800)) * np.linspace(1, 0.6, 800)
    for picture in (Image.new("RGB", (64, 64), "white"), Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8))):
        assert not read_drawing(picture).mask.any()


def test_specks_go():
    def specks(draw):
        draw.rectangle((300, 300, 600, 600), fill=0)
        draw.rectangle((800, 800, 810, 808), fill=0)

    mask = read_drawing(canvas(specks)).mask
    assert not mask[200:, 200:].any()
    assert mask[75:150, 75:150].all()


def test_a_wide_picture_is_centred_on_the_canvas():
    wide = np.ones((100, 200), bool)
    mask = read_drawing(np.where(np.arange(200) < 100, wide, False)).mask
    assert mask[64:192, :128].all()
    assert mask.sum() == 128 * 128


@pytest.mark.parametrize("ink", ["black", "white"])
def test_see_through_paper(ink):
    layer = Image.new("RGBA", (256, 256), (0, 0, 0, 0))
    ImageDraw.Draw(layer).rectangle((64, 64, 127, 127), fill=ink)
    mask = read_drawing(layer, outline="keep").mask
    assert mask[90, 90] and not mask[10, 10] if ink == "black" else mask.any()


def test_every_way_to_give_a_picture(tmp_path):
    picture = render("(Circle 4 8 8)")
    wanted = read_drawing(picture).mask
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    (tmp_path / "a.png").write_bytes(buffer.getvalue())
    frames = tmp_path / "a.gif"
    picture.convert("P").save(frames, save_all=True, append_images=[Image.new("P", (256, 256))])
    deep = Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)
    grey = np.asarray(picture.convert("L"))
    for given in (
        buffer.getvalue(),
        io.BytesIO(buffer.getvalue()),
        tmp_path / "a.png",
        str(tmp_path / "a.png"),
        frames,
        np.asarray(picture),
        grey / 255.0,
        grey[..., None],
        wanted,
        deep,
        picture.convert("RGBA"),
        picture.convert("CMYK"),
        picture.convert("1"),
    ):
        assert np.array_equal(read_drawing(given).mask, wanted)


def png(size):
    buffer = io.BytesIO()
    Image.new("1", size, 1).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (b"nothing", "not a picture"),
        (png((40, 40))[:50], "cannot be read|damaged|not a picture"),
        ("no/such/file.png", "no file"),
        (7, "a path, bytes"),
        (np.zeros((0, 4)), "shape"),
        (np.zeros((4, 4, 2), np.uint8), "shape"),
        (np.full((4, 4), 7.0), "0 to 1"),
        (np.full((4, 4), np.nan), "0 to 1"),
        (np.zeros((4, 4), np.int32), "bool, uint8 or floats"),
        (Image.new("L", (0, 5)), "no pixels"),
        (png((9000, 9000)), "9000 x 9000"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_cannot_be_read_is_said_in_a_sentence(given, says):
    with pytest.raises(BadInput, match=says) as caught:
        read_drawing(given)
    assert str(caught.value).endswith(".")


def test_the_caller_may_narrow_sizes_and_formats():
    buffer = io.BytesIO()
    Image.new("L", (30, 30)).save(buffer, "BMP")
    with pytest.raises(BadInput, match="PNG"):
        read_drawing(buffer.getvalue(), formats=("PNG", "JPEG"))
    with pytest.raises(BadInput, match="at most 100"):
        read_drawing(buffer.getvalue(), max_pixels=100)
    with pytest.raises(BadInput, match="outline"):
        read_drawing(Image.new("L", (30, 30)), outline="maybe")


def test_otsu_finds_the_valley():
    grey = np.concatenate([np.full(900, 40, np.uint8), np.full(300, 200, np.uint8)]).reshape(30, 40)
    cut, contrast = otsu(grey)
    assert 40 <= cut < 200
    assert contrast == pytest.approx(160)
