"""Outlines: which strokes enclose something, what it is, and what is left alone."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tts_playground.dsl.strokes import components, depth, distance, ends, thinned
from tts_playground.tasks.outlines import fill_outlines

SIDE = 256


def ink(draw_on):
    image = Image.new("1", (SIDE, SIDE))
    draw_on(ImageDraw.Draw(image))
    return np.asarray(image)


def ring(x, y, radius, width=6, start=0.0, stop=360.0):
    """A stroke whose middle is the circle, from one angle (degrees, clockwise from the right) to another."""
    outer = radius + width / 2
    return ink(lambda d: d.arc((x - outer, y - outer, x + outer, y + outer), start, stop, fill=1, width=width))


def disc(x, y, radius):
    rows, columns = np.indices((SIDE, SIDE))
    return np.hypot(columns - x, rows - y) <= radius


def line(*points, width=6):
    return ink(lambda d: d.line(points, fill=1, width=width, joint="curve"))


def iou(a, b):
    return np.count_nonzero(a & b) / np.count_nonzero(a | b)


@pytest.mark.parametrize("width", [2, 6, 10, 14])
@pytest.mark.parametrize("gap", [0, 4, 8])
def test_a_ring_with_a_gap_is_the_disc_up_to_the_middle_of_its_stroke(width, gap):
    turn = np.degrees(gap / 60)
    assert iou(fill_outlines(ring(128, 128, 60, width, turn, 360)), disc(128, 128, 60)) > 0.96


@pytest.mark.parametrize("width", [6, 14])
def test_a_c_stays_open(width):
    letter = ring(128, 128, 60, width, 40, 320)
    assert np.array_equal(fill_outlines(letter), letter)


def test_a_ring_drawn_thick_is_a_ring_and_thick_ink_within_an_outline_is_a_hole():
    thick = ring(128, 128, 60, 20)
    assert np.array_equal(fill_outlines(thick), thick)
    eyed = fill_outlines(ring(128, 128, 90) | disc(100, 110, 14))
    assert not eyed[110, 100]
    assert eyed[110, 150]


@pytest.mark.parametrize("gap", [0, 6])
def test_loops_in_loops_alternate_even_where_their_strokes_touch(gap):
    turn = np.degrees(gap / 30)
    nested = fill_outlines(ring(128, 128, 90) | ring(128, 128, 60, 6, turn, 360) | ring(128, 128, 30, 6, turn, 360))
    assert iou(nested, disc(128, 128, 90) & ~disc(128, 128, 60) | disc(128, 128, 30)) > 0.95
    touching = fill_outlines(ring(128, 128, 90) | ring(166, 128, 48, 6, 90 + turn, 450))
    assert iou(touching, disc(128, 128, 90) & ~disc(166, 128, 48)) > 0.95


def test_an_outline_that_runs_off_the_paper_ends_at_the_edge():
    rows, columns = np.indices((SIDE, SIDE))
    assert iou(fill_outlines(ring(10, 128, 70)), disc(10, 128, 70)) > 0.97
    assert iou(fill_outlines(ring(250, 250, 100)), disc(250, 250, 100)) > 0.97
    band = fill_outlines(line((0, 60), (255, 90)) | line((0, 150), (255, 120)))
    assert iou(band, (rows > 60 + 30 * columns / 255) & (rows < 150 - 30 * columns / 255)) > 0.97
    almost = line((5, 100), (100, 100), (100, 251), width=4)  # ends a little before the edges
    assert iou(fill_outlines(almost), (rows >= 100) & (columns <= 100)) > 0.95


def test_several_strokes_make_one_outline():
    corners = [(60, 60), (200, 60), (200, 200), (60, 200)]
    sides = np.zeros((SIDE, SIDE), bool)
    for (a, b), (c, d) in zip(corners, corners[1:] + corners[:1], strict=True):
        sides |= line(
            (a + np.sign(c - a) * 6, b + np.sign(d - b) * 6), (c - np.sign(c - a) * 4, d - np.sign(d - b) * 4)
        )
    assert components(sides).max() == 4
    assert iou(fill_outlines(sides), ink(lambda d: d.rectangle((60, 60, 200, 200), fill=1))) > 0.96


def test_two_rooms_with_one_wall_are_one_shape():
    house = line((60, 120), (60, 220), (200, 220), (200, 120), (60, 120), (130, 50), (200, 120))
    assert (
        iou(
            fill_outlines(house), ink(lambda d: d.polygon([(60, 220), (200, 220), (200, 120), (130, 50), (60, 120)], 1))
        )
        > 0.96
    )


def test_a_line_that_leads_away_from_a_loop_stays_a_line():
    balloon = fill_outlines(ring(128, 90, 50) | line((128, 138), (128, 240)))
    assert balloon[90, 128]
    assert balloon[160:235, 128].all()
    assert components(balloon).max() == 1
    assert np.count_nonzero(balloon[200]) <= 8


def test_lines_that_enclose_nothing_are_left_alone():
    for lines in (
        line((20, 40), (230, 60)),
        line((20, 40), (230, 60)) | line((120, 20), (130, 200)),
        disc(60, 60, 5),
        np.zeros((SIDE, SIDE), bool),
    ):
        assert np.array_equal(fill_outlines(lines), lines)
    smile = fill_outlines(ring(128, 128, 90) | ring(128, 128, 45, 6, 20, 160))
    assert not smile[128 + 45, 128]
    assert smile[128, 128]


def test_scribbling_fills_and_is_not_thinned():
    zigzag = line(*((60 + i % 2 * 120, 60 + 4 * i) for i in range(25)), width=10)
    filled = fill_outlines(zigzag)
    assert (filled | zigzag == filled).all()
    assert np.count_nonzero(filled) < 1.2 * np.count_nonzero(zigzag)


def test_hostile_pictures_are_read_too():
    rows, columns = np.indices((SIDE, SIDE))
    for mask in ((rows % 5 == 0) | (columns % 5 == 0), (rows + columns) % 2 == 0, np.ones((SIDE, SIDE), bool)):
        assert fill_outlines(mask).shape == (SIDE, SIDE)
    dashes = (rows % 6 < 2) & (columns % 24 < 16)
    assert fill_outlines(dashes).shape == (SIDE, SIDE)
    noise = np.random.default_rng(0).random((SIDE, SIDE)) < 0.4
    assert fill_outlines(noise).shape == (SIDE, SIDE)


def test_thinning_keeps_loops_and_pieces_and_finds_ends():
    for mask, number in (
        (line((40, 40), (200, 180), width=9), 2),
        (ring(128, 128, 50, 11), 0),
        (ring(128, 128, 50, 11, 0, 200), 2),
    ):
        thin = thinned(mask)
        assert not (thin & ~mask).any()
        assert components(thin).max() == components(mask).max()
        assert components(~thin, diagonal=False).max() == components(~mask, diagonal=False).max()
        assert depth(thin).max() <= 1.5
        found = ends(mask, 8)
        assert len(found) == number
        assert all(mask[place] for place in found)


def test_distances():
    mask = np.zeros((5, 7), bool)
    assert np.isinf(distance(mask)).all()
    mask[2, 1:] = True
    assert distance(mask)[0, 3] == 2
    assert depth(np.ones((5, 7), bool))[2, 0] == 1


def test_a_star_drawn_in_one_line_is_whole_and_so_is_a_cube():
    corners = [(128 + 90 * np.sin(turn), 128 - 90 * np.cos(turn)) for turn in np.arange(6) * 2 * 2 * np.pi / 5]
    star = fill_outlines(line(*((round(x), round(y)) for x, y in corners)))
    assert star[128, 128] and star[60, 128]
    assert not star[128, 20] and not star[190, 128]
