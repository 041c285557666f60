"""What people draw and photograph, against the region that is meant: gaps, overshoots, pencil, shadows, icons."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from tts_playground.errors import BadInput
from tts_playground.tasks.drawing import SIDE, read_drawing
from tts_playground.tasks.sketch import sketch

SQUARE = [(200, 220), (820, 220), (820, 800), (200, 800)]
TRIANGLE = [(180, 800), (500, 180), (840, 800)]


def along(corners, start, stop):
    """The part of a closed outline between two shares of its length, from the middle of its last side."""
    middle = (np.array(corners[0]) + corners[-1]) / 2
    points = np.array([middle, *corners, middle], float)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    at = np.concatenate([[0], np.cumsum(steps)]) / steps.sum()
    shares = np.unique(np.concatenate([np.linspace(start, stop, 200), at[(at > start) & (at < stop)]]))
    return [tuple(np.array([np.interp(s, at, points[:, 0]), np.interp(s, at, points[:, 1])])) for s in shares]


def drawn(*lines, width=24, side=1024):
    image = Image.new("L", (side, side), 255)
    pen = ImageDraw.Draw(image)
    for one in lines:
        pen.line(one, fill=0, width=width, joint="curve")
    return image.resize((SIDE, SIDE), Image.Resampling.BOX)


def region(corners, side=1024):
    image = Image.new("L", (side, side))
    ImageDraw.Draw(image).polygon(corners, fill=255)
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX)) >= 128


def iou(a, b):
    return np.count_nonzero(a & b) / np.count_nonzero(a | b)


@pytest.mark.parametrize("corners", [SQUARE, TRIANGLE], ids=["square", "triangle"])
@pytest.mark.parametrize("width", [10, 24, 44])
@pytest.mark.parametrize("gap", [0.05, 0.1, 0.14])
def test_a_gap_is_closed_by_its_share_of_the_outline(corners, width, gap):
    read = read_drawing(drawn(along(corners, gap / 2, 1 - gap / 2), width=width))
    assert iou(read.mask, region(corners)) > 0.93
    assert "closed outlines filled" in read.notes


def test_overshoots_and_a_double_stroke_are_no_part_of_the_shape():
    sides = [((120, 220), (900, 220)), ((820, 160), (820, 860)), ((880, 800), (150, 800)), ((200, 860), (200, 150))]
    assert iou(read_drawing(drawn(*sides)).mask, region(SQUARE)) > 0.93
    twice = along(SQUARE, 0, 1), [(210, 250), (780, 260)]
    assert iou(read_drawing(drawn(*twice)).mask, region(SQUARE)) > 0.93


@pytest.mark.parametrize(
    "lines",
    [
        [[(200, 200), (200, 800), (800, 800), (800, 200)]],
        [[(200, 200), (500, 800), (800, 200)]],
        [[(200, 300), (800, 300)], [(200, 700), (800, 700)]],
        [[(200, 850), (250, 200), (500, 700), (750, 200), (800, 850)]],
        [[(512 + 7 * t * np.cos(t), 512 + 7 * t * np.sin(t)) for t in np.linspace(8, 46, 900)]],
    ],
    ids=["U", "V", "=", "M", "spiral"],
)
def test_open_lines_stay_lines(lines):
    picture = drawn(*lines)
    assert np.array_equal(read_drawing(picture).mask, read_drawing(picture, outline="keep").mask)


def test_who_asks_for_filling_gets_it_or_is_told_why():
    wide = drawn([(200, 200), (200, 800), (800, 800), (800, 200)])
    assert "closed outlines filled" in read_drawing(wide, outline="fill").notes
    assert (
        "nothing filled: no line closes a loop" in read_drawing(drawn([(200, 200), (800, 700)]), outline="fill").notes
    )
    thick = drawn(along(SQUARE, 0, 1), width=120)
    assert any("thin enough" in note for note in read_drawing(thick, outline="fill").notes)


# ------------------------------------------------------------------------------------------------ photos and scans


def ring(size, width, ink=40, paper=235):
    image = Image.new("L", size, paper)
    x, y, r = size[0] / 2, size[1] / 2, 0.3 * min(size)
    ImageDraw.Draw(image).ellipse((x - r, y - r, x + r, y + r), outline=ink, width=width)
    return image


def grainy(picture, sigma):
    pixels = np.asarray(picture, float)
    return Image.fromarray(
        np.clip(pixels + np.random.default_rng(0).normal(0, sigma, pixels.shape), 0, 255).astype(np.uint8)
    )


def shaded(picture):
    pixels = np.asarray(picture, float).copy()
    pixels[:, int(0.56 * pixels.shape[1]) :] *= 0.5
    pixels[int(0.6 * pixels.shape[0]) :] *= 0.7
    return Image.fromarray(pixels.astype(np.uint8))


def squared(picture):
    paper = Image.new("L", picture.size, 235)
    pen = ImageDraw.Draw(paper)
    for at in range(40, max(picture.size), 60):
        pen.line([(0, at), (picture.size[0], at + 12)], fill=170, width=3)
        pen.line([(at, 0), (at, picture.size[1])], fill=170, width=3)
    return Image.fromarray(np.minimum(np.asarray(picture), np.asarray(paper)))


PICTURES = {
    "hair line": lambda: ring((4000, 3000), 1, 0, 255).convert("RGB"),
    "fine line, grainy": lambda: grainy(ring((4000, 3000), 2), 4),
    "hair line, two values": lambda: ring((3000, 3000), 1, 0, 255).convert("1"),
    "pencil": lambda: grainy(ring((1200, 900), 5, 200, 228).filter(ImageFilter.GaussianBlur(1)), 4),
    "hard shadows": lambda: grainy(shaded(ring((1600, 1200), 10).filter(ImageFilter.GaussianBlur(1.5))), 4),
    "squared paper": lambda: grainy(squared(ring((1600, 1200), 10)), 4),
    "blackboard": lambda: grainy(ring((1600, 1200), 10, 200, 60), 6),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_ring_on_paper_is_the_disc_that_it_outlines(name):
    picture = PICTURES[name]()
    read = read_drawing(picture, outline="fill")
    rows, columns = np.indices((SIDE, SIDE)) - 127.5
    disc = np.hypot(rows, columns) <= 0.3 * SIDE * min(picture.size) / max(picture.size)
    assert iou(read.mask, disc) > 0.93, read.notes


@pytest.mark.parametrize("ink", ["black", "white"])
def test_transparency_says_what_is_paper_even_where_the_border_is_ink(ink):
    icon = Image.new("RGBA", (300, 300), ink)
    icon.paste((0, 0, 0, 0), (100, 100, 200, 200))
    mask = read_drawing(icon, outline="keep").mask
    assert mask[5, 5] and mask[250, 128] and not mask[128, 128]


def test_light_on_dark_is_turned_on_request_and_asked_about():
    board = Image.new("1", (256, 256), 0)
    ImageDraw.Draw(board).rectangle((64, 64, 127, 127), fill=1)
    plain = read_drawing(board)
    assert plain.mask[5, 5] and any("invert" in note for note in plain.notes)
    turned = read_drawing(board, invert=True)
    assert turned.mask[90, 90] and not turned.mask[5, 5]
    grey = Image.fromarray(np.asarray(board.convert("L")) // 2 + np.arange(256, dtype=np.uint8)[None] // 64)
    assert read_drawing(grey).mask[90, 90] and not read_drawing(grey, invert=False, outline="keep").mask[90, 90]


def test_a_small_drawing_is_cropped_on_request():
    small = Image.new("L", (1000, 800), 255)
    ImageDraw.Draw(small).ellipse((700, 100, 760, 160), fill=0)
    whole, part = read_drawing(small), read_drawing(small, crop=True)
    assert any("crop" in note for note in whole.notes)
    rows, columns = np.indices((SIDE, SIDE)) - 127.5
    assert iou(part.mask, np.hypot(rows, columns) <= SIDE / 2 / 1.125) > 0.97


def test_a_picture_without_contrast_holds_no_drawing():
    with pytest.raises(BadInput, match="No drawing found"):
        sketch(grainy(Image.new("L", (900, 700), 180), 4))
